"""Statements that prove themselves: sum trees over rated entries, and the log of what was stated.

docs/statements.md has the format byte by byte. Hashes are SHA-256; the first byte of what is hashed says what it is.
"""
