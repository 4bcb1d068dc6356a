"""`seqtoolkit compare`: which architecture serves the data at hand (nothing is imported here)."""
