"""Similar questions and sentences: their data, encoder, training, evaluation and commands."""
