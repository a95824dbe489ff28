"""The signatures benchmark: is this the same writer? See docs/signatures.md."""
