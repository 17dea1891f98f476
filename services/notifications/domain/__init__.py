"""Rules and words of notices; knows no library, no table and no message."""
