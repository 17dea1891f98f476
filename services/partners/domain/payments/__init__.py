"""Payments between the operator and partners: terms, bank days, references, what goes to the bank and what comes from it."""
