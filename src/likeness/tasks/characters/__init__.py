"""Handwritten characters: Omniglot and digits."""
