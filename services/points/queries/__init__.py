"""Reads. They see one moment of the database and change nothing."""
