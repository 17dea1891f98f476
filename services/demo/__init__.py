"""The demo: a year of real purchases replayed through the platform, and an independent check of its figures."""
