"""What data of pairs is made of: files, symbols, answers, measures (nothing is imported here)."""
