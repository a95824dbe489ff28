"""The card of a tracker's model: sequences and a target, and no people, gallery or faces."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from likeness.model.card import card_files, card_markdown, model_card
from likeness.tasks.tracking.card import TRACKING_FORMAT

from .conftest import JSON, changed_at

TRACKER: dict[str, Any] = {
    "format": TRACKING_FORMAT,
    "fingerprint": "c" * 64,
    "preparation": {"template": 63, "search": 159, "stride": 4, "context": 0.5},
    "energy": "cross_correlation",
    "threshold": -0.4,
    "tracker": {"scales": 3, "window": 0.176},
    "parameters": 4332,
    "parts": {"onnx": {"file": "encoder.onnx", "bytes": 20857}},
    "record": {
        "recipe": {"steps": 700, "seed": 2, "width": 16},
        "data": {
            "name": "bag, garden",
            "licence": "for research",
            "drawn": False,
            "sequences": [
                {"name": "bag", "frames": 196, "learned": 147},
                {"name": "garden", "frames": 40, "learned": 30},
            ],
            "things": {"name": "AT&T faces", "licence": "free", "items": 400, "identities": 40},
        },
        "choice": {
            "frames": 59,
            "tried": [{"mean_overlap": 0.5}, {"mean_overlap": 0.625}],
            "chosen": 1,
            "genuine_pairs": 90,
            "impostor_pairs": 91,
            "genuine_rejected": 0.025,
            "impostor_accepted": 0.11,
        },
        "interrupted": False,
        "seconds": 88.0,
        "created": "2025-01-02T03:04:05+00:00",
        "likeness": "0.1.0",
    },
}


@pytest.fixture
def document() -> dict[str, Any]:
    return copy.deepcopy(TRACKER)


def test_it_says_what_it_learned_from(document: dict[str, Any]) -> None:
    card = model_card(document).to_json()
    assert card["format"] == "likeness.card/1"
    assert card["name"] == "tracker trained on bag, garden"
    assert card["licence"] == {"model": None, "data": "for research; free"}
    assert (card["data"]["sequences"], card["data"]["frames"]) == (2, 236)
    assert card["data"]["frames_learned"] == 177
    assert (
        model_card(document).tables["data"]["Pictures pasted in"]
        == "400 of 40 identities (AT&T faces)"
    )
    assert card["limits"][0].startswith("It was trained on 177 frames of 2 sequences")


def test_it_says_how_it_searches_and_how_large_it_is(document: dict[str, Any]) -> None:
    training = model_card(document).tables["training"]
    assert training["Searches with"] == "scales 3, window 0.176"
    assert training["Reads"].startswith("a target in 63 × 63 pixels, searched in 159 × 159")
    assert (training["Weights"], training["Bytes (onnx)"]) == ("4,332", "20,857")
    assert training["Held out"] == "59 frames, to choose settings"
    assert training["Steps"] == "700"


def test_its_threshold_and_its_figure_say_where_they_are_from(document: dict[str, Any]) -> None:
    card = model_card(document).to_json()
    assert card["threshold"]["source"] == "frames held out of training"
    assert card["threshold"]["evidence"] == {"genuine_pairs": 90, "impostor_pairs": 91}
    assert "wrong for 2.5 % of the target's views, and 11.0 %" in card["threshold"]["sentences"][0]
    assert "Mean overlap (IoU) 0.625 on 59 frames" in card["measured"]
    document["record"]["choice"] = {"tried": [], "frames": 0}
    by_hand = model_card(document).to_json()
    assert by_hand["threshold"]["source"] == "by hand"
    assert by_hand["measured"] is None
    document["threshold"] = None
    assert "no threshold" in model_card(document).threshold.sentences[0]
    assert "Nothing was measured" in card_markdown(model_card(document))


def test_it_says_what_it_is_for_and_not_for(document: dict[str, Any]) -> None:
    text = card_markdown(model_card(document))
    assert "It follows one target through a film" in text
    assert "It does not detect or identify the target" in text
    document["record"]["data"]["things"] = None
    text = card_markdown(model_card(document))
    for word in ("face", "gallery", "biometric", "photo", "calibrate"):
        assert word not in text.lower()


def test_drawn_frames_an_early_end_and_a_name(document: dict[str, Any]) -> None:
    assert model_card(document).watermark is None
    document["record"]["data"]["drawn"] = True
    document["record"]["interrupted"] = True
    document["about"] = {"name": "the bag", "licence": "MIT"}
    card = model_card(document).to_json()
    assert card["watermark"] == "drawn frames, not a real film"
    assert "stopped early" in card["limits"][-1]
    assert (card["name"], card["licence"]["model"]) == ("the bag", "MIT")
    assert "**drawn frames, not a real film**" in card_markdown(model_card(document))


PLACES = [
    *[(name,) for name in TRACKER if name != "format"],
    *[("record", name) for name in TRACKER["record"]],
    *[("record", "data", name) for name in TRACKER["record"]["data"]],
    *[("record", "choice", name) for name in TRACKER["record"]["choice"]],
    ("record", "data", "sequences", 0),
    ("record", "data", "sequences", 0, "frames"),
    ("record", "choice", "tried", 1, "mean_overlap"),
    ("parts", "onnx"),
    ("tracker", "window"),
]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.sampled_from(PLACES), value=JSON)
def test_nothing_in_a_record_makes_it_fail(
    document: dict[str, Any], place: tuple[Any, ...], value: Any
) -> None:
    files = card_files(changed_at(document, place, value))
    assert json.loads(files["card.json"])["format"] == "likeness.card/1"
    assert files["card.md"].startswith("# Model card: ")


def test_of_an_empty_document_nothing_is_known() -> None:
    card = model_card({"format": TRACKING_FORMAT})
    assert card.name == "tracker"
    assert card.to_json()["data"]["frames"] is None
    assert "not known" in card_markdown(card)
