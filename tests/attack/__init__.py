"""Requests made from the OpenAPI document, sent to the whole platform: what comes back has to be what the document says."""
