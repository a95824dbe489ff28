"""Three-way answers, by what calibration stored and nothing else."""

import json
from dataclasses import FrozenInstanceError, asdict, dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.errors import DataError, ModelError, NoThresholdError, SettingError
from likeness.evaluation.probability import LikelihoodRatio
from likeness.evaluation.threshold_choice import Purpose, calibrate
from likeness.recogniser import Answer, Decider


@dataclass(frozen=True)
class Model:
    threshold: float | None = 1.0
    calibration: dict[str, Any] = field(default_factory=dict)
    energy: str = "euclidean"
    fingerprint: str = "f" * 64


RATIO = LikelihoodRatio(
    kind="platt", parameters={"intercept": 4.0, "slope": 4.0}, lowest=-3.0, highest=3.0
)


def calibration(*, margin: float | None = 0.3, people: int = 10, **changes: Any) -> dict[str, Any]:
    return {
        "purpose": {
            "people": people,
            "strangers_accepted": 0.1,
            "photos_each": 2,
            "fusion": "mean",
        },
        "strangers": {"share": 0.04, "high": 0.1},
        "margin": {"value": margin},
        "probability": {"ratio": RATIO.to_json(), "prior": 0.2},
        "provenance": {"model": "f" * 64},
    } | changes


NAMES = ["ada", "bob", "eve", "joe"]


def decide(model: Model, names: Any, energies: Any, *, prior: Any = None, **more: Any) -> Answer:
    return Decider.of(model, prior=prior).decide(names, energies, **more)


def answer(energies, *, margin=0.3, **more):
    names = NAMES[: len(energies)]
    return decide(Model(calibration=calibration(margin=margin)), names, energies, **more)


class TestStatus:
    @pytest.mark.parametrize(
        ("energies", "margin", "status", "name"),
        [
            ([0.8, 1.2, 1.5], 0.3, "known", "ada"),
            ([1.5, 0.4, 0.9], 0.3, "known", "bob"),  # both accepted, but far enough apart
            ([0.8, 1.05, 1.5], 0.3, "ambiguous", None),  # the runner-up beyond it, but near
            ([0.5, 0.75], 0.25, "known", "ada"),  # exactly the margin
            ([0.5, 0.5], 0.0, "ambiguous", None),  # nobody is nearest
            ([0.5, 0.5001], 0.0, "known", "ada"),
            ([1.0, 2.0], 0.3, "known", "ada"),  # accept if energy ≤ threshold
            ([1.0001, 2.0], 0.3, "unknown", None),
            ([1.1, 1.1], 0.3, "unknown", None),
            ([0.4], 0.3, "known", "ada"),
            ([0.4], None, "known", "ada"),
            ([], 0.3, "unknown", None),
            ([0.4, 0.99], None, "ambiguous", None),  # no margin: both within the threshold
            ([0.99, 1.01], None, "known", "ada"),
        ],
    )
    def test_known_unknown_ambiguous(self, energies, margin, status, name) -> None:
        found = answer(energies, margin=margin)
        assert (found.status, found.name) == (status, name)

    @settings(max_examples=200, deadline=None)
    @given(
        energies=st.lists(st.floats(0, 2), max_size=4),
        margin=st.none() | st.floats(0, 1),
        prior=st.floats(0.01, 0.99),
    )
    def test_an_answer_is_what_its_numbers_say(self, energies, margin, prior) -> None:
        found = answer(energies, margin=margin, prior=prior, nearest=4)
        ordered = sorted(energies)
        assert [one.energy for one in found.nearest] == ordered
        assert len({one.name for one in found.nearest}) == len(energies)
        accepted = bool(ordered) and ordered[0] <= found.threshold
        assert (found.status == "unknown") == (not accepted)
        assert (found.name is not None) == (found.status == "known")
        if found.name:
            assert energies[NAMES.index(found.name)] == found.energy == ordered[0]
        if len(ordered) > 1:
            assert found.margin == pytest.approx(ordered[1] - ordered[0])
            if accepted and margin is not None:
                assert (found.status == "ambiguous") == (found.margin < margin or not found.margin)
            if accepted and margin is None:
                assert (found.status == "ambiguous") == (ordered[1] <= found.threshold)
        else:
            assert found.margin is None
            assert found.runner_up is None

    @settings(max_examples=100, deadline=None)
    @given(energies=st.lists(st.floats(0, 2), min_size=1, max_size=4, unique=True))
    def test_the_order_of_the_gallery_does_not_matter(self, energies) -> None:
        model = Model(calibration=calibration())
        names = NAMES[: len(energies)]
        first = decide(model, names, energies)
        assert decide(model, names[::-1], energies[::-1]) == first


