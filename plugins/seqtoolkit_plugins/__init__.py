"""The architectures that come with seqtoolkit: one self-contained file each, to read and to copy."""
