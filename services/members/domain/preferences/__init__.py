"""How a member wants to be written to: channels, consents, quiet hours; and who asked."""
