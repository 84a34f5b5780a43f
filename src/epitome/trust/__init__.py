"""(Document, text) -> report: facts, passages, support, instructions hidden in documents."""
