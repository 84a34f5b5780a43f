"""The parts of `bench/train.py`: what is compared, and what came of it."""
