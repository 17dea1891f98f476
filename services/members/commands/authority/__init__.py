"""What makes, uses and checks tokens and PINs."""
