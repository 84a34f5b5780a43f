"""`epitome data`: corpora looked into, cleaned, split, converted, fetched and made. One file a sub-verb."""
