"""Pure functions from data to Plotly figures: no files, no callbacks, no state."""
