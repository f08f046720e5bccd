"""The soft prior of ``plus``: ranks of places as numbers that are added to S."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tasnb.core.errors import UserError
from tasnb.core.types import Cue, NounPhrase, Parse, Relation
from tasnb.stages import spatial
from tasnb.stages.spatial import SOFT, RectifierRule, rectify

# four things: small and high on the left, the largest in the middle, a tall thin one, the lowest on the right
CENTRES = np.array([[10.0, 10.0], [40.0, 30.0], [60.0, 25.0], [90.0, 45.0]])
BOXES = np.array([[8, 8, 12, 12], [30, 20, 50, 40], [58, 5, 62, 45], [85, 40, 95, 50]])
AREAS = np.array([16, 400, 160, 100])


def parse_of(
    *cues: Cue, directions: tuple[Any, ...] = (), relations: tuple[Relation, ...] = (), text: str = "it"
) -> Parse:
    return Parse(
        text=text, head=None, directions=directions, direction_words=directions, cues=cues, relations=relations
    )


def order(parse: Parse, *, rule: RectifierRule = SOFT, **given: Any) -> list[int]:
    """Proposals by their prior, best first."""
    given = {"areas": AREAS, "boxes_xyxy": BOXES} | given
    kept, trace = rectify(parse, CENTRES, rule=rule, **given)
    assert kept.all(), "a soft rule takes nothing out"
    assert trace.prior is not None
    assert len(trace.verdicts) == len(CENTRES)
    return np.argsort(-trace.prior, kind="stable").tolist()


def cue(kind: str, value: str) -> Cue:
    return Cue(kind=kind, value=value, words=value)


@pytest.mark.parametrize(
    ("parse", "expected"),
    [
        pytest.param(parse_of(directions=("left",)), [0, 1, 2, 3], id="left: the outermost gains most"),
        pytest.param(parse_of(directions=("right",)), [3, 2, 1, 0], id="right"),
        pytest.param(parse_of(directions=("top",)), [0, 2, 1, 3], id="top"),
        pytest.param(parse_of(cue("extreme", "right")), [3, 2, 1, 0], id="an extreme without its direction"),
        pytest.param(parse_of(cue("ordinal", "second from left")), [1, 0, 2, 3], id="second from left"),
        pytest.param(parse_of(cue("ordinal", "third from right")), [1, 0, 2, 3], id="third from right"),
        pytest.param(parse_of(cue("ordinal", "last from left")), [3, 2, 1, 0], id="last from left"),
        pytest.param(parse_of(cue("ordinal", "first from front")), [3, 2, 1, 0], id="first from front"),
        pytest.param(parse_of(cue("middle", "middle")), [1, 2, 0, 3], id="middle: as many on either side"),
        pytest.param(parse_of(cue("depth", "front")), [3, 2, 1, 0], id="front: the lowest bottom edge"),
        pytest.param(parse_of(cue("depth", "farthest")), [0, 1, 2, 3], id="farthest"),
        pytest.param(parse_of(cue("size", "biggest")), [1, 2, 3, 0], id="biggest by area"),
        pytest.param(parse_of(cue("size", "tallest")), [2, 1, 3, 0], id="tallest by height"),
        pytest.param(parse_of(cue("size", "thin")), [0, 2, 3, 1], id="thin by width"),
    ],
)
def test_words_rank_the_proposals(parse: Parse, expected: list[int]) -> None:
    assert order(parse) == expected


def relation(word: str) -> Parse:
    return parse_of(
        cue("relation", f"{word} car"),
        relations=(Relation(word=word, phrase="red car", lemma="car", span=(0, 1)),),
    )


def test_a_relation_is_read_without_its_thing_and_better_with_it() -> None:
    car = {"red car": np.array([0.1, 0.2, 0.9, 0.3])}
    assert order(relation("left of")) == [0, 1, 2, 3]
    assert order(relation("right of"), object_scores=car) == [3, 2, 1, 0]
    alone = rectify(relation("left of"), CENTRES, rule=SOFT, areas=AREAS, boxes_xyxy=BOXES)[1].prior
    found = rectify(relation("left of"), CENTRES, rule=SOFT, areas=AREAS, boxes_xyxy=BOXES, object_scores=car)[1]
    assert ((found.prior - alone) == [1.5, 1.5, -1.5, -1.5]).all(), "half a queue for the right side of the thing"
    assert "left of proposal 2, which is most like" in found.sentence
    assert order(relation("next to"), object_scores=car)[::3] == [1, 2], "the nearest first, the thing itself last"


def test_between_is_the_middle_of_the_things_that_are_found() -> None:
    relations = tuple(Relation(word="between", phrase=phrase, lemma=phrase, span=(0, 1)) for phrase in ("car", "tree"))
    parse = parse_of(*(cue("relation", f"between {r.lemma}") for r in relations), relations=relations)
    car, tree = np.array([0.9, 0.1, 0.2, 0.3]), np.array([0.0, 0.1, 0.9, 0.3])
    assert order(parse) == [1, 2, 0, 3], "neither is found: the middle of the picture"
    assert order(parse, object_scores={"car": car, "tree": tree})[0] == 1
    one = rectify(parse, CENTRES, rule=SOFT, object_scores={"tree": tree})[1]
    assert np.argmax(one.prior) == 1, "one is found: what is nearest to it"
    assert one.sentence == '"between car and tree": proposals are ranked by nearness to proposal 2, most like "tree".'


def test_the_thing_is_found_where_the_caption_names_it() -> None:
    phrases = [NounPhrase(text=text, lemma="car") for text in ("blue car", "red car")]
    cosines = np.array([[0.9, 0.1], [0.2, 0.8]])
    found = spatial.object_scores(relation("left of"), phrases, cosines)
    np.testing.assert_array_equal(found["red car"], [0.1, 0.8], "the same phrase before another of its noun")
    np.testing.assert_array_equal(
        spatial.object_scores(relation("left of"), phrases[:1], cosines[:, :1])["red car"], [0.9, 0.2]
    )
    assert not spatial.object_scores(relation("left of"), [NounPhrase(text="dog", lemma="dog")], cosines[:, :1])


def test_one_strength_serves_encoders_of_any_spread() -> None:
    v = np.array([0.1, 0.4, 0.2, 0.3])
    left = parse_of(directions=("left",))
    wide = rectify(left, CENTRES, rule=SOFT, v=v)[1].prior
    np.testing.assert_allclose(rectify(left, CENTRES, rule=SOFT, v=0.01 * v + 5)[1].prior, 0.01 * wide)
    assert wide[0] - wide[-1] == pytest.approx(SOFT.strength * v.std())
    same = rectify(left, CENTRES, rule=SOFT, v=np.full(4, 0.2))[1].prior
    assert same[0] - same[-1] == SOFT.strength, "where V tells nothing apart the place alone does"


def test_an_ordinal_counts_what_looks_like_the_subject() -> None:
    """Of four things the first is nothing like the words: the second of the others is meant."""
    parse, v = parse_of(cue("ordinal", "second from left")), np.array([-9.0, 0.5, 0.5, 0.5])
    assert order(parse)[0] == 1
    assert order(parse, v=v)[0] == 2


def test_every_kind_of_word_can_be_switched_alone() -> None:
    parse = parse_of(cue("size", "biggest"), directions=("left",))
    parts = [rectify(parse, CENTRES, rule=replace(SOFT, reads=(kind,)), areas=AREAS)[1].prior for kind in SOFT.reads]
    whole = rectify(parse, CENTRES, rule=SOFT, areas=AREAS)[1].prior
    np.testing.assert_allclose(sum(parts), whole)
    assert [bool(part.any()) for part in parts] == [kind in ("direction", "size") for kind in SOFT.reads]


def test_nothing_said_one_proposal_and_empty_masks() -> None:
    trace = rectify(parse_of(), CENTRES, rule=SOFT)[1]
    assert (trace.applied, trace.prior.any()) == (False, False)
    assert trace.sentence == "Nothing says where the subject is, so all proposals stay."
    left = parse_of(directions=("left",))
    assert not rectify(left, CENTRES[:1], rule=SOFT)[1].prior.any(), "one proposal is the answer wherever it lies"
    assert rectify(left, np.zeros((0, 2)), rule=SOFT)[1].prior.shape == (0,)
    assert not rectify(left, np.full((3, 2), np.nan), rule=SOFT)[1].prior.any()
    some = rectify(left, np.array([[5.0, 5.0], [np.nan, np.nan], [9.0, 9.0]]), rule=SOFT)[1]
    assert some.prior.tolist() == [1.5, -1.5, -1.5]
    assert some.verdicts[1] == "-1.500: an empty mask has no place"


def test_what_cannot_be_read_changes_nothing_and_says_so() -> None:
    for said in (cue("size", "mightiest"), cue("ordinal", "umpteenth from left"), cue("depth", "front")):
        trace = rectify(parse_of(said), CENTRES, rule=SOFT)[1]
        assert not trace.prior.any()
        assert "not used" in trace.sentence


def test_ties_share_their_place() -> None:
    at = np.array([[5.0, 0.0], [5.0, 0.0], [9.0, 0.0]])
    prior = rectify(parse_of(directions=("left",)), at, rule=SOFT)[1].prior
    assert prior[0] == prior[1] > prior[2]


@pytest.mark.usefixtures("no_shape_checks")
def test_impossible_options_are_refused() -> None:
    with pytest.raises(UserError, match=r"reads 'colour'; choose from direction, middle"):
        RectifierRule(half="soft", reads=("colour",))
    with pytest.raises(UserError, match="strength: expected a finite number"):
        RectifierRule(half="soft", strength=float("nan"))
    assert RectifierRule(half="soft", reads=list(SOFT.reads)) == SOFT, "as run.json has it"


def test_a_stronger_prior_wins_more_often() -> None:
    """From no prior to one that decides alone: the answer moves to the outermost and never back."""
    v, parse = np.array([0.1, 0.2, 0.25, 0.9]), parse_of(directions=("left",))
    best = [
        int(np.argmax(v + rectify(parse, CENTRES, rule=replace(SOFT, strength=s), v=v)[1].prior))
        for s in (0.0, 1.0, 3.0, 9.0)
    ]
    assert (best[0], best[-1]) == (3, 0)
    assert all(a >= b for a, b in pairwise(best))
