"""Where large batches are kept: their lines, what became of each, and how far they are."""
