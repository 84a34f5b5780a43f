"""How a model is run: one file a backend, one seam."""
