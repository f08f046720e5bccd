"""Expressions are true of one thing only, their trees are trees, and each style keeps its word."""

from __future__ import annotations

import random
import re

import pytest
from toyworld.compose import compose
from toyworld.grammar import STYLES, Expression, expressions
from toyworld.truth import Claim, Layout, described, holds, in_half
from toyworld.words import GARMENTS, PLACE_WORDS, covers
from toyworld.world import COLOURS, Scene, Thing

SCENES = 300
# spaCy's English labels that the grammar uses
LABELS = frozenset(
    ("ROOT", "acl", "advmod", "amod", "aux", "auxpass", "cc", "compound", "conj", "det", "dobj", "npadvmod", "nsubj",
     "nsubjpass", "pobj", "prep", "relcl")
)  # fmt: skip


def thing(kind: str, colour: str, x: float, y: float, **more: object) -> Thing:
    return Thing(kind=kind, colour=colour, x=x, y=y, height=50, **more)  # type: ignore[arg-type]


# two brown dogs left and right, a white one between, a man far right, a red ball
PARK = Scene(
    seed=0,
    background="meadow",
    things=(
        thing("dog", "brown", 40, 150),
        thing("dog", "white", 120, 180),
        thing("dog", "brown", 190, 170),
        thing("man", "red", 232, 160, hat="blue"),
        thing("ball", "red", 60, 235, pattern="striped"),
    ),
)


@pytest.fixture(scope="module")
def said() -> list[tuple[Scene, int, str, tuple[Expression, ...]]]:
    """One thing of each of 300 scenes, referred to in every style."""
    rows = []
    for seed in range(SCENES):
        scene = compose(3_000_000 + seed)
        target = seed % len(scene.things)
        for style in STYLES:
            rng = random.Random(f"{seed} {style}")
            rows.append((scene, target, style, expressions(scene, target, style=style, rng=rng, count=2)))  # type: ignore[arg-type]
    return rows


@pytest.mark.slow
def test_every_expression_is_true_of_its_thing_and_of_nothing_else(said) -> None:
    for scene, target, _, found in said:
        for e in found:
            assert described(scene, e.claim) == (target,), e.text


def test_noun_and_colour_in_the_text_are_the_targets_own(said) -> None:
    """Read from the words, not from the claim."""
    for scene, target, _, found in said:
        meant = scene.things[target]
        for e in found:
            subject = next(
                i for i, t in enumerate(e.tokens) if t.text == e.head and t.dep in ("ROOT", "nsubj", "nsubjpass")
            )
            assert meant.kind in covers(e.head) or e.head == "bear", e.text
            if meant.kind not in GARMENTS:
                colours = [t.text for t in e.tokens if t.head == subject and t.dep == "amod" and t.text in COLOURS]
                assert set(colours) <= {meant.colour}, e.text


def test_nearly_everything_can_be_referred_to(said) -> None:
    for style in STYLES:
        empty = [not found for *_, s, found in said if s == style]
        assert sum(empty) / len(empty) < 0.1, style


def test_trees_have_one_root_no_cycle_and_no_crossing(said) -> None:
    for *_, found in said:
        for e in found:
            heads = [t.head for t in e.tokens]
            assert sum(h == i for i, h in enumerate(heads)) == 1, e.text
            for i in range(len(heads)):
                at, steps = i, 0
                while heads[at] != at:
                    at, steps = heads[at], steps + 1
                    assert steps <= len(heads), e.text
            arcs = [(min(i, h), max(i, h)) for i, h in enumerate(heads) if i != h]
            assert not any(a < c < b < d for a, b in arcs for c, d in arcs), e.text
            assert {t.dep for t in e.tokens} <= LABELS


def test_spans_and_tokens_spell_the_text(said) -> None:
    for *_, found in said:
        for e in found:
            assert " ".join(t.text for t in e.tokens) == e.text
            assert e.text[slice(*e.head_span)] == e.head
            for relation in e.relations:
                assert e.text[slice(*relation.span)] == relation.lemma
                assert relation.phrase in e.text
            assert all(m in e.text for m in e.modifiers)


