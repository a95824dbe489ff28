"""The map from energies to probabilities: monotone, bounded, and the same from a file."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from likeness.errors import ModelError, SettingError
from likeness.evaluation.probability import KINDS, LikelihoodRatio, probability_of

EXAMPLES = {
    "platt": {"intercept": 4.0, "slope": 3.0},
    "beta": {"intercept": 1.0, "slope": 2.0, "bend": 0.7, "scale": 0.9},
    "isotonic": {"knots": [0.2, 0.9, 1.1], "log_ratios": [2.5, 0.5, -1.0]},
}


def ratio_of(kind: str, /, **changes) -> LikelihoodRatio:
    return LikelihoodRatio(
        **{"kind": kind, "parameters": EXAMPLES[kind], "lowest": -3.0, "highest": 2.0} | changes
    )


@st.composite
def ratios(draw) -> LikelihoodRatio:
    kind = draw(st.sampled_from(list(KINDS)))
    slope = st.floats(0, 50)
    if kind == "isotonic":
        knots = draw(st.lists(st.floats(-1, 5), min_size=1, max_size=8, unique=True))
        levels = draw(st.lists(st.floats(-9, 9), min_size=len(knots), max_size=len(knots)))
        parameters = {"knots": sorted(knots), "log_ratios": sorted(levels, reverse=True)}
    else:
        parameters = {"intercept": draw(st.floats(-20, 20)), "slope": draw(slope)}
        if kind == "beta":
            parameters |= {"bend": draw(slope), "scale": draw(st.floats(1e-3, 1e3))}
    return LikelihoodRatio(
        kind=kind,
        parameters=parameters,
        lowest=draw(st.floats(-8, 0)),
        highest=draw(st.floats(0, 8)),
    )


@settings(max_examples=200, deadline=None)
@given(
    ratio=ratios(),
    energies=st.lists(st.floats(-1e-9, 1e3), min_size=2, max_size=20),
    prior=st.floats(1e-6, 1 - 1e-6),
)
def test_a_lower_energy_never_gives_a_lower_probability(ratio, energies, prior) -> None:
    ordered = np.sort(energies)
    found = ratio.probability(ordered, prior=prior)
    # Two roundings of one number may differ in the last digit.
    assert (np.diff(found) <= 1e-12).all()
    assert ((found > 0) & (found < 1)).all()
    assert ((ratio.log(ordered) >= ratio.lowest) & (ratio.log(ordered) <= ratio.highest)).all()


@settings(max_examples=100, deadline=None)
@given(ratio=ratios(), energy=st.floats(0, 5), prior=st.floats(1e-6, 1 - 1e-6))
def test_it_is_bayes_rule(ratio, energy, prior) -> None:
    likelihood = math.exp(float(ratio.log(energy)))
    expected = prior * likelihood / (prior * likelihood + 1 - prior)
    assert float(ratio.probability(energy, prior=prior)) == pytest.approx(expected, rel=1e-9)


@settings(max_examples=50, deadline=None)
@given(ratio=ratios())
def test_it_is_the_same_from_a_file(ratio) -> None:
    again = LikelihoodRatio.from_json(json.loads(json.dumps(ratio.to_json())))
    energies = np.linspace(-0.5, 5, 50)
    np.testing.assert_array_equal(again.log(energies), ratio.log(energies))


def test_beta_without_a_bend_is_platt() -> None:
    energies = np.linspace(0, 3, 7)
    straight = KINDS["beta"](energies, intercept=1.0, slope=2.0, bend=0.0, scale=0.5)
    np.testing.assert_allclose(straight, KINDS["platt"](energies, intercept=1.0, slope=4.0))


def test_beta_is_kulls_formula() -> None:
    energies = np.array([0.1, 0.5, 2.0])
    score = np.exp(-energies / 0.9)
    expected = 1.0 + 2.0 * np.log(score) - 0.7 * np.log(1 - score)
    np.testing.assert_allclose(KINDS["beta"](energies, **EXAMPLES["beta"]), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_an_energy_of_zero_is_as_sure_as_it_gets(kind) -> None:
    assert float(ratio_of(kind).log(0.0)) == 2.0
    assert ratio_of(kind).log(np.full((2, 3), 9.0)).shape == (2, 3)


def test_the_prior_moves_the_odds_and_nothing_else() -> None:
    log_ratios = np.array([-2.0, 0.0, 3.0])
    even, rare = (probability_of(log_ratios, prior=prior) for prior in (0.5, 0.01))
    odds = (rare / (1 - rare)) / (even / (1 - even))
    np.testing.assert_allclose(odds, 0.01 / 0.99)
    assert even[1] == 0.5


def test_infinite_ratios_give_certainty_without_a_warning() -> None:
    with np.errstate(all="raise", over="warn"):
        found = probability_of([-np.inf, -1e4, np.inf], prior=0.3)
    np.testing.assert_array_equal(found, [0.0, 0.0, 1.0])


@pytest.mark.parametrize("prior", [0.0, 1.0, -0.1, float("nan")])
def test_a_prior_is_between_0_and_1(prior) -> None:
    with pytest.raises(SettingError, match="prior: expected a number"):
        ratio_of("platt").probability(1.0, prior=prior)


@pytest.mark.parametrize(
    ("kind", "changes", "sentence"),
    [
        ("platt", {"kind": "probit"}, "expected one of platt, beta, isotonic. Received: 'probit'"),
        ("platt", {"parameters": {"intercept": 1.0}}, "the parameters are not those of platt"),
        ("platt", {"parameters": {"intercept": 1.0, "slope": "x"}}, "not those of platt"),
        ("platt", {"parameters": None}, "not those of platt"),
        ("platt", {"parameters": {"intercept": 1.0, "slope": -1.0}}, "never rises with the energy"),
        ("platt", {"parameters": {"intercept": math.nan, "slope": 1.0}}, "finite parameters"),
        ("platt", {"lowest": 0.5}, "finite bounds around 0"),
        ("platt", {"highest": math.inf}, "finite bounds around 0"),
        ("beta", {"parameters": EXAMPLES["beta"] | {"bend": -0.1}}, "never rises"),
        ("beta", {"parameters": EXAMPLES["beta"] | {"scale": 0.0}}, "never rises|finite"),
        ("isotonic", {"parameters": {"knots": [1, 2], "log_ratios": [0, 1]}}, "never rises"),
        ("isotonic", {"parameters": {"knots": [2, 1], "log_ratios": [1, 0]}}, "never rises"),
        ("isotonic", {"parameters": {"knots": [2, 3], "log_ratios": [1]}}, "not those of isotonic"),
    ],
)
def test_a_map_that_is_none_is_refused(kind, changes, sentence) -> None:
    with pytest.raises(ModelError, match=sentence):
        ratio_of(kind, **changes)


def test_a_document_that_is_none_is_refused() -> None:
    with pytest.raises(ModelError, match=r"expected the format 'likeness.likelihood_ratio/1'"):
        LikelihoodRatio.from_json({"kind": "platt"})
    with pytest.raises(ModelError, match="its entries do not fit"):
        LikelihoodRatio.from_json({**ratio_of("platt").to_json(), "more": 1})


def test_applying_a_map_needs_numpy_alone() -> None:
    program = f"""
import sys
from likeness.evaluation.probability import LikelihoodRatio
for kind, parameters in {EXAMPLES!r}.items():
    ratio = LikelihoodRatio(kind=kind, parameters=parameters, lowest=-3.0, highest=2.0)
    assert 0 < float(ratio.probability(0.5, prior=0.1)) < 1
print([name for name in ("scipy", "sklearn", "keras", "matplotlib") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
