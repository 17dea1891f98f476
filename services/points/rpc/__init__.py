"""The gRPC face: protobuf to commands and back, nothing else."""
