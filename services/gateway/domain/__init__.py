"""What the gateway speaks of: callers, aliases, movements, members, statements."""
