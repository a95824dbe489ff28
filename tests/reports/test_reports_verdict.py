"""What the figures say, in sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from likeness.evaluation.results import ProtocolResult
from likeness.reports.content import Headline, verdict

from .conftest import UNSEEN, figure

read = ProtocolResult.from_json


RATES = st.fixed_dictionaries(
    {name: st.integers(0, 20).map(lambda k: figure(k / 20)) for name in ("auc", "eer")}
)


def test_ahead_of_both_baselines(unseen):
    found = verdict(read(unseen))
    assert found.sentences == (
        "The network is ahead of both baselines in every figure on unseen people.",
    )
    assert not found.loses


def test_it_says_plainly_where_the_network_loses(unseen):
    unseen["baselines"]["raw_pixels"]["accuracy"]["mean"] = 0.95
    unseen["baselines"]["raw_pixels"]["one_shot_10way"]["mean"] = 0.95
    found = verdict(read(unseen))
    assert found.sentences == (
        "The network loses to raw pixels on unseen people in: "
        "accuracy on balanced pairs, 10-way one-shot.",
    )
    assert found.loses


def test_a_smaller_error_rate_is_the_better_one(unseen):
    unseen["figures"]["eer"]["mean"] = 0.12
    assert verdict(read(unseen)).sentences == (
        "The network loses to Fisherfaces on unseen people in: equal error rate.",
    )


def test_level_is_neither_ahead_nor_behind(unseen):
    unseen["figures"]["auc"]["mean"] = unseen["baselines"]["fisherfaces"]["auc"]["mean"]
    found = verdict(read(unseen))
    assert found.sentences == (
        "The network is level with Fisherfaces on unseen people in: area under the ROC.",
    )
    assert not found.loses


def test_a_leaking_protocol_is_not_called_unseen_people(lab):
    (said,) = verdict(read(lab)).sentences
    assert said.startswith("The network loses to Fisherfaces on the pairs of this protocol in: ")


def test_one_baseline_is_named_and_a_figure_that_it_lacks_is_not_claimed(unseen):
    del unseen["baselines"]["fisherfaces"], unseen["baselines"]["raw_pixels"]["accuracy"]
    assert verdict(read(unseen)).sentences == (
        "The network is ahead of raw pixels in every figure that both have on unseen people.",
    )


def test_more_baselines_are_counted(unseen):
    unseen["baselines"]["chance"] = {name: figure(0.0) for name in unseen["figures"]}
    unseen["baselines"]["chance"]["eer"] = figure(0.5)
    assert "ahead of all 3 baselines" in verdict(read(unseen)).sentences[0]


@pytest.mark.parametrize("figures", [{}, {"fpir": figure(0.1), "fnir": figure(0.2)}])
def test_without_a_common_figure_nothing_is_compared(unseen, figures):
    """`all()` over nothing is no lead: an open set too small for a figure, or exchangeable ones."""
    nothing = "Nothing can be compared with both baselines: no common figure."
    for method in unseen["baselines"]:
        unseen["baselines"][method] = figures
    part = {**unseen, "least_fpir": 0.1, "sentences": []}
    measured = read({**UNSEEN, "open_set": part}).open_set.measured
    found = verdict(measured)
    assert (found.sentences, found.loses) == ((nothing,), False)


def test_a_baseline_without_a_common_figure_is_not_beaten(unseen):
    unseen["baselines"]["raw_pixels"] = {"rank_1": figure(0.1)}
    unseen["baselines"]["fisherfaces"] = {"auc": figure(0.1)}
    assert verdict(read(unseen)).sentences == (
        "The network is ahead of Fisherfaces in every figure that both have on unseen people.",
        "Nothing can be compared with raw pixels: no common figure.",
    )


def test_behind_one_and_not_comparable_with_the_other(unseen):
    unseen["baselines"]["raw_pixels"] = {"rank_1": figure(0.1)}
    unseen["figures"]["eer"] = figure(0.9)
    first, last = verdict(read(unseen)).sentences
    assert first.startswith("The network loses to Fisherfaces")
    assert last == "Nothing can be compared with raw pixels: no common figure."


def test_no_baseline(unseen):
    unseen["baselines"] = {}
    assert verdict(read(unseen)).sentences == ("There is no baseline to compare with.",)


@given(ours=RATES, theirs=RATES)
def test_it_loses_exactly_where_a_slow_look_says_so(ours, theirs):
    document = UNSEEN | {"figures": ours, "baselines": {"raw_pixels": theirs}}
    worse = []
    if ours["auc"]["mean"] < theirs["auc"]["mean"]:
        worse.append("area under the ROC")
    if ours["eer"]["mean"] > theirs["eer"]["mean"]:
        worse.append("equal error rate")
    found = verdict(read(document))
    assert found.loses == bool(worse)
    if worse:
        lost = f"The network loses to raw pixels on unseen people in: {', '.join(worse)}."
        assert found.sentences[0] == lost


def test_the_headline_sets_unseen_people_against_the_lab_split(lab, unseen):
    found = Headline.of([read(part) for part in (lab, unseen)])
    assert (found.unseen.protocol, found.known.protocol) == ("U4", "L")
    assert found.figure == "accuracy"
    assert found.why.startswith(
        "Accuracy on balanced pairs: 99.1 % by protocol L, 94.1 % on unseen people (protocol U4)."
    )
    assert "rewards memorisation" in found.why


def test_without_leaks_the_headline_accuses_nobody(lab, unseen):
    lab["leaks"] = 0
    assert "memorisation" not in Headline.of([read(part) for part in (lab, unseen)]).why


@pytest.mark.parametrize("which", [0, 1])
def test_one_protocol_alone_compares_nothing(lab, unseen, which):
    found = Headline.of([read((lab, unseen)[which])])
    assert found.why == ""
    assert found.figure == "accuracy"


def test_no_protocol_at_all():
    found = Headline.of([])
    assert (found.unseen, found.known, found.figure, found.why) == (None, None, None, "")


def test_the_headline_needs_a_figure_that_both_have(lab, unseen):
    lab["figures"] = {"rank_1": figure(1.0)}
    assert Headline.of([read(part) for part in (lab, unseen)]).figure is None
    assert Headline.of([read(part) for part in (lab, unseen)]).why == ""


def test_an_open_set_is_judged_by_what_is_found_at_equal_rates(evaluated):
    evaluated["open_set"]["baselines"]["raw_pixels"] |= {"fpir": figure(0.0), "fnir": figure(0.0)}
    judged = verdict(read(evaluated).open_set.measured)
    assert not judged.loses
    assert judged.sentences == (
        "The network is ahead of raw pixels in every figure on unseen people.",
    )
