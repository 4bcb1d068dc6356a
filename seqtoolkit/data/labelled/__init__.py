"""What data of whole labelled sequences is made of: formats, scaling, measures (nothing is imported here)."""
