"""One thin file for each page: its layout, and callbacks that look up, draw and return."""