class TestWhatItSays:
    def test_everything_behind_it(self) -> None:
        found = answer([1.4, 0.5, 0.9, 2.0], nearest=3)
        assert found.name == "bob"
        assert found.energy == 0.5
        assert found.runner_up.name == "eve"
        assert found.margin == pytest.approx(0.4)
        assert found.margin_needed == 0.3
        assert found.threshold == 1.0
        assert found.prior == 0.2
        assert found.model == "f" * 64
        assert [one.name for one in found.nearest] == ["bob", "eve", "ada"]
        assert json.loads(json.dumps(asdict(found)))["runner_up"]["energy"] == 0.9
        with pytest.raises(FrozenInstanceError):
            found.name = "eve"

    @pytest.mark.parametrize(
        ("energies", "margin", "sentence"),
        [
            (
                [0.5, 0.9],
                0.3,
                "ada is nearest, at 0.5, within the threshold of 1; bob is 0.4 farther away, a "
                "margin of 0.3 is needed.",
            ),
            (
                [0.5, 0.75],
                0.3,
                "ada is nearest, at 0.5, within the threshold of 1; bob is 0.25 farther away, and "
                "a margin of 0.3 is needed.",
            ),
            (
                [0.5, 0.75],
                0.0,
                "ada is nearest, at 0.5, within the threshold of 1; bob is 0.25 farther away.",
            ),
            ([1.5, 1.6], 0.3, "ada is nearest, at 1.5, beyond the threshold of 1."),
            (
                [0.5],
                0.3,
                "ada is nearest, at 0.5, within the threshold of 1; nobody else is enrolled.",
            ),
            (
                [0.5, 0.6],
                None,
                "ada is nearest, at 0.5, within the threshold of 1, and so is bob (no margin was "
                "measured).",
            ),
            ([], 0.3, "Nobody is enrolled."),
        ],
    )
    def test_the_reason_is_a_sentence(self, energies, margin, sentence) -> None:
        assert answer(energies, margin=margin).reason == sentence

    @pytest.mark.parametrize(("kept", "people"), [(0.5, 2), (0.5, 4), (None, 3)])
    def test_where_no_prior_was_stated_each_enrolled_person_is_equally_likely(
        self, kept, people
    ) -> None:
        probability = {"ratio": RATIO.to_json()} | ({} if kept is None else {"prior": kept})
        model = Model(calibration=calibration(probability=probability))
        found = decide(model, NAMES[:people], [0.5, 0.9, 1.4, 1.5][:people])
        assert found.prior == 1 / people
        expected = RATIO.probability(0.5, prior=1 / people)
        assert found.probability == pytest.approx(float(expected))

    def test_the_nearest_of_many_have_the_prior_of_all_who_are_enrolled(self) -> None:
        probability = {"ratio": RATIO.to_json(), "prior": 0.5}
        decider = Decider.of(Model(calibration=calibration(probability=probability)))
        assert decider.decide(NAMES[:2], [0.5, 0.9], people=500).prior == 1 / 500

    def test_nobody_within_the_threshold_gets_a_probability(self) -> None:
        found = answer([3.0, 4.0], nearest=2)
        assert found.status == "unknown"
        assert found.probability is None
        assert [neighbour.probability for neighbour in found.nearest] == [None, None]

    def test_the_probability_is_of_one_comparison_at_the_prior(self) -> None:
        found = answer([0.5, 0.9])
        odds = np.exp(4 - 4 * 0.5) * 0.2 / 0.8
        assert found.probability == pytest.approx(odds / (1 + odds))
        assert found.nearest[1].probability < found.probability
        rarer = answer([0.5, 0.9], prior=0.001)
        assert rarer.prior == 0.001
        odds = np.exp(4 - 4 * 0.5) * 0.001 / 0.999
        assert rarer.probability == pytest.approx(odds / (1 + odds))
        assert (rarer.status, rarer.name) == (found.status, found.name)

    def test_no_more_is_claimed_than_the_map_may(self) -> None:
        found = answer([0.0, 5.0], prior=0.5)
        assert found.probability == pytest.approx(1 / (1 + np.exp(-3)))
        assert found.runner_up.probability == pytest.approx(1 / (1 + np.exp(3)))

    def test_without_probabilities_there_is_none(self) -> None:
        stored = calibration(probability={"ratio": None, "prior": 0.5})
        found = decide(Model(calibration=stored), ["ada"], [0.5])
        assert found.probability is None
        assert found.nearest[0].probability is None
        assert found.status == "known"


