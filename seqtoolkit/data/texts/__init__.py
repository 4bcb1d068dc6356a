"""What data of texts is made of: files, symbols, streams, measures (nothing is imported here)."""
