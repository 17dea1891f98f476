"""What callers can do: post movements one by one or in batches."""
