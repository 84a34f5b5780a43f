"""The product: Document + Request -> Summary."""
