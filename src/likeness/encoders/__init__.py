"""Encoders, and the network of two of them that share their weights."""

from collections.abc import Callable, Mapping
from typing import Any

from likeness.encoders.cells import cells, readings
from likeness.encoders.finished import Views, finished
from likeness.encoders.residual import residual
from likeness.encoders.siamese import EnergyLayer, SiameseNet
from likeness.encoders.small import convnet, dense
from likeness.encoders.whitening import Whitening

__all__ = [
    "ENCODERS",
    "EnergyLayer",
    "SiameseNet",
    "Views",
    "Whitening",
    "convnet",
    "dense",
    "finished",
    "residual",
]

ENCODERS: Mapping[str, Callable[..., Any]] = {
    "cells": cells,
    "convnet": convnet,
    "dense": dense,
    "readings": readings,
    "residual": residual,
}
"""What builds the encoder that a recipe names."""
