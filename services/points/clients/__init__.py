"""Neighbours: a Protocol each, and its gRPC implementation."""
