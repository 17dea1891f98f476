"""The JSON of the API: what bodies must look like, and what answers look like.

Bodies are validated with these models. Answers are built as plain dictionaries, since a busy till lane makes
thousands a second; their models document them, and tests hold every answer against its model.
"""
