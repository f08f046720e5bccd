"""Referring expressions, true of one thing of a scene and of nothing else, each with gold parse and type tags."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, get_args

from toyworld.phrasing import Phrase, Phrasing
from toyworld.treebank.trees import Node
from toyworld.truth import (
    CORNERS,
    PLACES,
    RELATIONS,
    SIDES,
    Claim,
    Layout,
    described,
    holds,
    in_half,
    matches,
    relates,
)
from toyworld.words import (
    GARMENTS,
    LEMMAS,
    PLACE_WORDS,
    RARE_NOUNS,
    SIZE_WORDS,
    TALL_KINDS,
    TALL_WORDS,
    nouns,
)  # fmt: skip
from toyworld.world import KINDS, Scene

Style = Literal["reftoy", "reftoy+", "reftoyg"]
STYLES: tuple[str, ...] = get_args(Style)

LOCATED = {"reftoy": 0.56, "reftoy+": 0.0, "reftoyg": 0.16}  # how many say a place in the picture
RELATED = {"reftoy": 0.10, "reftoy+": 0.22, "reftoyg": 0.62}  # how many say another thing
OTHER_NOUN = 0.34  # synonyms and hypernyms
PURELY_RELATIVE = 2.0  # weight of a "left dog" that is left of the other dogs only: about one direction in thirteen
NEEDLESS = 0.4  # of the places said of what is single anyway, how many stay
SIDE_WEIGHTS = {"left": 9.0, "right": 9.0, "top": 2.0, "bottom": 2.0}
TRIES = 60
POS = {
    "NN": "NOUN", "JJ": "ADJ", "JJR": "ADJ", "JJS": "ADJ", "RB": "ADV", "RBS": "ADV", "DT": "DET", "IN": "ADP",
    "CC": "CCONJ", "VBG": "VERB", "VBN": "VERB", "VBZ": "AUX", "WP": "PRON", "WDT": "PRON",
}  # fmt: skip


class GoldToken(NamedTuple):
    """A word of the gold parse. head: index of the word it hangs on, its own for the root."""

    text: str
    lemma: str
    pos: str
    tag: str
    dep: str
    head: int


@dataclass(frozen=True, kw_only=True)
class GoldRelation:
    """word: the relation; phrase, lemma, span: the other thing's noun phrase, its head and where."""

    word: str
    phrase: str
    lemma: str
    span: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A sentence with what is known about it (docs/method.md). head_span: characters. claim: what it says."""

    text: str
    head: str
    head_span: tuple[int, int]
    directions: tuple[str, ...]
    direction_words: tuple[str, ...]
    modifiers: tuple[str, ...]
    relations: tuple[GoldRelation, ...]
    types: tuple[str, ...]
    tokens: tuple[GoldToken, ...]
    claim: Claim

    def gold(self) -> dict[str, Any]:
        """As JSON: everything but the text and the claim; a token is [text, lemma, pos, tag, dep, head]."""
        return {
            "head": self.head,
            "head_span": list(self.head_span),
            "directions": list(self.directions),
            "direction_words": list(self.direction_words),
            "modifiers": list(self.modifiers),
            "relations": [
                {"word": r.word, "phrase": r.phrase, "lemma": r.lemma, "span": list(r.span)} for r in self.relations
            ],
            "types": list(self.types),
            "tokens": [list(t) for t in self.tokens],
        }  # fmt: skip


def expressions(
    scene: Scene, target: int, *, style: Style, rng: random.Random, count: int = 3, layout: Layout | None = None
) -> tuple[Expression, ...]:
    """Up to ``count`` different expressions for the target; fewer, or none, where the style cannot single it out.

    layout: where things really appear; without it the plan is used.
    Raises ValueError for an unknown style or a target out of range.
    """
    if style not in STYLES:
        raise ValueError(f"unknown style {style!r}; choose from {', '.join(STYLES)}")
    if not 0 <= target < len(scene.things):
        raise ValueError(f"target {target} is not one of the scene's {len(scene.things)} things")
    layout = Layout.of_scene(scene) if layout is None else layout
    found: dict[str, Expression] = {}
    for _ in range(count):
        for attempt in _attempts(scene, target, style, rng, layout):
            if attempt.text not in found:
                found[attempt.text] = attempt
                break
    return tuple(found.values())


def _attempts(scene: Scene, target: int, style: Style, rng: random.Random, layout: Layout) -> Iterator[Expression]:
    """A few true and unique expressions, drawn at random; whether one says a place is decided before the tries."""
    kind_of = rng.random()
    for attempt in range(TRIES):
        if attempt == TRIES // 2:
            kind_of = rng.random()
        located = kind_of < LOCATED[style]
        related = not located and kind_of < LOCATED[style] + RELATED[style]
        drawn = _draw(scene, target, style, rng, layout)
        claim: Claim | None = drawn
        if located:
            claim = _with_place(scene, target, drawn, rng, layout)
        elif related:
            claim = _with_relation(scene, target, drawn, style, rng, layout)
        if claim is None or (located and not claim.place) or not holds(scene, claim, target, layout):
            continue
        phrase = _say(scene, target, claim, style, rng, layout)
        expression = _read_off(phrase, claim, scene.things[target].kind)
        if style == "reftoy+" and PLACE_WORDS & set(expression.text.split()):
            continue
        yield expression


def _draw(scene: Scene, target: int, style: Style, rng: random.Random, layout: Layout) -> Claim:
    """A random noun and random attributes, all true of the target, perhaps not of it alone."""
    thing = scene.things[target]
    claim = Claim(noun=_noun(thing.kind, rng))
    wordy = 1.35 if style == "reftoyg" else 1.15 if style == "reftoy+" else 1.0
    if thing.kind in GARMENTS:
        if rng.random() < 0.45 * wordy:
            claim = replace(claim, colour=thing.colour, garment=GARMENTS[thing.kind] if rng.random() < 0.78 else "")
        if thing.pattern != "plain" and rng.random() < 0.4 and (claim.garment or not claim.colour):
            claim = replace(claim, pattern=thing.pattern, garment=GARMENTS[thing.kind])
        if thing.hat and rng.random() < 0.4 * wordy:
            claim = replace(claim, hat=thing.hat if rng.random() < 0.6 else "any")
        elif not thing.hat and rng.random() < 0.06:
            claim = replace(claim, hat="none")
    else:
        if rng.random() < 0.5 * wordy:
            claim = replace(claim, colour=thing.colour)
        if thing.pattern != "plain" and rng.random() < 0.5 * wordy:
            claim = replace(claim, pattern=thing.pattern)
    if rng.random() < 0.19 * wordy:
        words = [w for w in SIZE_WORDS if w not in TALL_WORDS or thing.kind in TALL_KINDS]
        fitting = [w for w in words if target in described(scene, replace(claim, size=w), layout)]
        claim = replace(claim, size=rng.choice(fitting)) if fitting else claim
    return claim


def _noun(kind: str, rng: random.Random) -> str:
    if rng.random() >= OTHER_NOUN or len(nouns(kind)) == 1:
        return kind
    others = nouns(kind)[1:]
    weights = [(0.25 if n in RARE_NOUNS else 1.0) * (2.0 if how == "synonym" else 1.0) for n, how in others]
    noun = rng.choices([n for n, _ in others], weights)[0]
    # a rare noun stands in for the plain one only now and then
    return kind if noun in RARE_NOUNS and rng.random() < 0.6 else noun


def _with_place(scene: Scene, target: int, claim: Claim, rng: random.Random, layout: Layout) -> Claim | None:
    if rng.random() > NEEDLESS and holds(scene, claim, target, layout):
        return None
    options, weights = [], []
    for place in PLACES:
        placed = replace(claim, place=place)
        if not holds(scene, placed, target, layout):
            continue
        weight = SIDE_WEIGHTS.get(place, 3.0 if place in CORNERS else 1.6)
        if place in SIDES and not in_half(layout, target, place):
            weight *= PURELY_RELATIVE
        options.append(placed)
        weights.append(weight)
    if not options or rng.random() > sum(weights) / 3.0:
        return None
    return rng.choices(options, weights)[0]


def _with_relation(
    scene: Scene, target: int, claim: Claim, style: Style, rng: random.Random, layout: Layout
) -> Claim | None:
    options = []
    allowed = RELATIONS if style != "reftoy+" else ("next to", "behind", "under")
    marks = {i: _landmark(scene, i, style, rng, layout) for i in range(len(scene.things)) if i != target}
    for i, mark in marks.items():
        # one never says "the dog next to the dog" without telling them apart
        if mark is None or (mark.noun == claim.noun and not mark.colour and not mark.hat):
            continue
        said = [r for r in allowed if relates(scene, layout, target, r, i)]
        options += [replace(claim, relation=r, landmark=mark) for r in said]
    options = [c for c in options if holds(scene, c, target, layout)]
    return rng.choice(options) if options else None


def _landmark(scene: Scene, index: int, style: Style, rng: random.Random, layout: Layout) -> Claim | None:
    """The shortest claim that singles out another thing; long styles say more about it now and then."""
    thing = scene.things[index]
    noun = thing.kind if rng.random() < 0.8 else _noun(thing.kind, rng)
    garment = GARMENTS.get(thing.kind, "")
    plain = Claim(noun=noun)
    coloured = Claim(noun=noun, colour=thing.colour, garment=garment)
    patterned = replace(coloured, pattern=thing.pattern)
    order = [plain, coloured, patterned]
    if style == "reftoyg" and rng.random() < 0.5:
        order = [coloured, patterned]
    return next((c for c in order if holds(scene, c, index, layout)), None)


def _say(scene: Scene, target: int, claim: Claim, style: Style, rng: random.Random, layout: Layout) -> Phrase:
    thing = scene.things[target]
    long = style == "reftoyg"
    speaker = Phrasing(rng, kind=thing.kind, long=long, outermost=_outermost(scene, target, claim, layout))
    mark: Node | None = None
    relation: Node | None = None
    if claim.relation and claim.landmark is not None:
        other = _kind_of_landmark(scene, claim.landmark)
        mark_definite = (rng.random() < 0.6) if long else (True if rng.random() < 0.3 else None)
        landmark = Phrasing(rng, kind=other, long=long).phrase(claim.landmark, "pobj", definite=mark_definite, room=0)
        mark = landmark.root
        relation = speaker.relation(claim.relation, mark)
    if long:
        return _long(scene, target, claim, speaker, relation, mark)
    definite = True if rng.random() < 0.08 else None
    phrase = speaker.phrase(claim, definite=definite)
    if relation is not None and mark is not None:
        if rng.random() < 0.1:
            relation = speaker.doing(speaker.pose(aloft=thing.y < 140), [relation])
        phrase.head.right.append(relation)
        phrase.relations.append((relation, mark))
    return phrase


def _outermost(scene: Scene, target: int, claim: Claim, layout: Layout) -> bool:
    """Whether "far" and "-most" fit: it leads others of its sort, or everything in the picture."""
    if claim.place not in SIDES or len(described(scene, replace(claim, place=""), layout)) > 1:
        return True
    axis, sign = SIDES[claim.place]
    values = sign * layout.centres_xy[:, axis]
    return bool(values.argmin() == target)


def _kind_of_landmark(scene: Scene, claim: Claim) -> str:
    return next(t.kind for t in scene.things if matches(t, claim))


def _long(
    scene: Scene, target: int, claim: Claim, speaker: Phrasing, relation: Node | None, mark: Node | None
) -> Phrase:
    """A RefCOCOg-like sentence: relative clauses, participles, grounds, sometimes a whole clause with its subject."""
    rng, thing = speaker.rng, scene.things[target]
    aloft = KINDS[thing.kind].flies and thing.y < 165
    phrase = speaker.phrase(replace(claim, place=""), definite=rng.random() < 0.45)
    places: list[Node] = []
    if claim.place:
        front, back = speaker.place(claim.place, phrase, crowded=True)
        if front:
            article, *rest = phrase.head.left
            article.text = "the"
            phrase.head.left = [article, *front, *rest]
        places += back
    if relation is not None:
        places.append(relation)
    elif not aloft and rng.random() < (0.12 if places else 0.75):
        places.append(speaker.ground(scene.background))
    roll = rng.random()
    # a second participle on a person who already wears something by one reads badly
    wearing = any(n.dep == "acl" for n in phrase.head.right)
    # "second ... from the left" keeps its words together on the noun
    together = claim.place.startswith("second")
    if not places:
        pass
    elif together or roll < 0.36:
        phrase.head.right += places
    elif roll < 0.68 and not wearing:
        phrase.head.right.append(speaker.doing(speaker.pose(aloft=aloft), places))
    elif roll < 0.92 or wearing or claim.place:  # a place stays in its noun's own subtree
        pose = None if rng.random() < 0.4 else speaker.pose(aloft=aloft)
        phrase.head.right.append(speaker.that_is(pose, places))
    else:  # "a man in a red shirt is standing next to the bench"
        pose = speaker.pose(aloft=aloft)
        active = pose.endswith("ing")
        phrase.head.dep = "nsubj" if active else "nsubjpass"
        be = Node(text="is", tag="VBZ", dep="aux" if active else "auxpass")
        phrase.root = Node(text=pose, tag="VBG" if active else "VBN", dep="ROOT", left=[phrase.head, be], right=places)
    if relation is not None and mark is not None:
        phrase.relations.append((relation, mark))
    return phrase


def _in_order(root: Node) -> list[tuple[Node, Node]]:
    """(node, governor) in reading order; the root governs itself."""
    out: list[tuple[Node, Node]] = []

    def walk(n: Node, governor: Node) -> None:
        for child in n.left:
            walk(child, n)
        out.append((n, governor))
        for child in n.right:
            walk(child, n)

    walk(root, root)
    return out


def _read_off(phrase: Phrase, claim: Claim, kind: str) -> Expression:
    """Text, offsets and gold fields of a finished tree."""
    order = _in_order(phrase.root)
    index = {id(n): i for i, (n, _) in enumerate(order)}
    words = [n.text for n, _ in order]
    starts = [sum(len(w) + 1 for w in words[:i]) for i in range(len(words))]
    text = " ".join(words)

    def span(n: Node) -> tuple[int, int]:
        return starts[index[id(n)]], starts[index[id(n)]] + len(n.text)

    def spell(n: Node) -> str:
        return " ".join(m.text for m, _ in _in_order(n))

    said = sorted(phrase.direction_nodes, key=lambda n: index[id(n)])
    elsewhere = {id(n) for n in phrase.place_nodes} | {id(n) for n, _ in phrase.relations}
    modifiers = tuple(
        spell(n) for n in (*phrase.head.left, *phrase.head.right)
        if n.dep not in ("det", "punct", "relcl") and id(n) not in elsewhere
        and not any(id(m) in elsewhere for m, _ in _in_order(n))
    )  # fmt: skip
    relations = tuple(
        GoldRelation(word=claim.relation, phrase=spell(mark), lemma=mark.text, span=span(mark))
        for _, mark in phrase.relations
    )
    directions = tuple(dict.fromkeys(_canonical(n.text) for n in said))
    return Expression(
        text=text,
        head=phrase.head.text,
        head_span=span(phrase.head),
        directions=directions,
        direction_words=tuple(n.text for n in said),
        modifiers=modifiers,
        relations=relations,
        types=_types(claim, kind),
        tokens=tuple(
            GoldToken(n.text, LEMMAS.get(n.text, n.text), POS[n.tag], n.tag, n.dep, index[id(g)]) for n, g in order
        ),
        claim=claim,
    )


def _canonical(word: str) -> str:
    return {"upper": "top", "lower": "bottom"}.get(word, word.removesuffix("most"))


def _types(claim: Claim, kind: str) -> tuple[str, ...]:
    """Tags of what the expression uses, in a fixed order."""
    degree = SIZE_WORDS[claim.size][1] if claim.size else ""
    clothes = bool(claim.garment or claim.hat or (claim.colour and kind in GARMENTS))
    tags = {
        dict(nouns(kind))[claim.noun]: True,
        "colour": bool(claim.colour) or claim.hat not in ("", "any", "none"),
        "pattern": bool(claim.pattern),
        "clothing": clothes,
        "negation": claim.hat == "none",
        "size": bool(claim.size),
        "comparative": degree == "comparative",
        "superlative": degree == "superlative",
        "location": bool(claim.place),
        "corner": claim.place in CORNERS,
        "middle": claim.place == "middle",
        "ordinal": claim.place.startswith("second"),
        "depth": claim.place in ("front", "back"),
        "relation": bool(claim.relation),
    }
    return tuple(tag for tag, used in tags.items() if used)