def test_directions_are_those_a_reader_finds(said) -> None:
    """An own little reader: words of direction, less "left of the bus" and "second from left"."""
    names = {"upper": "top", "lower": "bottom"}
    for *_, found in said:
        for e in found:
            text = re.sub(r"\b(left|right) of (?!the (picture|image|photo))", "", e.text)
            text = re.sub(r"\bfrom (the )?(left|right)\b", "", text)
            words = re.findall(r"\b(left|right|top|bottom|upper|lower)(?:most)?\b", text)
            assert e.directions == tuple(dict.fromkeys(names.get(w, w) for w in words)), e.text
            assert len(e.direction_words) == len(e.directions)


def test_reftoy_plus_says_no_place(said) -> None:
    for *_, style, found in said:
        if style == "reftoy+":
            assert not any(PLACE_WORDS & set(e.text.split()) for e in found)
            assert not any(e.directions or "location" in e.types for e in found)


def test_styles_have_their_shares_of_places_and_relations(said) -> None:
    for style, tag, low, high in (
        ("reftoy", "location", 0.45, 0.7), ("reftoyg", "relation", 0.4, 0.75), ("reftoyg", "location", 0.08, 0.35),
        ("reftoy", "hypernym", 0.08, 0.4), ("reftoy", "synonym", 0.02, 0.2),
    ):  # fmt: skip
        tags = [e.types for *_, s, found in said if s == style for e in found]
        share = sum(tag in t for t in tags) / len(tags)
        assert low < share < high, (style, tag, share)


def test_no_expression_comes_twice_for_one_thing(said) -> None:
    for *_, found in said:
        texts = [e.text for e in found]
        assert len(set(texts)) == len(texts)


def test_the_same_seed_says_the_same() -> None:
    first, second = (expressions(PARK, 0, style="reftoy", rng=random.Random(5), count=3) for _ in range(2))
    assert first == second
    assert first


@pytest.mark.parametrize(
    ("claim", "meant"),
    [
        pytest.param(Claim(noun="dog"), (0, 1, 2), id="three dogs"),
        pytest.param(Claim(noun="dog", colour="white"), (1,), id="the white one"),
        pytest.param(Claim(noun="pup", place="left"), (0,), id="the leftmost of three"),
        pytest.param(Claim(noun="dog", place="right"), (2,), id="the rightmost dog though the man is further right"),
        pytest.param(Claim(noun="dog", place="middle"), (1,), id="the middle of three"),
        pytest.param(Claim(noun="dog", place="second left"), (1,), id="second from left"),
        pytest.param(Claim(noun="ball", place="left"), (4,), id="a single thing must really be left"),
        pytest.param(Claim(noun="man", place="left"), (), id="a single thing that is not left"),
        pytest.param(Claim(noun="dog", colour="brown", place="top"), (0,), id="the higher of two"),
        pytest.param(Claim(noun="man", size="tall"), (), id="one man alone is not tall"),
        pytest.param(Claim(noun="person", hat="blue"), (3,), id="a hypernym with a hat"),
        pytest.param(Claim(noun="person", hat="none"), (), id="nobody goes without"),
        pytest.param(Claim(noun="person", colour="blue"), (3,), id='a blue hat makes "in blue" possible'),
        pytest.param(
            Claim(noun="dog", relation="left of", landmark=Claim(noun="man")),
            (),
            id="too loose: all dogs are left of him",
        ),
        pytest.param(Claim(noun="dog", relation="behind", landmark=Claim(noun="dog")), (), id="an unclear landmark"),
    ],
)
def test_what_a_claim_describes(claim: Claim, meant: tuple[int, ...]) -> None:
    assert described(PARK, claim) == meant


def test_in_blue_is_not_said_of_a_blue_hat_alone() -> None:
    assert not holds(PARK, Claim(noun="person", colour="blue"), 3)


def test_a_tie_with_the_median_goes_right() -> None:
    layout = Layout.of_scene(PARK)
    assert not in_half(layout, 1, "left")  # the white dog is the median of the five
    assert in_half(layout, 1, "right")


def test_wrong_style_and_wrong_target_are_named() -> None:
    with pytest.raises(ValueError, match=r"unknown style 'refcoco'; choose from reftoy, reftoy\+, reftoyg"):
        expressions(PARK, 0, style="refcoco", rng=random.Random(0))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="target 7 is not one of the scene's 5 things"):
        expressions(PARK, 7, style="reftoy", rng=random.Random(0))
