"""What counts as an expression, and that its characters are read whatever a phone, a PDF or a table made of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasnb.core.errors import UserError
from tasnb.stages.expressions import OFFICIAL, PAPER, ParseRule, noun_phrases, parse, parse_all, readable, require_text
from tasnb.stages.expressions.spelling import MOST_CHARACTERS

# caption, as it came, as it is read
TYPED = [
    ("an ellipsis", "the man on the left\u2026", "the man on the left..."),
    ("a hyphen that does not break", "left\u2011hand man", "left-hand man"),
    ("a hyphen of its own", "left\u2010hand man", "left-hand man"),
    ("an en dash", "left\u2013hand man", "left-hand man"),
    ("a minus", "left\u2212hand man", "left-hand man"),
    ("an em dash", "left man\u2014blue shirt", "left man - blue shirt"),
    ("a blank without width", "the\u200bleft man", "the left man"),
    ("one at the end", "man on the left\u200b", "man on the left"),
    ("a byte order mark", "\ufeffleft man", "left man"),
    ("a word joiner", "the\u2060left man", "the left man"),
    ("a soft hyphen", "le\u00adft man", "left man"),
    ("a joiner", "le\u200dft man", "left man"),
    ("a variation selector", "left\ufe0f man", "left man"),
    ("a blank that does not break", "the\u00a0left\u202fman", "the left man"),
    ("an ideographic blank", "the\u3000left man", "the left man"),
    ("directions of writing", "\u202athe \u200eleft\u202c man\u2069", "the left man"),
    ("a comma of full width", "the man on the left\uff0cblue shirt", "the man on the left,blue shirt"),
    ("an ideographic comma", "man left\u3001blue shirt", "man left, blue shirt"),
    ("letters of full width", "\uff4c\uff45\uff46\uff54 man", "left man"),
    ("mathematical letters", "\U0001d425\U0001d41e\U0001d41f\U0001d42d man", "left man"),
    ("a ligature", "le\ufb05 man \ufb01ne", "lest man fine"),
    ("curled quotes", "the \u2018left\u2019 man\u2019s \u201chat\u201d", "the 'left' man's \"hat\""),
    ("angled quotes", "the \u00ableft\u00bb man", 'the "left" man'),
    ("an accent for an apostrophe", "the left man\u00b4s hat", "the left man's hat"),
    ("a prime", "the left man\u2032s hat", "the left man's hat"),
    ("the end of a line", "the left\nman", "the left man"),
    ("Windows' end of a line", "the left\r\nman\r\n", "the left man"),
    ("a separator of paragraphs", "the left\u2029man", "the left man"),
    ("a tab", "the\tleft man", "the left man"),
    ("a null character", "the\x00left man", "the left man"),
    ("an escape", "the \x1bleft man", "the left man"),
    ("a C1 control", "the\x85left\x9bman", "the left man"),
    ("what stays", "the café cat, 2 €: 左 🐱", "the café cat, 2 €: 左 🐱"),
]


@pytest.mark.parametrize(("typed", "read"), [row[1:] for row in TYPED], ids=[row[0] for row in TYPED])
def test_what_is_typed_is_read_as_a_keyboard_writes_it(typed: str, read: str) -> None:
    line, places = readable(typed)
    assert line == read
    assert len(places) == len(line)
    assert list(places) == sorted(places)


@pytest.mark.parametrize(
    "typed", [row[1] for row in TYPED if "left" in row[2]], ids=[r[0] for r in TYPED if "left" in r[2]]
)
@pytest.mark.parametrize("rule", [PAPER, OFFICIAL], ids=["paper", "official"])
def test_no_character_loses_the_direction(nlp, typed: str, rule: ParseRule) -> None:
    plain, found = parse(readable(typed)[0], nlp, rule=rule), parse(typed, nlp, rule=rule)
    assert found.text == typed
    assert found.directions == plain.directions
    assert "left" in found.directions or rule is OFFICIAL
    assert [(t.text, t.lemma, t.pos) for t in found.tokens] == [(t.text, t.lemma, t.pos) for t in plain.tokens]
    for token in found.tokens:
        assert readable(typed[token.start : token.end])[0] == token.text or token.text in "-...,lest"
    assert (found.head and found.head.lemma) == (plain.head and plain.head.lemma)


def test_words_of_a_relation_reach_the_models_as_they_are_read(nlp) -> None:
    relation = parse("the man next to the\n red\u00a0 car", nlp).relations[0]
    assert relation.phrase == "red car"
    assert noun_phrases("a man\u00a0on  a\nbus", nlp) == noun_phrases("a man on a bus", nlp)


# caption, what is no expression, what the refusal says
REFUSED = [
    ("nothing", "", "got ''"),
    ("blanks", " \t\n", "say in words"),
    ("nothing that can be seen", "\u200b\ufeff\u00ad\x00", "say in words"),
    ("too long", "a" * (MOST_CHARACTERS + 1), "at most 1,000 characters, got 1,001"),
    ("far too long", "(" * 10**6, "got 1,000,000"),
    ("too long when it is written out", "\u2026" * 500, "got 1,500"),
    ("half a character", "the left \ud83d man", "half of a character at place 9"),
    ("half a character first", "\udce9", "half of a character at place 0"),
]


@pytest.mark.parametrize(("text", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_no_expression_is_refused_everywhere_in_one_line(nlp, text: str, says: str) -> None:
    for ask in (require_text, lambda t: parse(t, nlp), lambda t: parse_all(["cat", t], nlp)):
        with pytest.raises(UserError, match=says) as refused:
            ask(text)
        assert "\n" not in str(refused.value)
        str(refused.value).encode()
        assert len(str(refused.value)) < 300


@pytest.mark.parametrize("text", [None, 5, b"the left cat", ["left"]])
def test_what_is_no_text_is_a_type_error(text, no_shape_checks) -> None:
    with pytest.raises(TypeError, match="expected an expression as text"):
        require_text(text)


def test_a_caption_that_goes_on_is_cut_at_a_word(nlp) -> None:
    stutter = "a dog and " * 500
    assert len(noun_phrases(stutter, nlp)) == 100
    assert readable(stutter, most=12)[0] == "a dog and a"
    assert readable("a" * 50, most=12)[0] == "a" * 12
    noun_phrases("(" * 10**5, nlp)


# what takes time: each is read whole at the longest that is allowed
LONG = [
    "(",
    "a ",
    "left ",
    "'s",
    "-",
    "left of ",
    "the left cat behind ",
    "\u0301",
    "\U0001f431",
    "\u05d0",
    "http://a.",
]


@pytest.mark.parametrize("rule", [PAPER, OFFICIAL], ids=["paper", "official"])
def test_the_longest_expressions_are_read(nlp, rule: ParseRule) -> None:
    texts = [(piece * MOST_CHARACTERS)[:MOST_CHARACTERS] for piece in LONG]
    assert [found.text for found in parse_all(texts, nlp, rule=rule)] == texts


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.text(st.characters(exclude_categories=()), max_size=40)
    | st.text("lefright -'\u2019\u2014\u200b\n\ud800(),.", max_size=60)
)
def test_any_text_is_an_expression_or_a_users_error(nlp, text: str) -> None:
    try:
        found = parse(text, nlp, rule=OFFICIAL if len(text) % 2 else PAPER)
    except UserError:
        return
    assert found.text == text
    assert all(0 <= token.start < token.end <= len(text) for token in found.tokens)
    noun_phrases(text, nlp)
