"""Who calls: API keys, turned into signed principals."""
