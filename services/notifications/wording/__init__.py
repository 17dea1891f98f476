"""What is said, in the languages of the platform."""
