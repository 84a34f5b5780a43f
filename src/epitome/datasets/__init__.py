"""Corpora for learning and measuring: read, looked into, cleaned, split."""
