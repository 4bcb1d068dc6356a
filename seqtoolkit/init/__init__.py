"""`seqtoolkit init`: from a file to a configuration that trains (nothing is imported here)."""
