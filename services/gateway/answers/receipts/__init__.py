"""What a till prints and shows, in the member's language."""
