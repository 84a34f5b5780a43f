"""Pure functions over texts."""
