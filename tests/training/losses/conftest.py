"""Gradients on whichever Keras backend is in force."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

Gradient = Callable[..., list[NDArray[np.float32]]]


@pytest.fixture
def gradient() -> Gradient:
    """A function: ``gradient(f, *arrays)`` → d sum(f(*arrays)) / d each array, as NumPy."""
    return {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[keras.backend.backend()]


def _summed(function: Callable[..., Any], *tensors: Any) -> Any:
    return keras.ops.sum(function(*tensors))


def _tensorflow(function: Callable[..., Any], *arrays: Any) -> list[NDArray[np.float32]]:
    import tensorflow as tf

    tensors = [tf.Variable(np.asarray(array, np.float32)) for array in arrays]
    with tf.GradientTape() as tape:
        total = _summed(function, *[tf.convert_to_tensor(tensor) for tensor in tensors])
    return [np.asarray(tf.convert_to_tensor(g)) for g in tape.gradient(total, tensors)]


def _jax(function: Callable[..., Any], *arrays: Any) -> list[NDArray[np.float32]]:
    import jax

    tensors = [jax.numpy.asarray(array, "float32") for array in arrays]
    every = jax.grad(lambda *inputs: _summed(function, *inputs), tuple(range(len(tensors))))
    return [np.asarray(found) for found in every(*tensors)]


def _torch(function: Callable[..., Any], *arrays: Any) -> list[NDArray[np.float32]]:
    import torch

    tensors = [torch.tensor(np.asarray(array, np.float32), requires_grad=True) for array in arrays]
    found = torch.autograd.grad(_summed(function, *tensors), tensors)
    return [one.cpu().numpy() for one in found]
