"""The card as JSON: what it says, and that nothing in a record can break it."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from likeness.model.card import card_files, model_card

from .conftest import JSON, changed_at

LEAK_MARK = "leaky split: not valid for unseen people"


def said(card: dict[str, Any], part: str = "limits") -> str:
    return " ".join(card[part])


def test_it_says_what_the_model_is(document: dict[str, Any]) -> None:
    card = model_card(document).to_json()
    assert card["format"] == "likeness.card/1"
    assert card["fingerprint"] == document["fingerprint"]
    assert (card["created"], card["likeness"]) == ("2025-01-02T03:04:05+00:00", "0.1.0")
    assert card["name"] == "residual network trained on AT&T faces"
    assert card["training"]["parameters"] == 505520
    assert card["training"]["seed"] == 0
    assert card["training"]["refitted_on_everybody"] is True
    assert card["training"]["held_out_people"] == 10


def test_the_licence_is_a_field_of_its_own(document: dict[str, Any]) -> None:
    data = document["record"]["data"]["licence"]
    assert model_card(document).to_json()["licence"] == {"model": None, "data": data}
    document["about"] = {"licence": "CC-BY-4.0", "name": "the door"}
    card = model_card(document).to_json()
    assert card["licence"] == {"model": "CC-BY-4.0", "data": data}
    assert card["name"] == "the door"


IMPORTED = {
    "format": "likeness.model/2",
    "name": "sface",
    "licence": "Apache-2.0",
    "preparation": {"kind": "fixed", "rows": 112, "columns": 96, "colours": "grey"},
    "record": {"imported": {"file": "sface.onnx"}},
}


@pytest.mark.parametrize(("colours", "said_as"), [("grey", "grey"), ("bgr", "colour"), ("", "")])
def test_an_imported_encoder_has_its_licence_and_no_invented_facts(
    colours: str, said_as: str
) -> None:
    preparation = {**IMPORTED["preparation"], "colours": colours}
    card = model_card(IMPORTED | {"preparation": preparation})
    assert card.to_json()["licence"]["model"] == "Apache-2.0"
    assert card.name == "sface"
    assert card.tables["model"]["Licence of the model"] == "Apache-2.0"
    reads = card.tables["training"]["Reads"]
    assert reads == ", ".join(["112 × 96 pixels", *filter(None, [said_as])])
    for table, fact in (
        ("training", "Then learned from everybody"),
        ("training", "Held out"),
        ("data", "Photos are"),
    ):
        assert card.tables[table][fact] == "not known", fact
    assert card.to_json()["training"]["refitted_on_everybody"] is None
    assert model_card(IMPORTED | {"about": {"licence": "MIT"}}).licence == "MIT"


def test_people_are_counted_and_not_named(document: dict[str, Any]) -> None:
    document["about"] = {"results": [document["record"]["held_out"]]}
    card = model_card(document).to_json()
    assert card["data"]["people"] == 30
    assert "Ada Lovelace" not in json.dumps(card)
    assert '"s7"' not in json.dumps(card)


def test_a_fresh_card_has_the_figures_of_the_people_held_out_and_says_how(
    document: dict[str, Any],
) -> None:
    card = model_card(document).to_json()
    (held,) = card["results"]
    assert held["figures"] == document["record"]["held_out"]["figures"]
    assert held["counts"]["identities"] == 10
    assert "its epoch was chosen on the same people" in said(card)
    assert "trained again on everybody" in said(card)
    document["record"]["histories"].pop("final")
    assert "trained again" not in said(model_card(document).to_json())


def test_nothing_measured_is_said(document: dict[str, Any]) -> None:
    document["record"]["held_out"] = None
    card = model_card(document).to_json()
    assert card["results"] == []
    assert "Nothing was measured." in said(card)


def test_few_people_and_a_stopped_training_are_limits(document: dict[str, Any]) -> None:
    assert "are from 9 people" not in said(model_card(document).to_json())
    document["record"]["held_out"]["counts"]["identities"] = 9
    document["record"]["interrupted"] = True
    card = model_card(document).to_json()
    assert "Some figures are from 9 people." in said(card)
    assert "stopped early" in said(card)


@pytest.mark.parametrize("word", ["liveness", "without human review", "biometric", "cameras"])
def test_what_it_is_not_for(document: dict[str, Any], word: str) -> None:
    assert word in said(model_card(document).to_json(), "not_for")
    assert word in said(model_card({}).to_json(), "not_for")


class TestThreshold:
    def test_training_s_own_promises_nothing_about_strangers(
        self, document: dict[str, Any]
    ) -> None:
        threshold = model_card(document).to_json()["threshold"]
        assert (threshold["value"], threshold["source"]) == (0.75, "held-out people")
        assert threshold["valid_for"] is None
        assert threshold["evidence"] == {
            "people": 10,
            "genuine_pairs": 450,
            "impostor_pairs": 4500,
        }
        assert "promises nothing about strangers" in said(threshold, "sentences")

    def test_one_of_training_pairs_says_so(self, document: dict[str, Any]) -> None:
        document["record"]["histories"].pop("choosing")
        threshold = model_card(document).to_json()["threshold"]
        assert threshold["source"] == "training pairs"
        assert "the pairs that the network was trained on" in said(threshold, "sentences")

    def test_a_calibrated_one_has_its_promise_gallery_counts_and_date(
        self, document: dict[str, Any], calibration: dict[str, Any]
    ) -> None:
        document |= {"threshold": 0.5, "calibration": calibration}
        threshold = model_card(document).to_json()["threshold"]
        assert threshold["source"] == "calibration"
        assert threshold["valid_for"]["people"] == 500
        assert threshold["valid_for"]["strangers_accepted"] == 0.05
        assert threshold["evidence"]["impostor_comparisons"] == 44850
        assert threshold["date"] == "2025-02-03T00:00:00"
        sentences = said(threshold, "sentences")
        assert calibration["sentences"][0] in sentences
        assert "a gallery of up to 500 people with 3 photos (min) each" in sentences

    def test_one_to_one_is_for_no_gallery(
        self, document: dict[str, Any], calibration: dict[str, Any]
    ) -> None:
        calibration["purpose"]["people"] = 1
        document |= {"threshold": 0.5, "calibration": calibration}
        assert "not for a gallery." in said(
            model_card(document).to_json()["threshold"], "sentences"
        )

    def test_an_extrapolated_promise_is_a_limit(
        self, document: dict[str, Any], calibration: dict[str, Any]
    ) -> None:
        calibration["extrapolated"] = True
        document |= {"threshold": 0.5, "calibration": calibration}
        assert "extrapolated by a model" in said(model_card(document).to_json())

    def test_one_set_by_hand_takes_no_promise_over(
        self, document: dict[str, Any], calibration: dict[str, Any]
    ) -> None:
        document |= {"threshold": 0.6, "calibration": calibration}
        threshold = model_card(document).to_json()["threshold"]
        assert threshold["source"] == "by hand"
        assert threshold["valid_for"] is None
        assert "are unknown" in said(threshold, "sentences")

    def test_none(self, document: dict[str, Any]) -> None:
        document["threshold"] = None
        threshold = model_card(document).to_json()["threshold"]
        assert threshold["source"] is None
        assert "does not decide" in said(threshold, "sentences")


class TestMark:
    def test_a_leaky_result_is_marked_and_the_card_only_where_none_is_clean(
        self, document: dict[str, Any], result: dict[str, Any]
    ) -> None:
        document["about"]["results"] = [result | {"leaks": 7}]
        card = model_card(document).to_json()
        assert [shown["watermark"] for shown in card["results"]] == [None, LEAK_MARK]
        assert card["watermark"] is None
        document["record"]["held_out"] = None
        assert model_card(document).to_json()["watermark"] == LEAK_MARK

    def test_drawn_faces_mark_the_card(self, document: dict[str, Any]) -> None:
        document["record"]["data"]["drawn"] = True
        assert model_card(document).to_json()["watermark"] == "drawn faces, not AT&T"


PLACES = [
    *[(name,) for name in ("record", "calibration", "about", "threshold", "fingerprint")],
    *[("record", name) for name in ("recipe", "data", "threshold", "histories", "held_out")],
    *[("record", "data", name) for name in ("identities", "items", "name", "licence")],
    *[("record", "held_out", name) for name in ("figures", "baselines", "counts", "seeds")],
    *[("record", "held_out", name) for name in ("leaks", "leak_report", "data", "title")],
    *[("about", name) for name in ("name", "results", "licence")],
    *[("calibration", name) for name in ("purpose", "strangers", "provenance", "sentences")],
]


@settings(
    max_examples=150,
    deadline=None,
    # The document is copied before it is changed.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(place=st.sampled_from(PLACES), value=JSON)
def test_no_record_whatever_is_in_it_keeps_a_card_from_being_made(
    document: dict[str, Any], calibration: dict[str, Any], place: tuple[str, ...], value: Any
) -> None:
    whole = document | {"threshold": 0.5, "calibration": calibration}
    files = card_files(changed_at(whole, place, value))
    assert json.loads(files["card.json"])["format"] == "likeness.card/1"
    assert files["card.md"].startswith("# Model card: ")


def test_a_model_of_which_nothing_is_known_has_a_card() -> None:
    card = model_card({}).to_json()
    assert card["fingerprint"] is None
    assert card["data"]["people"] is None
    assert "not known" in card_files({})["card.md"]
