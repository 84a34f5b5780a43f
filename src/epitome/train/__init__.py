"""Pairs become a model folder: base + objective + method, trained, judged on dev, written down."""
