"""Addresses, quiet hours and channels, sealed; consents; readings."""
