"""Made-up model documents and results."""

import copy
from typing import Any

import pytest
from hypothesis import strategies as st

RATES = {
    "auc": {"mean": 0.98, "low": 0.95, "high": 1.0},
    "eer": {"mean": 0.05, "low": 0.02, "high": 0.09},
}

RESULT: dict[str, Any] = {
    "format": "likeness.protocol/1",
    "protocol": "U4",
    "title": "unseen people: 4 folds",
    "unseen_people": True,
    "drawn": False,
    "data": {"name": "lab", "digest": "ab12", "licence": "free"},
    "counts": {"identities": 40, "folds": 4, "genuine_pairs": 1800, "impostor_pairs": 18000},
    "figures": RATES,
    "baselines": {"raw_pixels": {"auc": {"mean": 0.94, "low": 0.9, "high": 0.97}}},
    "intervals": "95 %, percentile bootstrap over people, 500 repetitions, seed 0",
    "leaks": 0,
    "leak_report": {"leaks": 0, "sentences": ["No leak: nothing is shared."]},
    "threshold": 0.8,
    "folds": [{"fold": 0, "people": ["Ada Lovelace"], "figures": {"auc": 0.9}, "epochs": 5}],
    "seeds": {"recipe": 3, "partition": None},
    "recipe": {
        "mode": "batches",
        "loss": {"kind": "margin_softmax"},
        "schedule": {"epochs": 6},
        "seed": 3,
    },
}

HELD_OUT = RESULT | {
    "protocol": "held-out",
    "title": "10 people held out of training",
    "counts": {"identities": 10, "genuine_pairs": 450, "impostor_pairs": 4500},
}

MODEL: dict[str, Any] = {
    "format": "likeness.model/1",
    "fingerprint": "5bfd58914acd" + "0" * 52,
    "preparation": {"rows": 56, "columns": 46, "channels": 1},
    "energy": "euclidean",
    "threshold": 0.75,
    "embedding_size": 320,
    "parameters": 505520,
    "record": {
        "created": "2025-01-02T03:04:05+00:00",
        "likeness": "0.1.0",
        "recipe": {
            "mode": "batches",
            "loss": {"kind": "margin_softmax"},
            "schedule": {"epochs": 6},
            "seed": 0,
        }
        | {"encoder": "residual"},
        "data": {
            "name": "AT&T faces",
            "licence": "free with credit to AT&T Laboratories Cambridge",
            "digest": "2e4844a9",
            "drawn": False,
            "items": 300,
            "identities": [f"s{i}" for i in range(30)],
            "item_digests": [],
        },
        "threshold": {
            "threshold": 0.75,
            "people": [f"s{i}" for i in range(10)],
            "genuine_pairs": 450,
            "impostor_pairs": 4500,
        },
        "histories": {"choosing": {"loss": [1.0]}, "final": {"loss": [1.0]}},
        "epochs": 5,
        "interrupted": False,
        "seconds": 46.1,
        "held_out": HELD_OUT,
    },
    "calibration": {},
    "about": {},
}

CALIBRATION: dict[str, Any] = {
    "format": "likeness.calibration/1",
    "threshold": 0.5,
    "purpose": {"people": 500, "strangers_accepted": 0.05, "photos_each": 3, "fusion": "min"},
    "strangers": {"share": 0.02, "low": 0.0, "high": 0.05, "comparisons": 44850},
    "rejected": {"share": 0.1, "low": 0.05, "high": 0.2, "comparisons": 900},
    "people": 60,
    "extrapolated": False,
    "sentences": ["A stranger against 500 people is accepted in at most 5 % of cases."],
    "provenance": {"data": {"name": "others", "digest": "cd34"}, "date": "2025-02-03T00:00:00"},
}


@pytest.fixture
def document() -> dict[str, Any]:
    """A whole ``model.json``."""
    return copy.deepcopy(MODEL)


@pytest.fixture
def result() -> dict[str, Any]:
    """What `likeness crossval --json` writes, of another recipe."""
    return copy.deepcopy(RESULT)


@pytest.fixture
def calibration() -> dict[str, Any]:
    return copy.deepcopy(CALIBRATION)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
"""Whatever a record may hold."""


def changed_at(document: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return a document with another value at a place: the keys on the way to it."""
    changed = copy.deepcopy(document)
    *way, last = place
    inner: Any = changed
    for name in way:
        inner = inner[name]
    inner[last] = value
    return changed
