"""Imports Keras without its output when imported itself: trainings fork from that process."""

from contextlib import suppress

from likeness.errors import MissingExtraError
from likeness.training.process import load_keras

with suppress(MissingExtraError):  # each training says it
    load_keras()
