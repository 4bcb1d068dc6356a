"""A browser view of run folders: what was trained, how, what it looks at, how far back it remembers."""
