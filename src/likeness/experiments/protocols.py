"""The protocols by name, each (recipe, data, ...) → `ProtocolSection`."""

from collections.abc import Callable
from functools import partial

from likeness.experiments.lab_split import lab_split
from likeness.experiments.open_set import open_set
from likeness.experiments.unseen_people import unseen_people
from likeness.reports.content import ProtocolSection

PROTOCOLS: dict[str, Callable[..., ProtocolSection]] = {
    "L": lab_split,
    "S20": partial(unseen_people, folds=2, protocol="S20"),
    "U4": partial(unseen_people, folds=4, protocol="U4"),
    "open-set": open_set,
}
