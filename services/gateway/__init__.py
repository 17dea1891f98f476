"""The gateway: the public HTTP API of the platform."""
