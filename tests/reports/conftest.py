"""A made-up result: synthetic figures, made-up photos (coloured noise), nobody's face."""

import copy
import dataclasses

import numpy as np
import pytest

from likeness.datasets import drawn_faces
from likeness.evaluation.results import ProtocolResult
from likeness.reports.content import Mistake, NetworkFacts, ProtocolSection, ReportContent

NAMES = ("auc", "eer", "tar_at_far_1e-2", "accuracy")


def figure(mean, half=0.01):
    return {"mean": mean, "low": max(0.0, mean - half), "high": min(1.0, mean + half)}


def figures(*means, one_shot=None):
    made = {name: figure(mean) for name, mean in zip(NAMES, means, strict=True)}
    if one_shot is not None:
        made["one_shot_10way"] = figure(one_shot)
    return made


UNSEEN = {
    "format": "likeness.protocol/1",
    "protocol": "U4",
    "title": "unseen people: 4 folds, 10 people each, never trained on",
    "unseen_people": True,
    "drawn": False,
    "counts": {
        "identities": 40,
        "folds": 2,
        "genuine_pairs": 1800,
        "impostor_pairs": 18000,
        "one_shot_trials": 3600,
    },
    "figures": figures(0.984, 0.059, 0.776, 0.941, one_shot=0.94),
    "baselines": {
        "raw_pixels": figures(0.944, 0.135, 0.646, 0.866, one_shot=0.839),
        "fisherfaces": figures(0.970, 0.089, 0.749, 0.898, one_shot=0.886),
    },
    "intervals": "95 %, percentile bootstrap over people",
    "leaks": 0,
    "leak_report": {"sentences": ["No leak: no person was in the training part."]},
    "folds": [
        {
            "fold": fold,
            "figures": {"auc": 0.98, "eer": 0.06, "accuracy": 0.94, "one_shot_10way": 0.93},
            "threshold": 0.8,
            "people": ["<script>alert(1)</script>", "s2"],
            "epochs": 3,
        }
        for fold in range(2)
    ],
    "seeds": {"recipe": 7, "partition": None},
    "threshold": 0.8,
    "recipe": {"mode": "batches", "epochs": 30, "symmetric": True, "log": None},
}

LAB = {
    **UNSEEN,
    "protocol": "L",
    "title": "lab split: pairs of all 40 people",
    "unseen_people": False,
    "figures": figures(0.999, 0.008, 0.991, 0.991),
    "baselines": {
        "raw_pixels": figures(0.94, 0.14, 0.6, 0.86),
        "fisherfaces": figures(0.9995, 0.006, 0.994, 0.994),
    },
    "leaks": 440,
    "leak_report": {
        "sentences": [
            "Leak: 40 of the 40 test people (100 %) are in the training part too.",
            "This score is not valid for people the network has not been trained on.",
        ]
    },
    "recipe": {"mode": "pairs", "epochs": 12},
}

EVALUATED = {
    **UNSEEN,
    "protocol": "evaluate",
    "title": "photos: all pairs of 10 people",
    "baselines": {"raw_pixels": UNSEEN["baselines"]["raw_pixels"]},
    "folds": [],
    "cmc": {"network": [0.95, 0.99, 1.0, 1.0], "raw_pixels": [0.8, 0.9, 0.95, 1.0]},
    "open_set": {
        "protocol": "open-set",
        "title": "5 of 10 people enrolled, the others strangers",
        "unseen_people": True,
        "drawn": False,
        "counts": {
            "identities": 10,
            "folds": 1,
            "galleries": 200,
            "enrolled": 5,
            "mated_searches": 9000,
            "non_mated_searches": 10000,
            "mated_probes": 100,
            "non_mated_probes": 100,
        },
        "figures": {
            "fpir": figure(0.402),
            "fnir": figure(0.011),
            "dir_at_fpir_1e-1": figure(0.978),
            "dir_at_fpir_5e-2": figure(0.951),
        },
        "baselines": {
            "raw_pixels": {"dir_at_fpir_5e-2": figure(0.555), "dir_at_fpir_1e-1": figure(0.627)}
        },
        "leaks": 0,
        "least_fpir": 0.03,
        "seeds": {"halves": 0},
        "sentences": ["Strangers are identified as somebody in <40.2 %> of searches."],
    },
    "groups": [
        {
            "column": "glasses <b>",
            "groups": [
                {
                    "label": "<i>yes</i>",
                    "people": 4,
                    "photos": 40,
                    "genuine_pairs": 180,
                    "impostor_pairs": 1600,
                    "small": True,
                    "figures": {"frr": figure(0.02), "far": figure(0.077)},
                    "warnings": ["4 people, fewer than 10: too few to say anything."],
                },
                {
                    "label": "no",
                    "people": 12,
                    "photos": 120,
                    "genuine_pairs": 540,
                    "impostor_pairs": 6600,
                    "small": False,
                    "figures": {"frr": figure(0.013), "one_shot_10way": figure(0.91)},
                    "warnings": [],
                },
            ],
            "differences": [],
            "unlabelled": 0,
        }
    ],
}


