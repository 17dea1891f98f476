"""The neighbours: a Protocol and its gRPC implementation for each. The only rooms with generated code."""
