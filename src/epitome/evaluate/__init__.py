"""Systems run over data, scored, compared and reported."""
