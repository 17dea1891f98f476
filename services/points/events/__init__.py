"""Domain events to protobuf and back."""
