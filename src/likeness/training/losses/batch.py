"""All pairs of a batch: which are genuine, which impostor, how far apart; means over them."""

from typing import Any

from keras import ops

from likeness import energies


def compared(codes: Any, embeddings: Any) -> tuple[Any, Any, Any]:
    """Return ``(n, n)`` masks of 0 and 1, genuine and impostor pairs, and distances.

    An item with itself is in neither mask. ``codes`` may come as ``(n,)`` or ``(n, 1)`` floats,
    as Keras hands them to a loss.
    """
    codes = ops.reshape(codes, (-1,))
    same = ops.cast(
        ops.equal(ops.expand_dims(codes, 1), ops.expand_dims(codes, 0)), embeddings.dtype
    )
    itself = ops.eye(ops.shape(embeddings)[0], dtype=embeddings.dtype)
    distance = energies.all_pairs(energies.euclidean, embeddings, embeddings, xp=ops)
    return same - itself, 1.0 - same, distance


def mean_where(mask: Any, values: Any) -> Any:
    """Return the mean of ``values`` where ``mask`` is 1; 0 where it is nowhere 1."""
    return ops.sum(mask * values) / ops.maximum(ops.sum(mask), 1.0)
