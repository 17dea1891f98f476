"""Faults under traffic: `make chaos`. See README.md beside this file."""
