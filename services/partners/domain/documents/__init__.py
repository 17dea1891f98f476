"""Invoices, credit notes and what they are made out by: pure."""
