"""Readers: a path, URL or row becomes a Document that knows where each character came from."""

from epitome.documents.languages import detect_language
from epitome.documents.lengths import count_length
from epitome.documents.source import expand, read
from epitome.documents.splitting import sentences
from epitome.documents.text import from_text

__all__ = ["count_length", "detect_language", "expand", "from_text", "read", "sentences"]
