"""From energies to answers: known, unknown or ambiguous. NumPy only."""

from likeness.recogniser.answer import Answer, Neighbour, Promise
from likeness.recogniser.decision import Decider, DecidingModel, decide

__all__ = ["Answer", "Decider", "DecidingModel", "Neighbour", "Promise", "decide"]
