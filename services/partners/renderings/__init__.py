"""What documents and statements look like: JSON, CSV, PDF, and the e-invoice of EN 16931.

Each rendering is a function from a domain value to bytes: the same bytes each time, so that only the stored JSON is kept.
"""
