"""Losses: for each, a function with the formula, and a Keras class that uses it."""

from likeness.training.losses.contrastive import (
    BatchContrastiveLoss,
    ContrastiveLoss,
    SupervisedContrastiveLoss,
    batch_contrastive,
    contrastive,
    supervised_contrastive,
)
from likeness.training.losses.margin_softmax import CosineHead, MarginSoftmaxLoss, margin_softmax
from likeness.training.losses.triplet import TripletLoss, hard_triplet, semi_hard_triplet, triplet

__all__ = [
    "BatchContrastiveLoss",
    "ContrastiveLoss",
    "CosineHead",
    "MarginSoftmaxLoss",
    "SupervisedContrastiveLoss",
    "TripletLoss",
    "batch_contrastive",
    "contrastive",
    "hard_triplet",
    "margin_softmax",
    "semi_hard_triplet",
    "supervised_contrastive",
    "triplet",
]
