"""Taking large batches, and posting what was taken."""
