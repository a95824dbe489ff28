"""The recipe for handwritten characters."""

from likeness.training.recipe import TrainingRecipe

CHARACTERS = TrainingRecipe().replace(
    encoder={"kind": "cells", "embedding_size": 1024, "projection_head": True},
    preparation={"rows": 28, "columns": 28, "frame": "ink"},
    sampling={"identities": 32, "items_each": 3, "turn_identities": True},
    augmentation={"brightness_contrast": 0.0, "erasing": 0.0, "elastic": 0.5},
    # A character turned or mirrored is another one; only moved a little it stays the same.
    views={"mirrored": False, "shift": 1},
    whitening={"kind": "none"},
    schedule={"epochs": 10, "steps": 450, "held_out": 0.05, "refit": False},
)
"""For handwritten characters, chosen on alphabets of Omniglot's first small background set."""
