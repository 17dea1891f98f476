"""What this service tells others."""
