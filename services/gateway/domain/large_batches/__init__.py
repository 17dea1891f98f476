"""Large batches: files of lines that are stored first and posted after that."""
