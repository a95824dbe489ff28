"""The recogniser: enrolment, identification and verification. It runs without Keras."""

from importlib import import_module
from typing import Any

from likeness.recogniser.decision import Answer, Decider, Neighbour, Promise

__all__ = [
    "Answer",
    "Decider",
    "Neighbour",
    "PhotoReader",
    "Promise",
    "Recogniser",
    "re_enrol",
]

_LATE = {
    "PhotoReader": "photo_reader",
    "Recogniser": "recogniser",
    "re_enrol": "recogniser",
}


def __getattr__(name: str) -> Any:
    # Late: a recogniser brings the database, which a decision alone does not need.
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
