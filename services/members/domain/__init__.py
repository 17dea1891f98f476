"""Pure values and decisions: no SQL, gRPC or NATS."""
