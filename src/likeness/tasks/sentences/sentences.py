"""The energies of pairs of sentences, each sentence embedded once."""

from typing import Any

import numpy as np

from likeness.arrays import Energies
from likeness.energies import energy_by_name
from likeness.tasks.sentences.sentence_pairs import SentencePairs


def pair_energies(model: Any, pairs: SentencePairs) -> Energies:
    """Return the ``(n,)`` energy of each pair.

    Args:
        model: has ``embed`` and ``energy``.
        pairs: of sentences.
    """
    sentences = pairs.sentences
    embeddings = np.asarray(model.embed(sentences), np.float64)
    places = {text: place for place, text in enumerate(sentences)}
    left, right = (
        embeddings[[places[text] for text in side]] for side in (pairs.left, pairs.right)
    )
    return np.asarray(energy_by_name(model.energy)(left, right))