class TestPromise:
    def test_a_larger_gallery_is_warned_of_with_what_it_costs(self) -> None:
        decider = Decider.of(Model(calibration=calibration(people=3)))
        assert decider.decide(NAMES[:3], [0.5, 2, 2]).warnings == ()
        # A search returns the nearest few of everybody who is enrolled.
        (searched,) = decider.decide(NAMES[:2], [0.5, 2], people=4).warnings
        assert searched.startswith("4 people are enrolled")
        (said,) = decider.decide(NAMES, [0.5, 2, 2, 2]).warnings
        assert said.startswith(
            "4 people are enrolled, and the threshold was calibrated for 3: up to 13 % of "
            "strangers are accepted, not 10 %, and wrong names are more frequent too."
        )
        assert said.endswith("`likeness calibrate MODEL PHOTOS --people 4`.")

    @pytest.mark.parametrize("people", [1, 10, 500])
    def test_it_is_one_minus_the_chance_to_pass_all(self, people) -> None:
        promise = Decider.of(Model(calibration=calibration())).promise_for(people)
        for given_, found in ((0.04, promise.measured), (0.1, promise.at_most)):
            each = 1 - (1 - given_) ** (1 / 10)
            passed = 1.0
            for _ in range(people):
                passed *= 1 - each
            assert found == pytest.approx(1 - passed)
        assert promise.people == people

    def test_it_agrees_with_the_calibration_it_came_from(self) -> None:
        rng = np.random.default_rng(0)
        points = np.repeat(rng.normal(size=(40, 12)), 4, axis=0) + rng.normal(size=(160, 12)) / 3
        matrix = np.linalg.norm(points[:, None] - points[None], axis=-1)
        codes = np.repeat(np.arange(40), 4)
        found = calibrate(matrix, codes, Purpose(people=10, strangers_accepted=0.2))
        model = Model(threshold=found.threshold, calibration=found.to_json())
        promise = Decider.of(model).promise_for(10)
        assert promise.at_most == pytest.approx(found.strangers.high)
        assert promise.measured == pytest.approx(found.strangers.share)

    def test_a_threshold_of_training_promises_nothing(self) -> None:
        decider = Decider.of(Model())
        (said,) = decider.decide(["ada"], [0.5]).warnings
        assert "nothing is promised about strangers" in said
        with pytest.raises(NoThresholdError, match="likeness calibrate MODEL PHOTOS"):
            decider.promise_for(10)
        assert decider.decide(["ada"], [0.5]).probability is None

    @pytest.mark.parametrize("people", [0, -1, 2.5])
    def test_people_are_counted(self, people) -> None:
        with pytest.raises(SettingError, match="people: expected"):
            Decider.of(Model(calibration=calibration())).promise_for(people)


class TestRefusals:
    def test_no_threshold_no_decision(self) -> None:
        with pytest.raises(NoThresholdError, match=r"no threshold.* `likeness calibrate MODEL PHO"):
            decide(Model(threshold=None), ["ada"], [0.1])

    def test_another_models_calibration(self) -> None:
        stored = calibration(provenance={"model": "0123456789abcdef"})
        with pytest.raises(ModelError, match="is of model 0123456789ab; this one is ffffffffffff"):
            decide(Model(calibration=stored), ["ada"], [0.1])

    @pytest.mark.parametrize(
        "changes",
        [
            {"purpose": {"people": 0}},
            {"purpose": {"persons": 3}},
            {"strangers": {}},
            {"strangers": None},
            {"margin": {"value": "wide"}},
            {"probability": []},
        ],
    )
    def test_a_damaged_calibration(self, changes) -> None:
        with pytest.raises(ModelError, match="calibration is damaged"):
            decide(Model(calibration=calibration(**changes)), ["ada"], [0.1])

    def test_a_map_that_would_rise(self) -> None:
        ratio = RATIO.to_json() | {"parameters": {"intercept": 0.0, "slope": -1.0}}
        stored = calibration(probability={"ratio": ratio, "prior": 0.5})
        with pytest.raises(ModelError, match="never rises with the energy"):
            decide(Model(calibration=stored), ["ada"], [0.1])

    @pytest.mark.parametrize(
        ("names", "energies", "sentence"),
        [
            (["ada"], [0.1, 0.2], r"one for each of 1 people, shape \(1,\)"),
            (["ada"], 0.1, "one for each of 1 people"),
            (["ada", "ada"], [0.1, 0.2], "Fuse the energies"),
            (["ada"], [float("nan")], "finite numbers"),
            (["ada"], [float("inf")], "finite numbers"),
        ],
    )
    def test_energies_that_are_none(self, names, energies, sentence) -> None:
        with pytest.raises(DataError, match=sentence):
            decide(Model(), names, energies)

    @pytest.mark.parametrize("prior", [0, 1, float("nan")])
    def test_a_prior_out_of_range(self, prior) -> None:
        with pytest.raises(SettingError, match="prior"):
            decide(Model(), ["ada"], [0.1], prior=prior)

    @pytest.mark.parametrize("nearest", [0, -1, 1.5])
    def test_nearest_out_of_range(self, nearest) -> None:
        with pytest.raises(SettingError, match="nearest"):
            decide(Model(), ["ada"], [0.1], nearest=nearest)

    def test_only_the_nearest_is_shown_if_one_is_asked_for(self) -> None:
        found = answer([0.5, 0.6], nearest=1)
        assert len(found.nearest) == 1
        assert found.runner_up.name == "bob"
