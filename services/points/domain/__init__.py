"""The rules of the ledger, pure: no SQL, no gRPC, no clock but the one they are given."""
