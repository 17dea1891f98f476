"""Tables, SQL and encryption at rest."""
