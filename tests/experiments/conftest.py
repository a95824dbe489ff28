"""The main job once, on drawn faces and with trainings of a few steps, for all tests here."""

from typing import Any

import pytest

from likeness.datasets import Dataset, drawn_faces
from likeness.experiments.unseen_people import lab_and_unseen
from likeness.reports.content import ProtocolSection
from likeness.training import BATCHES, PAIRS

QUICK: dict[str, Any] = {
    "schedule": {"epochs": 1, "steps": 2},
    "encoder": {"width": 2, "kind": "convnet"},
    "preparation": {"rows": 28, "columns": 23},
}


@pytest.fixture(scope="session")
def people() -> Dataset:
    return drawn_faces(identities=14, photos_each=4, size=(56, 46), seed=5)


@pytest.fixture(scope="session")
def both(people: Dataset) -> list[ProtocolSection]:
    return lab_and_unseen(
        people,
        lab=PAIRS.replace(**QUICK),
        unseen=BATCHES.replace(**QUICK),
    )
