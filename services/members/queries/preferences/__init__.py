"""Preferences of members, and who was told them."""
