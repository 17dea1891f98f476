"""Neighbours, and those who carry messages."""
