"""Learning a language, or a domain's part of it, from texts without summaries: what `epitome train` begins from."""
