"""Chaos for those who read events: what each made of them has to equal the log, once, counted."""
