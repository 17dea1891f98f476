"""Lists whose cursors need a look at what they name."""
