"""The recogniser: people who are enrolled, and who somebody is. It runs without Keras."""

from likeness.recogniser.answer import Answer, Neighbour, Promise
from likeness.recogniser.decision import Decider, DecidingModel, decide

__all__ = ["Answer", "Decider", "DecidingModel", "Neighbour", "Promise", "decide"]
