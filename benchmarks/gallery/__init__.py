"""How fast a gallery answers, beside the bare NumPy product."""
