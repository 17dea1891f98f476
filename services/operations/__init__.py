"""The operator's side of the platform as a client: what the command line and the demo call."""
