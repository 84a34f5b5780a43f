"""What people think of the summaries: blind studies in a local web page, kept in SQLite, with agreement and tests."""
