"""What SeriesData is made of: tables, columns, time, windows, measures (nothing is imported here)."""
