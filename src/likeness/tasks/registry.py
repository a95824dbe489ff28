"""The registry of tasks: what each task provides, loaded by name on demand.

The other packages (data, training, model, evaluation, recogniser, service) import no task: they
look up names of files and settings here. A task's modules are imported only then.

Kinds:
    preparation: a class, by the kind in ``model.json``.
    frame: a `likeness.images.preparation.PhotoFrame`.
    layers: a Keras class, whose import registers the layers that saved encoders hold.
    recipe: a `likeness.training.TrainingRecipe`.
    dataset: a function without arguments that reads one.
    card: a function that adapts a card, by the preparation's kind or frame.
    format: a function from a ``model.json`` of another format to its card.
    summary: a function from a ``model.json`` of another format to its summary, as pairs of name and
        text.
    shipped: a `likeness.model.shipped.ShippedModel`.
    commands: the function of a command, by its name.
    help: one line about a command, by its name; a text, not a reference.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

_TASKS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "characters": {
        "frame": {"ink": "drawings:FRAME"},
        "recipe": {"characters": "drawings:CHARACTERS"},
        "dataset": {
            "digits": "digits:digits",
            "mnist": "digits:mnist",
            "omniglot-small1": "omniglot:omniglot_small1",
            "omniglot-small2": "omniglot:omniglot_small2",
        },
        "commands": {
            "omniglot": "commands:_omniglot",
            "digits": "commands:_digits",
            "data omniglot": "commands:_data_omniglot",
        },
        "help": {
            "omniglot": "Recognise characters by one drawing each: Omniglot's twenty runs.",
            "digits": "Verify handwritten digits, including digits unseen in training.",
            "data omniglot": "Find or download Omniglot's characters, and check them.",
        },
    },
    "sentences": {
        "preparation": {"text": "preparation:TextPreparation"},
        "layers": {"text": "bag_of_pieces:WeightedSum"},
        "card": {"text": "card:_of_texts"},
        "commands": {
            "questions train": "commands:_train",
            "questions evaluate": "commands:_evaluate",
            "faq": "commands:_faq",
        },
        "help": {
            "questions train": "Train a model of sentences on the STS benchmark, and save it.",
            "questions evaluate": "Measure a model of sentences on the STS benchmark.",
            "faq": "Find the question in a file that means the same.",
        },
    },
    "signatures": {
        "frame": {"ink_box": "ink_frames:INK_BOX", "ink_parts": "ink_frames:INK_PARTS"},
        "recipe": {"signatures": "model:SIGNATURES"},
        "dataset": {"signatures": "dataset:signatures"},
        "card": {"ink_box": "model:_of_writing", "ink_parts": "model:_of_writing"},
        "shipped": {"signatures": "model:SHIPPED"},
        "commands": {"data signatures": "commands:_data_signatures"},
        "help": {"data signatures": "Find the signatures of 93 writers, and check them."},
    },
    "tracking": {
        "format": {"likeness.tracking/1": "card:_tracking_card"},
        "summary": {"likeness.tracking/1": "card:_tracking_summary"},
        "commands": {"track-train": "commands:_track_train", "track": "commands:_track"},
        "help": {
            "track-train": "Train a tracker on sequences with the target marked.",
            "track": "Follow one target through a film.",
        },
    },
}
"""Task → kind → name → ``module:attribute`` in the folder of the task."""


def names(kind: str) -> tuple[str, ...]:
    """Return the names that the tasks provide of a kind, in order."""
    return tuple(name for task in _TASKS.values() for name in task.get(kind, {}))


def commands() -> Iterator[tuple[str, str, str]]:
    """Yield name, ``module:function`` and one line of every command; none is imported."""
    for folder, provided in _TASKS.items():
        for name, entry in provided.get("commands", {}).items():
            yield name, f"likeness.tasks.{folder}.{entry}", provided["help"][name]


def load(kind: str, name: str) -> Any:
    """Import and return what a task provides.

    Raises:
        KeyError: no task provides this kind and name.

    >>> load("frame", "ink_parts").channels
    (1,)
    """
    for folder, provided in _TASKS.items():
        if name in provided.get(kind, {}):
            module, _, attribute = provided[kind][name].partition(":")
            return getattr(import_module(f"likeness.tasks.{folder}.{module}"), attribute)
    raise KeyError(f"no task provides the {kind} {name!r}")
