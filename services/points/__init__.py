"""The points service: the ledger, purchases, lots, earn rates."""
