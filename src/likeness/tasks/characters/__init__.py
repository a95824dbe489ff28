"""Handwritten characters: Omniglot and digits."""

from likeness.tasks.characters.digits import digits, mnist
from likeness.tasks.characters.drawings import CHARACTERS, drawn_characters, drawn_runs
from likeness.tasks.characters.omniglot import omniglot, omniglot_runs

__all__ = [
    "CHARACTERS",
    "digits",
    "drawn_characters",
    "drawn_runs",
    "mnist",
    "omniglot",
    "omniglot_runs",
]
