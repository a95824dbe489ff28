"""The report on a terminal."""

import io

import pytest
from rich.console import Console

from likeness.evaluation.results import ProtocolResult
from likeness.reports import figures_table, print_protocol, print_report

read = ProtocolResult.from_json


def printed(what, *args, width=80, **options):
    stream = io.StringIO()
    console = Console(file=stream, width=width, color_system=None)
    what(console, *args, **options)
    return stream.getvalue()


def table_text(table, width=80):
    return printed(lambda console: console.print(table), width=width)


def flowing(text):
    """The words, whatever the lines and frames."""
    return " ".join(text.replace("│", " ").split())


def row(text, method):
    return next(line for line in text.splitlines() if line.strip().startswith(method))


def test_methods_are_rows_and_figures_are_columns(unseen):
    text = table_text(figures_table(read(unseen)))
    head = row(text, "AUC")
    assert [head.index(name) for name in ("AUC", "EER", "TAR", "accuracy", "10-way")] == sorted(
        head.index(name) for name in ("AUC", "EER", "TAR", "accuracy", "10-way")
    )
    assert row(text, "network").split()[1::2] == ["98.4", "5.9", "77.6", "94.1", "94.0"]
    assert row(text, "raw pixels").split()[2::2] == ["94.4", "13.5", "64.6", "86.6", "83.9"]
    assert row(text, "Fisherfaces").split()[1::2] == ["97.0", "8.9", "74.9", "89.8", "88.6"]
    assert "97.4–99.4" in text


def test_a_method_without_a_figure_has_a_dash(unseen):
    del unseen["baselines"]["raw_pixels"]["accuracy"]
    assert "–" in row(table_text(figures_table(read(unseen))), "raw pixels").split()


def test_six_figures_fit_eighty_columns(unseen):
    for figures in (unseen["figures"], *unseen["baselines"].values()):
        figures["rank_1"] = {"mean": 0.999, "low": 0.999, "high": 1.0}
    text = table_text(figures_table(read(unseen)))
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert "99.9–100" in text
    assert row(text, "network").count("%") == 6


def test_a_title_of_one_s_own_and_one_from_the_document(unseen):
    assert "mine" in table_text(figures_table(read(unseen), title="mine"))
    assert "U4, unseen people" in flowing(table_text(figures_table(read(unseen))))


@pytest.mark.parametrize("markup", ["[red]people[/red]", "[/nothing]"])
def test_names_are_text_not_markup(unseen, markup):
    unseen["title"] = markup
    unseen["leak_report"]["sentences"] = [markup]
    unseen["baselines"] = {markup: unseen["figures"]}
    assert printed(print_protocol, read(unseen)).count(markup) >= 3


def test_the_leaks_stand_beside_the_lab_split(lab):
    text = flowing(printed(print_protocol, read(lab)))
    assert "Leaks in protocol L" in text
    for sentence in lab["leak_report"]["sentences"]:
        assert sentence in text


def test_a_clean_protocol_says_so(unseen):
    text = flowing(printed(print_protocol, read(unseen)))
    assert "No leak: no person was in the training part." in text
    assert "Leaks in protocol" not in text


def test_the_whole_report_has_both_protocols_their_verdicts_and_the_difference(make_content):
    text = printed(print_report, make_content())
    words = flowing(text)
    assert max(map(len, text.splitlines())) <= 80
    assert words.index("L, lab split") < words.index("U4, unseen people")
    assert "The network loses to Fisherfaces on the pairs of this protocol in: " in words
    assert "The network is ahead of both baselines in every figure on unseen people." in words
    assert "99.1 % by protocol L, 94.1 % on unseen people" in words
    assert "Protocol U4: 40 people, 2 folds, 1,800 genuine pairs" in words
    assert "seeds: recipe 7" in words


def test_drawn_data_is_marked_on_every_table_and_on_the_last_word(make_content):
    text = printed(print_report, make_content(drawn=True))
    assert flowing(text).count("drawn faces, not AT&T") == 3
    assert "drawn" not in printed(print_report, make_content())


def test_a_saved_model_s_searches_and_groups_are_told(evaluated):
    text = printed(print_protocol, read(evaluated))
    words = flowing(text)
    assert max(map(len, text.splitlines())) <= 80
    assert "95.0 % at rank 1, 99.0 % at rank 2, 100.0 % at rank 3." in words
    assert "rank 4" not in words
    assert "open-set, 5 of 10 people enrolled, the others strangers" in words
    assert "40.2 %" in words
    assert "Strangers are identified as somebody in <40.2 %> of searches." in words
    assert "By glasses <b>" in words
    assert "<i>yes</i>" in words
    assert "1,600 impostor" in words
    assert "too few to say anything." in words
    assert "–" in row(text, "no").split()


def test_what_there_is_none_of_is_not_told(unseen):
    words = flowing(printed(print_protocol, read(unseen)))
    assert not {"rank", "open-set", "By"} & set(words.split())


def test_drawn_searches_and_groups_are_marked(evaluated):
    evaluated["drawn"] = evaluated["open_set"]["drawn"] = True
    text = flowing(printed(print_protocol, read(evaluated)))
    assert text.count("drawn faces, not AT&T") == 3


def test_a_very_narrow_terminal_does_not_fail(make_content):
    assert printed(print_report, make_content(), width=30)


@pytest.mark.parametrize("drawn", [False, True])
def test_the_title_of_a_leaky_split_says_so(lab, unseen, drawn):
    mark = "leaky split: not valid for unseen people"
    both = f"drawn faces, not AT&T · {mark}" if drawn else mark
    for part in (lab, unseen):
        part["drawn"] = drawn
    assert flowing(table_text(figures_table(read(lab)))).startswith(f"{both} · L, lab split")
    assert mark not in flowing(table_text(figures_table(read(unseen))))
