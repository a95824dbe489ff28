"""Texts: from sentences to the pieces that an encoder reads. NumPy only."""
