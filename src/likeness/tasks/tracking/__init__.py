"""Tracking: one target, from a box in the first frame, through a film.

A fully-convolutional Siamese tracker (Bertinetto et al. 2016): one encoder for the target and the
search region, and the energy of a position is minus their cross-correlation. NumPy, Pillow and ONNX
Runtime only; `likeness.tasks.tracking.training.train_tracker` makes the model.
"""

from likeness.tasks.tracking.boxes import Box
from likeness.tasks.tracking.evaluation import TrackEvaluation
from likeness.tasks.tracking.film import Film
from likeness.tasks.tracking.model import TrackerSettings, TrackingModel
from likeness.tasks.tracking.pairs import TrackingRecipe
from likeness.tasks.tracking.sequences import drawn_sequence
from likeness.tasks.tracking.tracker import Step, Tracker, read_track, track_csv

__all__ = [
    "Box",
    "Film",
    "Step",
    "TrackEvaluation",
    "Tracker",
    "TrackerSettings",
    "TrackingModel",
    "TrackingRecipe",
    "drawn_sequence",
    "read_track",
    "track_csv",
]
