"""Readers: a path, URL or row becomes a Document that knows where each character came from."""
