"""Losses: one formula per file, a function and a thin Keras class over it."""

from likeness.losses.batch_contrastive import BatchContrastiveLoss, batch_contrastive
from likeness.losses.contrastive import ContrastiveLoss, contrastive
from likeness.losses.correlation import CorrelationLoss, correlation
from likeness.losses.margin_softmax import CosineHead, MarginSoftmaxLoss, margin_softmax
from likeness.losses.response_logistic import ResponseLogisticLoss, response_logistic
from likeness.losses.supervised_contrastive import (
    SupervisedContrastiveLoss,
    supervised_contrastive,
)
from likeness.losses.triplet import TripletLoss, hard_triplet, semi_hard_triplet, triplet

__all__ = [
    "BatchContrastiveLoss",
    "ContrastiveLoss",
    "CorrelationLoss",
    "CosineHead",
    "MarginSoftmaxLoss",
    "ResponseLogisticLoss",
    "SupervisedContrastiveLoss",
    "TripletLoss",
    "batch_contrastive",
    "contrastive",
    "correlation",
    "hard_triplet",
    "margin_softmax",
    "response_logistic",
    "semi_hard_triplet",
    "supervised_contrastive",
    "triplet",
]
