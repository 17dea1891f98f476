"""Tokens that were used, and PINs."""