def photo(seed, channels=1):
    return np.random.default_rng(seed).integers(0, 256, (30, 20, channels), dtype=np.uint8)


def made_section(document, seed):
    rng = np.random.default_rng(seed)
    rates = np.linspace(0, 1, 200)
    return ProtocolSection(
        result=ProtocolResult.from_json(document),
        genuine=np.abs(rng.normal(0.4, 0.2, 300)),
        impostor=np.abs(rng.normal(1.2, 0.2, 600)),
        curves={
            "network": (rates, rates**0.05),
            "raw_pixels": (rates, rates**0.2),
            "fisherfaces": (rates, rates**0.1),
        },
        histories=[{"loss": [3.0, 2.0, 1.0], "held_out_auc": [0.8, 0.9, 0.95]}] * 2,
        mistakes=[
            Mistake(
                left=photo(seed),
                right=photo(seed + 1, channels=3),
                left_name="<img src=x onerror=alert(1)>/1",
                right_name="s2/1",
                energy=1.25,
                genuine=True,
            ),
            Mistake(
                left=photo(seed + 2),
                right=photo(seed + 3),
                left_name="s1/1",
                right_name="s3/4",
                energy=0.125,
                genuine=False,
            ),
        ],
    )


@pytest.fixture
def unseen():
    """A protocol's document on unseen people, the network ahead."""
    return copy.deepcopy(UNSEEN)


@pytest.fixture
def evaluated():
    """The document of a saved model: with CMC, open set and groups."""
    return copy.deepcopy(EVALUATED)


@pytest.fixture
def evaluated_section(evaluated):
    """A saved model's section, with the open set's curves."""
    rates = np.linspace(0, 1, 100)
    curves = {"network": (rates, rates**0.02), "raw_pixels": (rates, rates**0.3)}
    return dataclasses.replace(made_section(evaluated, 7), open_set_curves=curves)


@pytest.fixture
def lab():
    """A leaking protocol's document, the network behind Fisherfaces."""
    return copy.deepcopy(LAB)


@pytest.fixture
def make_content(lab, unseen):
    """A function from «drawn or not» to a whole report's content."""

    def make(*, drawn=False, title="A Siamese network on synthetic data", protocols=None):
        protocols = protocols or [lab, unseen]
        data = dataclasses.replace(
            drawn_faces(identities=2, photos_each=2, size=(28, 23), seed=0),
            name="made-up",
            licence="free; see https://example.org/licence",
            notes=("one file was left out", "<b>bold</b>"),
            drawn=drawn,
        )
        return ReportContent(
            title=title,
            data=data,
            sections=[
                made_section({**part, "drawn": drawn}, seed) for seed, part in enumerate(protocols)
            ],
            network=NetworkFacts(
                summary="stem (Conv2D) <script>",
                svg="<svg xmlns='http://www.w3.org/2000/svg'/>",
                facts={
                    "parameters": 505520,
                    "energy": "euclidean",
                    "embedding_size": 128,
                    "encoder": "residual",
                },
            ),
            versions={"likeness": "0.1", "keras": "3.15"},
            created="2025-01-02T03:04:05+00:00",
            seconds=301.2,
        )

    return make
