"""The three parts of `bench/summarize.py`, one a file."""
