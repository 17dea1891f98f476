"""Who and what an identifier of a partner's stands for: aliases, members, stores."""
