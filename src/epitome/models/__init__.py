"""What a model is: catalogue, weights on disk, prompt template. Never runs one."""
