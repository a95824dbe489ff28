"""Signature verification: data, preparation, encoder, and the model that comes along."""
