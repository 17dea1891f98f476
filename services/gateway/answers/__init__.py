"""Answers as plain dictionaries, ready for JSON. The models in schemas/ document them."""
