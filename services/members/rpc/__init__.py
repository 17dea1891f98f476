"""gRPC: protobuf to commands and queries, and back."""
