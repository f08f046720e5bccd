"""The rectifier: halves, quadrants, and the extended rectifier's cues, each with its sentence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasnb.core.masks import areas, centroids_xy
from tasnb.core.types import DIRECTIONS, Cue, Parse, Relation
from tasnb.stages.spatial import EXTENDED, OFFICIAL, PAPER, RectifierRule, rectify

NAN = (np.nan, np.nan)


def said(*directions: str, words: tuple[str, ...] = (), cues=(), relations=()) -> Parse:
    return Parse(
        text="thing",
        head=None,
        directions=directions,  # type: ignore[arg-type]
        direction_words=words or directions,
        cues=tuple(cues),
        relations=tuple(relations),
    )


def row(*xs: float, y: float = 5.0) -> np.ndarray:
    return np.array([(x, y) for x in xs], dtype=float)


def grid(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, dtype=float).reshape(-1, 2)


def kept_of(parse: Parse, centres: np.ndarray, **options) -> list[int]:
    kept, trace = rectify(parse, centres, **options)
    assert kept.dtype == bool
    assert len(kept) == len(trace.verdicts) == len(centres)
    assert trace.applied is not bool(kept.all())
    assert [v.startswith("stays") for v in trace.verdicts] == kept.tolist(), "each verdict says what became of it"
    return np.flatnonzero(kept).tolist()


@pytest.mark.parametrize(
    ("directions", "centres", "expected"),
    [
        pytest.param(["left"], row(10, 20, 30, 40), [0, 1], id="even: the median lies between"),
        pytest.param(["right"], row(10, 20, 30, 40), [2, 3], id="even, the other side"),
        pytest.param(["left"], row(10, 20, 30), [0], id="odd: a tie is not left"),
        pytest.param(["right"], row(10, 20, 30), [1, 2], id="odd: a tie goes right"),
        pytest.param(["top"], grid((5, 10), (5, 20), (5, 30)), [0], id="top is small y"),
        pytest.param(["bottom"], grid((5, 10), (5, 20), (5, 30)), [1, 2], id="a tie goes to the bottom"),
        pytest.param(["top", "left"], grid((1, 1), (1, 9), (9, 1), (9, 9)), [0], id="compound directions intersect"),
        pytest.param(["right", "bottom"], grid((1, 1), (1, 9), (9, 1), (9, 9)), [3], id="in any order"),
        pytest.param(
            ["left"], row(10, 10, 10, 50), [0, 1, 2, 3], id="the median itself is 10: left is empty, all stay"
        ),
        pytest.param(["left"], row(7, 7, 7), [0, 1, 2], id="all the same: left is empty, all stay"),
        pytest.param(["right"], row(7, 7, 7), [0, 1, 2], id="all the same: every one is a tie, and right"),
        pytest.param(["left", "right"], row(10, 20, 30), [0, 1, 2], id="a contradiction is empty, all stay"),
        pytest.param(["top", "left"], grid((1, 9), (9, 1)), [0, 1], id="an empty corner, all stay"),
        pytest.param([], row(10, 20, 30), [0, 1, 2], id="no direction"),
        pytest.param(["left"], row(10), [0], id="one proposal"),
        pytest.param(["right"], grid(NAN), [0], id="one proposal, an empty mask"),
        pytest.param(["left"], grid(), [], id="no proposals"),
        pytest.param(
            ["left"], grid((10, 5), NAN, (30, 5), (20, 5)), [0], id="an empty mask is out, and not in the median"
        ),
        pytest.param(["right"], grid((10, 5), NAN, (30, 5)), [2], id="nor is it right"),
        pytest.param(["left"], grid(NAN, NAN), [0, 1], id="every mask is empty"),
        pytest.param(["left"], row(10.2, 10.4, 10.6), [0], id="centres are float means"),
    ],
)
def test_the_papers_half(directions, centres, expected) -> None:
    assert kept_of(said(*directions), centres) == expected


def test_the_sentence_counts_and_names_the_median() -> None:
    _, trace = rectify(said("left"), row(10, 20, 30, 40))
    assert trace.sentence == (
        '"left": 2 of 4 proposals have their centre left of the median x = 25.0; they stay candidates.'
    )
    assert trace.verdicts[0] == "stays: its centre x = 10.0 is left of the median 25.0"
    assert trace.verdicts[2] == "out: its centre x = 30.0 is right of the median 25.0"
    assert (trace.rule, trace.directions, trace.applied) == ("paper", ("left",), True)


def test_the_sentence_of_a_corner_names_both_medians_and_the_words_said() -> None:
    _, trace = rectify(said("bottom", "right", words=("lower", "right")), grid((1, 1), (1, 9), (9, 1), (9, 9)))
    assert trace.sentence == (
        '"lower right": 1 of 4 proposals has its centre below or on the median y = 5.0 and right of or on the median '
        "x = 5.0; it stays a candidate."
    )
    assert trace.verdicts == (
        "out: its centre y = 1.0 is above the median 5.0 and x = 1.0 is left of the median 5.0",
        "out: its centre x = 1.0 is left of the median 5.0",
        "out: its centre y = 1.0 is above the median 5.0",
        "stays: its centre y = 9.0 is below the median 5.0 and x = 9.0 is right of the median 5.0",
    )


@pytest.mark.parametrize(
    ("parse", "centres", "words"),
    [
        pytest.param(said("left"), row(7, 7), ['"left"', "no candidate is there", "all stay"], id="empty half"),
        pytest.param(said(), row(1, 2), ["Nothing says where", "all proposals stay"], id="no direction"),
        pytest.param(said("left"), row(1), ["one proposal", "the answer"], id="one proposal"),
        pytest.param(said("left"), grid(), ["no proposal"], id="no proposals"),
        pytest.param(said("left"), grid(NAN, NAN), ["Every mask is empty", "all stay"], id="all empty"),
    ],
)
def test_when_all_stay_the_sentence_says_why(parse, centres, words) -> None:
    _, trace = rectify(parse, centres)
    assert all(word in trace.sentence for word in words), trace.sentence
    assert not trace.applied
    assert set(trace.verdicts) <= {"stays"}


def test_ties_and_empty_masks_are_explained() -> None:
    _, trace = rectify(said("top"), grid((5, 10), (5, 20), NAN, (5, 30)))
    assert trace.verdicts[1] == "out: its centre y = 20.0 is on the median, and a tie goes to the bottom"
    assert trace.verdicts[2] == "out: an empty mask has no centre"


points = st.lists(st.tuples(*[st.integers(0, 6).map(float)] * 2), min_size=2, max_size=9)


@given(points, st.sampled_from(DIRECTIONS))
def test_opposite_halves_share_nobody_and_leave_nobody_out(found, direction) -> None:
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}[direction]
    centres = grid(*found)
    axis = 0 if direction in ("left", "right") else 1
    if len(set(centres[:, axis])) > 1 and (centres[:, axis] < np.median(centres[:, axis])).any():
        one, other = kept_of(said(direction), centres), kept_of(said(opposite), centres)
        assert sorted(one + other) == list(range(len(found)))


@given(points, st.lists(st.sampled_from(DIRECTIONS), max_size=3, unique=True))
def test_somebody_always_stays(found, directions) -> None:
    centres = grid(*found)
    totals = np.arange(len(found), dtype=float)
    for rule in (PAPER, OFFICIAL, EXTENDED):
        assert kept_of(said(*directions), centres, rule=rule, totals=totals)


# official -----------------------------------------------------------------------------------------------------------

CORNERS = grid((1, 1), (1, 9), (9, 1), (9, 9))  # top left, bottom left, top right, bottom right
QUADRANTS = RectifierRule(half="quadrants")


@pytest.mark.parametrize(
    ("directions", "totals", "expected"),
    [
        pytest.param(["left"], [0.9, 0.1, 0.5, 0.5], [0], id="left: the better of its two quadrants"),
        pytest.param(["left"], [0.1, 0.9, 0.5, 0.5], [1], id="left: the lower one"),
        pytest.param(["left"], [0.3, 0.3, 0.5, 0.5], [1], id="left: a tie takes the lower one"),
        pytest.param(["right"], [0.9, 0.9, 0.2, 0.1], [2], id="right"),
        pytest.param(["top"], [0.1, 0.9, 0.2, 0.9], [2], id="top"),
        pytest.param(["bottom"], [0.1, 0.3, 0.2, 0.3], [3], id="bottom: a tie takes the right one"),
        pytest.param(
            ["top", "right"], [0.9, 0.9, 0.1, 0.9], [2], id="two directions name the quadrant, whatever S says"
        ),
        pytest.param(["left", "right"], [0.9, 0.1, 0.95, 0.1], [0], id="left and right: left goes first"),
        pytest.param(["bottom", "top", "left"], [0.1, 0.9, 0.9, 0.9], [0], id="top goes before bottom"),
        pytest.param([], [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3], id="no direction"),
    ],
)
def test_the_authors_quadrants(directions, totals, expected) -> None:
    assert kept_of(said(*directions), CORNERS, rule=QUADRANTS, totals=np.array(totals)) == expected


def test_both_halves_differ_on_the_same_picture() -> None:
    totals = np.array([0.9, 0.1, 0.5, 0.5])
    assert kept_of(said("left"), CORNERS, rule=PAPER, totals=totals) == [0, 1]
    assert kept_of(said("left"), CORNERS, rule=QUADRANTS, totals=totals) == [0]


def test_an_empty_quadrant_loses_and_an_empty_half_keeps_all() -> None:
    centres = grid((1, 9), (5, 5), (9, 1))  # the medians are 5 and 5: nobody is top left
    assert kept_of(said("left"), centres, rule=QUADRANTS, totals=np.array([-1.0, 0.0, 0.0])) == [0]
    assert kept_of(said("top", "left"), centres, rule=QUADRANTS, totals=np.zeros(3)) == [0, 1, 2]
    assert kept_of(said("left"), row(7, 7, 7), rule=QUADRANTS, totals=np.zeros(3)) == [0, 1, 2]


def test_an_empty_mask_is_in_no_quadrant() -> None:
    centres, totals = np.concatenate([CORNERS, grid(NAN)]), np.array([0.1, 0.2, 0.3, 0.4, 9.0])
    assert kept_of(said("right"), centres, rule=OFFICIAL, totals=totals) == [3]


def test_the_quadrants_trace_says_which_and_why() -> None:
    _, trace = rectify(said("left"), CORNERS, rule=OFFICIAL, totals=np.array([0.9, 0.1, 0.5, 0.5]))
    assert trace.sentence == (
        '"left": 1 of 4 proposals lie in the top left quadrant, as it holds the better S of the half\'s two (0.900).'
    )
    assert trace.verdicts[3] == "out: its centre (9.0, 9.0) lies in the bottom right quadrant"
    assert trace.rule == "official"


def test_truncated_centres_make_ties_that_float_means_do_not() -> None:
    centres = row(10.2, 10.6, 10.9, 30.0)
    assert kept_of(said("left"), centres, rule=RectifierRule(centres="float")) == [0, 1]
    assert kept_of(said("left"), centres, rule=RectifierRule(centres="int")) == [0, 1, 2, 3], (
        "10, 10, 10: left is empty"
    )
    centres = row(10.9, 11.1, 12.5)
    assert (
        rectify(said("right"), centres, rule=RectifierRule(centres="int"))[1]
        .verdicts[0]
        .endswith("x = 10.0 is left of the median 11.0")
    )


def test_quadrants_need_the_totals_for_a_half_and_not_for_a_corner() -> None:
    with pytest.raises(ValueError, match="pass totals, the S of each proposal"):
        rectify(said("left"), CORNERS, rule=OFFICIAL)
    assert kept_of(said("top", "left"), CORNERS, rule=OFFICIAL) == [0]


def authors_index(directions, centres, totals) -> int:
    """The index that suoych/TAS picks, from a description of its control flow: an oracle for random scenes."""
    x, y = np.trunc(centres).T
    mx, my = np.median(x), np.median(y)
    best = int(np.argmax(totals))
    parts = {
        "1": (y < my) & (x < mx), "2": (y >= my) & (x < mx), "3": (y < my) & (x >= mx), "4": (y >= my) & (x >= mx),
    }  # fmt: skip
    top = {
        k: (max(totals[m]), int(np.flatnonzero(m)[np.argmax(totals[m])])) if m.any() else (0, best)
        for k, m in parts.items()
    }
    left, right, up, down = (d in directions for d in ("left", "right", "top", "bottom"))
    if up or down:
        if left or right:
            return top[{(True, True): "1", (True, False): "3", (False, True): "2", (False, False): "4"}[up, left]][1]
        first, second = ("1", "3") if up else ("2", "4")
    elif left or right:
        first, second = ("1", "2") if left else ("3", "4")
    else:
        return best
    return top[first][1] if top[first][0] > top[second][0] else top[second][1]


@given(points, st.lists(st.sampled_from(DIRECTIONS), max_size=3, unique=True), st.randoms(use_true_random=False))
def test_the_official_choice_is_the_authors_on_random_scenes(found, directions, random) -> None:
    centres = grid(*found) + 0.4
    totals = np.array([random.choice([0.1, 0.2, 0.3, 0.4]) for _ in found])  # few values, so that ties come up
    kept, _ = rectify(said(*directions), centres, rule=OFFICIAL, totals=totals)
    assert int(np.argmax(np.where(kept, totals, -np.inf))) == authors_index(directions, centres, totals)


# extended -----------------------------------------------------------------------------------------------------------


def cue(kind: str, value: str, words: str | None = None) -> Cue:
    return Cue(kind=kind, value=value, words=words or value)


LINE = row(10, 20, 30, 40, 50, 60)
EQUAL = np.zeros(6)
ALL = [0, 1, 2, 3, 4, 5]
DIAL = grid((50, 10), (90, 50), (50, 90), (10, 50), (50, 50))  # 12, 3, 6, 9 o'clock, and the middle


def case(name: str, parse: Parse, expected: list[int], on=LINE, totals=None, sizes=None):
    return pytest.param(parse, on, totals, sizes, expected, id=name)


@pytest.mark.parametrize(
    ("parse", "centres", "totals", "sizes", "expected"),
    [
        case("middle: the middle third", said(cues=[cue("middle", "middle")]), [2, 3]),
        case("middle of three", said(cues=[cue("middle", "middle")]), [1], on=row(1, 2, 9)),
        case(
            "middle left: the middle of the height",
            said("left", cues=[cue("middle", "middle")]),
            [1],
            on=grid((1, 1), (1, 5), (1, 9), (9, 1), (9, 5), (9, 9)),
        ),
        case("leftmost", said("left", cues=[cue("extreme", "left")]), [0]),
        case("rightmost", said("right", cues=[cue("extreme", "right")]), [5]),
        case("lowest", said("bottom", cues=[cue("extreme", "bottom")]), [1], on=grid((1, 1), (1, 8), (1, 3))),
        case("leftmost: a tie stays", said(cues=[cue("extreme", "left")]), [0, 1], on=row(3, 3, 9)),
        case(
            "leftmost of the likely, though right of the median",
            said("left", cues=[cue("extreme", "left")]),
            [4],
            totals=[0, 0, 0, 0, 0.9, 0.9],
        ),
        case("second from left", said("left", cues=[cue("ordinal", "second from left")]), [1]),
        case("third from right", said("right", cues=[cue("ordinal", "third from right")]), [3]),
        case("a number", said(cues=[cue("ordinal", "2 from left")]), [1]),
        case(
            "second of the likely",
            said(cues=[cue("ordinal", "2nd from left")]),
            [3],
            totals=[0.1, 0.9, 0.1, 0.9, 0.9, 0.1],
        ),
        case("last from left", said(cues=[cue("ordinal", "last from left")]), [5]),
        case("too few to count", said(cues=[cue("ordinal", "ninth from left")]), ALL),
        case("second, but from where", said(cues=[cue("ordinal", "second")]), ALL),
        case("biggest: a tie stays", said(cues=[cue("size", "biggest")]), [1, 3], sizes=[5, 9, 2, 9, 1, 3]),
        case("smallest", said(cues=[cue("size", "smallest")]), [4], sizes=[5, 9, 2, 9, 1, 3]),
        case(
            "the biggest of the left half", said("left", cues=[cue("size", "biggest")]), [1], sizes=[5, 9, 2, 10, 1, 3]
        ),
        case("biggest without areas", said(cues=[cue("size", "biggest")]), ALL),
        case("a size that areas cannot tell", said(cues=[cue("size", "tallest")]), ALL, sizes=[1] * 6),
        case("twelve o'clock is up", said(cues=[cue("clock", "12")]), [0], on=DIAL),
        case("three is right", said(cues=[cue("clock", "3")]), [1], on=DIAL),
        case("seven is near six", said(cues=[cue("clock", "7")]), [2], on=DIAL),
        case("no such hour", said(cues=[cue("clock", "25")]), [0, 1, 2, 3, 4], on=DIAL),
        case("a kind nobody knows", said(cues=[cue("colour", "red")]), ALL),
        case("regions come before picks", said(cues=[cue("middle", "middle"), cue("extreme", "left")]), [2]),
        case(
            "an empty mask is never leftmost",
            said("left", cues=[cue("extreme", "left")]),
            [1],
            on=grid(NAN, (5, 5), (9, 5)),
        ),
        case("without cues it is the paper's", said("left"), [0, 1, 2]),
    ],
)
def test_the_extended_rectifier(parse, centres, totals, sizes, expected) -> None:
    totals, sizes = (None if column is None else np.array(column) for column in (totals, sizes))
    assert kept_of(parse, centres, rule=EXTENDED, totals=totals, areas=sizes) == expected


def test_cues_change_nothing_unless_extended() -> None:
    parse = said("left", cues=[cue("extreme", "left"), cue("size", "biggest")], relations=[BUS])
    for rule in (PAPER, RectifierRule(centres="int")):
        assert kept_of(parse, LINE, rule=rule, totals=EQUAL, areas=np.arange(6)) == [0, 1, 2]


BUS = Relation(word="left of", phrase="the bus", lemma="bus", span=(0, 0))
IS_BUS = {"the bus": np.array([0.0, 0.1, 0.0, 0.9, 0.1, 0.0])}


@pytest.mark.parametrize(
    ("word", "expected"),
    [("left of", [0, 1, 2]), ("to the right of", [4, 5]), ("above", [0, 1, 2]), ("underneath", [4, 5])],
)
def test_a_relation_is_read_from_the_thing_that_scores_best(word: str, expected: list[int]) -> None:
    relation = Relation(word=word, phrase="the bus", lemma="bus", span=(0, 0))
    diagonal = grid(*((v, v) for v in range(6)))
    assert kept_of(said(relations=[relation]), diagonal, rule=EXTENDED, object_scores=IS_BUS) == expected


@pytest.mark.parametrize(
    ("relation", "scores", "why"),
    [
        pytest.param(BUS, None, 'no score says which proposal is "the bus"', id="no scores"),
        pytest.param(BUS, {"the car": EQUAL}, 'no score says which proposal is "the bus"', id="of another thing"),
        pytest.param(
            Relation(word="next to", phrase="the bus", lemma="bus", span=(0, 0)), IS_BUS,
            "centres only tell left of, right of, above and below", id="a relation that centres cannot tell",
        ),
    ],
)  # fmt: skip
def test_a_relation_that_cannot_be_read_is_not_used_and_says_so(relation, scores, why) -> None:
    kept, trace = rectify(said(relations=[relation]), LINE, rule=EXTENDED, object_scores=scores)
    assert kept.all()
    assert "relation not used" in trace.sentence
    assert why in trace.sentence


def test_a_relation_counts_once_though_the_parser_lists_it_as_a_cue_too() -> None:
    parse = said(relations=[BUS], cues=[cue("relation", "left of")])
    assert rectify(parse, LINE, rule=EXTENDED)[1].sentence.count("not used") == 1
    alone = said(cues=[cue("relation", "left of")])
    assert "cannot be read from the masks" in rectify(alone, LINE, rule=EXTENDED)[1].sentence


def test_each_step_adds_its_sentence_and_the_first_that_excludes_gives_the_verdict() -> None:
    parse = said("left", cues=[cue("size", "biggest")])
    _, trace = rectify(parse, row(10, 20, 30, 40), rule=EXTENDED, areas=np.array([3, 7, 9, 9]))
    assert trace.sentence == (
        '"left": 2 of 4 proposals have their centre left of the median x = 25.0; they stay candidates. '
        '"biggest": 1 of 4 proposals is the biggest among the candidates.'
    )
    assert trace.verdicts == (
        "out: not the biggest among the candidates",
        "stays: the biggest among the candidates",
        "out: its centre x = 30.0 is right of the median 25.0",
        "out: its centre x = 40.0 is right of the median 25.0",
    )
    assert trace.rule == "extended"


# the frame ----------------------------------------------------------------------------------------------------------


def test_the_rule_is_named_after_its_preset_or_its_options() -> None:
    assert [rule.name for rule in (PAPER, OFFICIAL, EXTENDED)] == ["paper", "official", "extended"]
    assert RectifierRule(centres="int").name == "half=median, centres=int, extended=False"


def test_from_masks_to_candidates() -> None:
    masks = np.zeros((3, 8, 8), dtype=bool)
    masks[0, :2, :2] = masks[1, :2, 6:] = True  # the third is empty
    assert kept_of(said("left"), centroids_xy(masks), areas=areas(masks)) == [0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"totals": np.zeros(2)}, "totals: expected one value for each of 3 proposals, got 2"),
        ({"areas": np.zeros(4, int)}, "areas: expected one value for each of 3 proposals, got 4"),
        ({"object_scores": {"the bus": np.zeros(1)}}, r"object_scores\['the bus'\]: expected one value"),
    ],
)
@pytest.mark.usefixtures("no_shape_checks")
def test_columns_of_another_length_are_refused(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        rectify(said("left"), row(1, 2, 3), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"half": "mean"}, "unknown half 'mean'; choose from median, quadrants"),
        ({"centres": "round"}, "unknown centres 'round'; choose from float, int"),
    ],
)
@pytest.mark.usefixtures("no_shape_checks")
def test_unknown_options_list_the_choices(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        RectifierRule(**options)
