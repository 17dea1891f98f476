"""Reads of tax data and documents."""
