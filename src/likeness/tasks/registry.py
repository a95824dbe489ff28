"""The list of tasks, and what each brings to the road: loaded by name, when it is asked for.

The road (data, training, model, evaluation, recogniser, service) imports no task: it asks here for
what a name in a file or a setting means. Nothing of a task is imported before that.

Kinds:
    preparation: a class, by the kind in ``model.json``.
    frame: a `likeness.images.preparation.Frame`.
    layers: a Keras class, whose import registers the layers that saved encoders hold.
    recipe: a `likeness.training.TrainingRecipe`.
    dataset: a function without arguments that reads one.
    card: a function that changes a card, by the preparation's kind or frame.
    format: a function from a ``model.json`` of another format, and the card's head, to its card.
    commands: a function that adds a task's commands to the command line.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

_TASKS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "characters": {
        "frame": {"ink": "ink_frame:FRAME"},
        "recipe": {"characters": "recipe:CHARACTERS"},
        "dataset": {
            "digits": "digits:digits",
            "mnist": "digits:mnist",
            "omniglot-small1": "omniglot:omniglot_small1",
            "omniglot-small2": "omniglot:omniglot_small2",
        },
        "commands": {"omniglot": "omniglot_commands:add", "digits": "digits_commands:add"},
    },
    "sentences": {
        "preparation": {"text": "preparation:TextPreparation"},
        "layers": {"text": "bag_of_pieces:WeightedSum"},
        "card": {"text": "card:of_texts"},
        "commands": {"questions": "commands:add"},
    },
    "signatures": {
        "frame": {"ink_box": "ink_box:FRAME", "ink_parts": "ink_parts:FRAME"},
        "recipe": {"signatures": "recipe:SIGNATURES"},
        "dataset": {"signatures": "signatures:signatures"},
        "card": {"ink_box": "card:of_writing", "ink_parts": "card:of_writing"},
        "commands": {"signatures": "commands:add"},
    },
    "tracking": {
        "format": {"likeness.tracking/1": "card:tracking_card"},
        "commands": {"track": "commands:add"},
    },
}
"""Task → kind → name → ``module:attribute`` in the folder of the task."""


def names(kind: str) -> tuple[str, ...]:
    """Return the names that the tasks bring of a kind, in the order of the list."""
    return tuple(name for task in _TASKS.values() for name in task.get(kind, {}))


def load(kind: str, name: str) -> Any:
    """Import and return what a task brings.

    Raises:
        KeyError: no task brings a thing of this kind and name.

    >>> load("frame", "ink_parts").channels
    (1,)
    """
    for task, brings in _TASKS.items():
        if name in brings.get(kind, {}):
            module, _, attribute = brings[kind][name].partition(":")
            return getattr(import_module(f"likeness.tasks.{task}.{module}"), attribute)
    raise KeyError(f"no task brings the {kind} {name!r}")
