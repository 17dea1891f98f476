"""Tokens that were used, PINs, and codes by message."""
