"""From events to notices."""
