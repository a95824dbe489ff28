"""Encoders, and the network of two of them that share their weights."""

from collections.abc import Callable
from typing import Any

from likeness.encoders.cells import cells, readings
from likeness.encoders.finished import Views, finished
from likeness.encoders.residual import residual
from likeness.encoders.siamese import EnergyLayer, SiameseNet
from likeness.encoders.small import convnet, dense
from likeness.encoders.whitening import Whitening
from likeness.errors import SettingError

__all__ = [
    "EnergyLayer",
    "SiameseNet",
    "Views",
    "Whitening",
    "convnet",
    "dense",
    "encoder_by_name",
    "finished",
    "residual",
]

_BY_NAME: dict[str, Callable[..., Any]] = {
    "cells": cells,
    "convnet": convnet,
    "dense": dense,
    "readings": readings,
    "residual": residual,
}


def encoder_by_name(name: str) -> Callable[..., Any]:
    """Return the function that builds the encoder called ``name``.

    Raises:
        SettingError: there is nothing of that name.
    """
    if name not in _BY_NAME:
        raise SettingError(f"encoder: expected one of {', '.join(_BY_NAME)}. Received: {name!r}.")
    return _BY_NAME[name]
