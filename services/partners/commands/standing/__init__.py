"""What is done about where partners stand."""
