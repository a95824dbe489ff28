"""Which pairs of a batch are genuine and which impostor, and means over them."""

from typing import Any

from keras import ops


def genuine_and_impostor(codes: Any, embeddings: Any) -> tuple[Any, Any]:
    """Return two ``(n, n)`` masks of 0 and 1: genuine pairs, impostor pairs.

    An item with itself is in neither. ``codes`` may come as ``(n,)`` or ``(n, 1)`` floats,
    as Keras hands them to a loss.
    """
    codes = ops.reshape(codes, (-1,))
    same = ops.cast(
        ops.equal(ops.expand_dims(codes, 1), ops.expand_dims(codes, 0)), embeddings.dtype
    )
    itself = ops.eye(ops.shape(embeddings)[0], dtype=embeddings.dtype)
    return same - itself, 1.0 - same


def mean_where(mask: Any, values: Any) -> Any:
    """Return the mean of ``values`` where ``mask`` is 1; 0 where it is nowhere 1."""
    return ops.sum(mask * values) / ops.maximum(ops.sum(mask), 1.0)
