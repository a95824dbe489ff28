"""From energies to answers: known, unknown or ambiguous. NumPy only."""

from likeness.recogniser.decision import (
    Answer,
    Decider,
    DecidingModel,
    Neighbour,
    Promise,
    decide,
)

__all__ = ["Answer", "Decider", "DecidingModel", "Neighbour", "Promise", "decide"]
