"""The card as Markdown: read by another's parser, and nothing in it but text."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from likeness.model.card import card_markdown, model_card
from likeness.model.card.markdown import escape, words

NASTY = "a|b **bold** [x](http://e.org) <script>alert(1)</script>\n\n# head\n- `code` ~~s~~ &lt;"


def rendered(text: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)


def plain(text: str) -> str:
    """What a reader sees of one line of Markdown."""
    (inline,) = (t for t in MarkdownIt("commonmark").parse(text) if t.type == "inline")
    return "".join(child.content for child in inline.children or ())


def test_its_parts_are_there(document: dict[str, Any]) -> None:
    page = rendered(card_markdown(model_card(document)))
    for heading in ("Data", "Training", "Figures", "Threshold", "Limits"):
        assert f"<h2>{heading}</h2>" in page
    assert "<h2>What it must not be used for</h2>" in page
    assert "98.0 % (95.0–100)" in page
    assert "<code>likeness calibrate</code>" in page
    assert "AT&amp;T faces" in page


def test_a_result_has_its_table_its_counts_and_its_leaks(document: dict[str, Any]) -> None:
    document["record"]["held_out"]["leaks"] = 3
    document["record"]["held_out"]["leak_report"]["sentences"] = ["Leak: 3 of the 40 people."]
    text = card_markdown(model_card(document))
    page = rendered(text)
    assert page.count("<table>") == 1
    assert "<td>raw pixels</td>" in page
    assert "450 genuine pairs" in page
    assert "<li>Leak: 3 of the 40 people.</li>" in page
    mark = "<strong>leaky split: not valid for unseen people</strong>"
    assert page.index("<h3>held-out") < page.rindex(mark) < page.index("<table>")


@pytest.mark.parametrize("entry", ["name", "licence", "digest"])
def test_names_and_licences_of_data_are_text(document: dict[str, Any], entry: str) -> None:
    document["record"]["data"][entry] = NASTY
    page = rendered(card_markdown(model_card(document)))
    assert "<script" not in page
    assert "<a href" not in page
    assert "<h1>head" not in page
    assert page.count("<h1>") == 1
    assert page.count("<h2>") == 6


def test_titles_methods_and_leaks_of_a_result_are_text(document: dict[str, Any]) -> None:
    held = document["record"]["held_out"]
    held["title"] = held["intervals"] = NASTY
    held["baselines"] = {NASTY: held["figures"]}
    held["leak_report"]["sentences"] = [NASTY]
    held["data"]["name"] = NASTY
    page = rendered(card_markdown(model_card(document)))
    assert "<script" not in page
    assert "<a href" not in page
    assert page.count("<h1>") == 1
    assert page.count("<table>") == 1
    assert page.count("<tr>") == 3


@given(st.text(max_size=40))
def test_what_is_escaped_is_read_as_it_was(text: str) -> None:
    seen = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    assert plain(f"x{escape(text)}x") == f"x{seen}x"


@settings(max_examples=500)
@given(st.text(alphabet="ab `<>&|\n*\0\\", max_size=20))
@example("`<a>```")
@example("`b`\n`<a>`")
@example("` `<a>` `")
def test_words_keep_to_their_line(text: str) -> None:
    written = words(text)
    assert "\n" not in written
    assert "<a" not in rendered(written)
    assert words("Use `likeness card` now.") == "Use `likeness card` now."


def test_the_facts_are_words_and_what_is_not_known_is_said(document: dict[str, Any]) -> None:
    facts = model_card(document).tables
    assert facts["training"]["Weights"] == "505,520"
    assert facts["training"]["Reads"] == "56 × 46 pixels, grey"
    assert facts["threshold"]["Valid for a gallery of"] == "no size is known"
    assert facts["threshold"]["Evidence: impostor pairs"] == "4,500"
    assert facts["model"]["Licence of the model"] == "none was stated"
    assert model_card({}).tables["training"]["Reads"] == "not known"
