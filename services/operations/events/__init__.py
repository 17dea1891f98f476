"""What the operator sees and does of events: to look at them, to see who is behind, to replay, to audit."""
