"""What `bench/masking.py` measures on: texts with personal data, made from templates."""
