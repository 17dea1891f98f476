"""The gateway's own database: batches. The only room with SQL."""
