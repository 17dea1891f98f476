"""What changes how a member is written to, and what reads it for whoever writes."""
