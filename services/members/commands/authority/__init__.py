"""What makes, uses and checks tokens, PINs and codes."""
