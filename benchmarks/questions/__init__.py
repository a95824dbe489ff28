"""Similar sentences: ours beside TF-IDF and averaged vectors, on the STS benchmark."""
