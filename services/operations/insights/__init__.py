"""What the operator asks of figures: to see them, to take them elsewhere, to draw them."""
