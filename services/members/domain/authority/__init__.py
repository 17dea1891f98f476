"""What shows that a burn is a member's will: tokens of the member's app, the PIN, and codes by message."""
