"""A partner's books against ours: operations, days, the partner's own lines, and what differs."""
