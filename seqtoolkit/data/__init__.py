"""What models are trained on: one file for each data module (nothing is imported here)."""
