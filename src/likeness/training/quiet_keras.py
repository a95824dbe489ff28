"""Importing this imports Keras without its output: for the process that trainings are forked from."""

from contextlib import suppress

from likeness.errors import MissingExtraError
from likeness.training.process import load_keras

with suppress(MissingExtraError):  # each training says it
    load_keras()
