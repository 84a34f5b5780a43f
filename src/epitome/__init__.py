"""Epitome: abstractive summaries that stay on your machine and show their sources."""
