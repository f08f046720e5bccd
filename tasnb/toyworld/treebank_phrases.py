"""The treebank's phrases: noun phrases with their modifiers, places in the picture, what people do and wear."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tasnb.toyworld import treebank_words as words
from tasnb.toyworld.treebank import Node, node, plural

POOLS: tuple[tuple[Sequence[str], int], ...] = (
    (words.PEOPLE, 34), (words.ANIMALS, 12), (words.VEHICLES, 9), (words.FURNITURE, 8), (words.FOOD, 9),
    (words.DISHES, 7), (words.DEVICES, 4), (words.THINGS, 11), (words.PLANTS, 2), (words.CLOTHES, 3), (words.BODY, 1),
)  # fmt: skip
DIRECTIONS = ("left", "right", "top", "bottom", "left", "right", "upper", "lower", "middle", "center")
SIDES = ("left", "right", "left", "right", "top", "bottom", "back", "front", "middle", "center", "rear")
NUMBERS = ("two", "three", "four", "2", "3", "several", "some", "both", "many", "five")
ORDINALS = ("second", "third", "first", "2nd", "3rd", "1st", "fourth", "last", "next", "second", "4th")


class Phrases:
    """Draws phrases with one random generator. Every method returns a Node whose dep is as asked."""

    def __init__(self, rng: random.Random, rare_nouns: Sequence[str] = ()) -> None:
        self.rng = rng
        self.rare_nouns = rare_nouns

    # words

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def pick(self, options: Sequence[str]) -> str:
        return self.rng.choice(options)

    def pool(self) -> Sequence[str]:
        return self.rng.choices([p for p, _ in POOLS], [w for _, w in POOLS])[0]

    def compound(self, text: str, tag: str, dep: str) -> Node:
        """A noun of one or more words: the last is the head, those before it are compounds of it."""
        *before, last = text.split()
        return node(last, tag, dep, left=[self.modifier_word(w) for w in before])

    @staticmethod
    def modifier_word(word: str) -> Node:
        """What stands before the last word of a compound noun: an adjective where it is one."""
        if (
            word in words.ADJECTIVES
            or word in words.SIZES
            or word in words.COLOURS
            or word in ("high", "wild", "grizzly")
        ):
            return node(word, "JJ", "amod")
        return node(word, "NN", "compound")

    def noun(self, pool: Sequence[str], dep: str, *, number: str = "any") -> Node:
        text = self.pick(pool)
        if self.rare_nouns and self.chance(0.12):  # so that a word never seen is still a noun by its place
            text = self.pick(self.rare_nouns)
        last = text.split()[-1]
        if last in words.PLURAL_ONLY:
            return self.compound(text, "NNS", dep)
        if last not in words.MASS and (number == "many" or (number == "any" and self.chance(0.12))):
            return self.compound(plural(text), "NNS", dep)
        return self.compound(text, "NN", dep)

    def determiner(self, long: bool) -> list[Node]:
        roll = self.rng.random()
        if roll > (0.95 if long else 0.2):
            return []
        return [node(self.pick(("the", "a", "the", "a", "an", "this", "that", "the")), "DT", "det")]

    @staticmethod
    def agree(noun: Node) -> Node:
        """ "a" before a vowel is "an", and the other way round: nine times in ten people type it so."""
        if noun.left and noun.left[0].text in ("a", "an"):
            first = noun.left[1] if len(noun.left) > 1 else noun
            while first.left:
                first = first.left[0]
            noun.left[0].text = "an" if first.text[:1] in "aeiou" else "a"
        return noun

    def colour(self) -> list[Node]:
        text = self.pick(words.COLOURS)
        parts = text.split()
        if len(parts) == 3:  # "red and white": the first colour modifies the noun, the second is joined to it
            first = node(parts[0], "JJ", "amod", node(parts[1], "CC", "cc"), node(parts[2], "JJ", "conj"))
            return [first]
        if len(parts) == 2:
            return [node(parts[1], "JJ", "amod", left=[node(parts[0], "JJ", "amod")])]
        return [node(text, "JJ", "amod")]

    def adjective(self) -> list[Node]:
        roll = self.rng.random()
        if roll < 0.42:
            return self.colour()
        if roll < 0.62:
            text = self.pick(words.SIZES)
        else:
            text = self.pick(words.ADJECTIVES)
        *before, last = text.split()
        tag = "JJ"
        if last.endswith("er") and last in words.SIZES:
            tag = "JJR"
        elif last.endswith("est"):
            tag = "JJS"
        elif last.endswith("ing") and last not in ("striking",):
            tag = "VBG"
        elif last.endswith("ed") and last not in ("red", "naked", "bearded", "colored", "striped"):
            tag = "VBN"
        adjective = node(last, tag, "amod", left=[node(w, "RB", "advmod") for w in before])
        if not before and self.chance(0.06):
            adjective.left.append(node(self.pick(("very", "really", "mostly", "slightly", "all")), "RB", "advmod"))
        if tag == "JJ" and self.chance(0.05):
            adjective = node("looking", "VBG", "amod", left=[node(last, "JJ", "advmod")])
        return [adjective]

    def adjectives(self, long: bool) -> list[Node]:
        count = self.rng.choices((0, 1, 2, 3), (50, 37, 11, 2) if not long else (40, 40, 17, 3))[0]
        out: list[Node] = []
        for i in range(count):
            if i and self.chance(0.15):
                out.append(node(",", ",", "punct"))
            out += self.adjective()
        return out

    def quantity(self) -> list[Node]:
        return [node(self.pick(NUMBERS), "CD" if self.chance(0.99) else "JJ", "nummod")]

    def thing(
        self, dep: str, *, pool: Sequence[str] | None = None, long: bool | None = None, plain: bool = False
    ) -> Node:
        """A plain noun phrase, as the object of something: "the red bus", "two dogs", "another one"."""
        long = self.chance(0.5) if long is None else long
        roll = self.rng.random()
        if pool is None and roll < 0.04:
            return node(self.pick(("it", "him", "her", "them", "something", "everyone", "someone")), "PRP", dep)
        if pool is None and roll < 0.08:
            left = [node(self.pick(("the", "another", "this", "the other")).split()[-1], "DT", "det")]
            return node("one", "NN", dep, left=left + ([] if self.chance(0.5) else self.adjective()))
        noun = self.noun(self.pool() if pool is None else pool, dep)
        before: list[Node] = []
        if noun.tag == "NNS" and self.chance(0.3):
            before = ([node("the", "DT", "det")] if self.chance(0.2) else []) + self.quantity()
        elif self.chance(0.08):
            before = [node(self.pick(("his", "her", "its", "their", "your", "my")), "PRP$", "poss")]
        elif self.chance(0.06):
            before = [node(self.pick(("another", "each", "no", "any")), "DT", "det")]
        elif noun.tag == "NNS":
            before = [node("the", "DT", "det")] if self.chance(0.5 if long else 0.1) else []
        else:
            before = self.determiner(long)
        if not plain:
            before += self.adjectives(False)
            if self.chance(0.05):
                before.append(
                    node(self.pick(("left", "right", "middle", "top", "other", "bottom", "same")), "JJ", "amod")
                )
        noun.left = before + noun.left
        if not plain and self.chance(0.05):
            noun.right.append(node("of", "IN", "prep", self.thing("pobj", plain=True)))
        if not plain and self.chance(0.05):
            other = self.thing("conj", plain=True)
            noun.right += [node("and", "CC", "cc"), other]
        return self.agree(noun) if self.chance(0.9) else noun

    # places in the picture

    def side_noun(self, dep: str, *, article: float = 0.5) -> Node:
        """ "the left", "far right", "bottom right corner", "the left side of the picture": the object of on, in, at."""
        left: list[Node] = []
        if self.chance(article):
            left.append(node(self.pick(("the", "the", "the", "our", "your")), "DT", "det"))
            if left[0].text in ("our", "your"):
                left[0] = node(left[0].text, "PRP$", "poss")
        if self.chance(0.25):
            left.append(
                node(
                    self.pick(("far", "very", "far", "extreme", "upper", "lower", "top", "bottom", "back", "front")),
                    "JJ",
                    "amod",
                )
            )
        roll = self.rng.random()
        if roll < 0.6:
            side = node(self.pick(SIDES), "NN", dep, left=left)
        elif roll < 0.68:
            side = node(
                "side",
                "NN",
                dep,
                left=[*left, node(self.pick(("left", "right")), "JJ", "amod"), node("hand", "NN", "compound")],
            )
        else:
            corner = self.pick(
                (
                    "corner",
                    "side",
                    "corner",
                    "side",
                    "row",
                    "part",
                    "half",
                    "edge",
                    "hand side",
                    "center",
                    "shelf",
                    "section",
                )
            )
            tail = self.compound(corner, "NN", dep)
            tail.left = [*left, node(self.pick(SIDES), "JJ", "amod"), *tail.left]
            side = tail
        if self.chance(0.1):
            side.right.append(self.of_image())
        return side

    def of_image(self) -> Node:
        image = node(self.pick(words.IMAGE_WORDS), "NN", "pobj")
        if self.chance(0.75):
            image.left.append(node(self.pick(("the", "the", "this")), "DT", "det"))
        return node(self.pick(("of", "of", "of", "in")), "IN", "prep", image)

    def at_side(self) -> Node:
        """ "on the left", "to the right", "in bottom corner", "in the background": a prepositional phrase of place."""
        roll = self.rng.random()
        if roll < 0.12:
            noun = node(
                self.pick(("background", "foreground", "back", "front", "middle", "distance", "center", "rear")),
                "NN",
                "pobj",
            )
            if self.chance(0.6):
                noun.left.append(node("the", "DT", "det"))
            return node(self.pick(("in", "in", "at")), "IN", "prep", noun)
        if roll < 0.24:
            word = self.pick(("left", "right"))
            adverbs = (
                [node(self.pick(("furthest", "farthest", "most", "far", "closest", "all", "more")), "RB", "advmod")]
                if self.chance(0.5)
                else []
            )
            side = node(word, "NN", "pobj", left=[node("the", "DT", "det")] if self.chance(0.75) else [])
            if self.chance(0.2):
                side.left.append(node("far", "JJ", "amod"))
            return node("to", "IN", "prep", side, left=adverbs)
        prep = self.pick(("on", "on", "on", "on", "on", "in", "at", "to", "toward", "towards", "from", "near"))
        return node(prep, "IN", "prep", self.side_noun("pobj"))

    def bare_side(self) -> Node:
        """ "left", "far right", "bottom left", "top left corner", "left side", right after the noun without a preposition."""
        roll = self.rng.random()
        if roll < 0.55:
            side = node(self.pick(DIRECTIONS), "RB", "advmod")
            if self.chance(0.35):
                side.left.append(
                    node(
                        self.pick(
                            ("far", "very", "way", "back", "top", "bottom", "upper", "lower", "front", "all the way")
                        ).split()[-1],
                        "RB",
                        "advmod",
                    )
                )
            elif self.chance(0.1):
                side = node("most", "RBS", "advmod", left=[node(self.pick(("left", "right", "top")), "RB", "advmod")])
            return side
        if roll < 0.85:
            corner = node(
                self.pick(("corner", "side", "corner", "side", "row", "edge", "center", "front", "back")),
                "NN",
                "npadvmod",
            )
            if self.chance(0.25):
                corner.left.append(
                    node(self.pick(("top", "bottom", "upper", "lower", "far", "back", "front")), "JJ", "amod")
                )
            corner.left.append(node(self.pick(SIDES), "JJ", "amod"))
            if self.chance(0.08):
                corner.right.append(self.of_image())
            return corner
        return node(
            self.pick(
                (
                    "leftmost",
                    "rightmost",
                    "front",
                    "back",
                    "center",
                    "topmost",
                    "foreground",
                    "background",
                    "up",
                    "down",
                    "top",
                )
            ),
            "RB",
            "advmod",
        )

    def ordinal_from(self) -> Node:
        """ "second from (the) left", after a noun."""
        side = node(
            self.pick(("left", "right", "left", "right", "top", "bottom", "back", "front", "end")), "NN", "pobj"
        )
        if self.chance(0.5):
            side.left.append(node("the", "DT", "det"))
        return node(
            self.pick(ORDINALS), "JJ", "amod", node(self.pick(("from", "from", "from", "to")), "IN", "prep", side)
        )

    def side_before(self) -> list[Node]:
        """ "left", "far right", "bottom left corner", "second from left": before a noun."""
        roll = self.rng.random()
        if roll < 0.5:
            out = [node(self.pick(DIRECTIONS), "JJ", "amod")]
            if self.chance(0.2):
                out[0].left.append(node(self.pick(("far", "very", "far", "extreme")), "RB", "advmod"))
            elif self.chance(0.2):
                out.insert(
                    0, node(self.pick(("top", "bottom", "upper", "lower", "back", "front", "far")), "JJ", "amod")
                )
            return out
        if roll < 0.62:
            return [
                node(
                    self.pick(
                        (
                            "leftmost",
                            "rightmost",
                            "topmost",
                            "uppermost",
                            "bottommost",
                            "furthest",
                            "closest",
                            "lowest",
                            "highest",
                            "nearest",
                        )
                    ),
                    "JJS",
                    "amod",
                )
            ]
        if roll < 0.7:
            return [
                node("most", "RBS", "amod", left=[node(self.pick(("left", "right", "top", "bottom")), "RB", "advmod")])
            ]
        if roll < 0.84:
            corner = self.pick(("side", "corner", "hand", "row", "hand side", "row", "center", "edge"))
            tail = self.compound(corner, "NN", "nmod")
            tail.left = [node(self.pick(SIDES), "JJ", "amod"), *tail.left]
            return [tail] + ([node(self.pick(("left", "right", "middle")), "JJ", "amod")] if self.chance(0.2) else [])
        if roll < 0.95:
            return [self.ordinal_from() if self.chance(0.3) else node(self.pick(ORDINALS), "JJ", "amod")]
        return [node(self.pick(("back", "front", "near", "other", "middle", "inside", "outer")), "JJ", "amod")]

    # what people wear and do

    def garment(self, dep: str, *, long: bool) -> Node:
        pool = words.CLOTHES if self.chance(0.8) else words.HAIR
        garment = self.noun(pool, dep, number="one")
        before = [node("a", "DT", "det")] if garment.tag == "NN" and self.chance(0.85 if long else 0.15) else []
        if self.chance(0.75):
            before += self.colour() if self.chance(0.75) else self.adjective()
        garment.left = before + garment.left
        if self.chance(0.12):
            garment.right += [node("and", "CC", "cc"), self.garment("conj", long=False)]
        return garment

    def clothed(self, long: bool) -> Node:
        """ "in red", "in a blue shirt", "with glasses", "wearing black shorts", or just "red shirt"."""
        roll = self.rng.random()
        if roll < 0.16:
            colour = node(self.pick([c for c in words.COLOURS if " " not in c]), "NN", "pobj")
            if self.chance(0.1):
                colour.left.append(node("all", "DT", "det"))
            if self.chance(0.15):
                colour.right += [
                    node("and", "CC", "cc"),
                    node(self.pick(("white", "black", "blue", "gold")), "NN", "conj"),
                ]
            return node("in", "IN", "prep", colour)
        if roll < 0.42:
            return node("in", "IN", "prep", self.garment("pobj", long=long))
        if roll < 0.68:
            with_ = node(
                self.pick(("with", "with", "with", "without", "w/")), "IN", "prep", self.garment("pobj", long=long)
            )
            if self.chance(0.08):
                with_.right[0].right.append(node("on", "IN", "prep"))
            return with_
        if roll < 0.8 or long:
            return node("wearing", "VBG", "acl", self.garment("dobj", long=long))
        return self.garment("appos", long=False)

    def relation(self, *, long: bool) -> Node:
        """ "behind the couch", "to the left of another dog", "closest to us": a prepositional phrase about another thing."""
        text = self.pick(words.RELATIONS)
        thing = self.thing("pobj", long=long)
        if self.chance(0.05):
            *before, last = self.pick(words.PRONOUNS).split()
            thing = node(last, "PRP" if not before else "NN", "pobj", left=[node(w, "DT", "det") for w in before])
        return self.chain(text.split(), thing)

    def chain(self, parts: list[str], thing: Node) -> Node:
        """A preposition of several words over its object, in spaCy's way: the first governs, "left of X" hangs on "left"."""
        adverbs = ("right", "directly", "just", "away")
        lead: list[Node] = []
        while parts[0] in adverbs and len(parts) > 1 and parts[1] != "of":
            lead.append(node(parts[0], "RB", "advmod"))
            parts = parts[1:]
        if len(parts) == 1:
            return node(parts[0], "IN", "prep", thing, left=lead)
        last = node(parts[-1], "IN", "prep", thing)
        if len(parts) == 2 and parts[0] in (
            "close",
            "closest",
            "near",
            "nearest",
            "next",
            "farthest",
            "furthest",
            "left",
            "right",
        ):
            tag = {"closest": "RBS", "nearest": "RBS", "farthest": "RBS", "furthest": "RBS"}.get(parts[0], "RB")
            return node(parts[0], tag, "advmod", last, left=lead)
        if parts[0] == "across":
            return node("across", "IN", "prep", last, left=lead)
        if len(parts) >= 3 and parts[0] in ("to", "on", "in", "next"):
            *before, noun, _ = parts[1:]
            head = node(
                noun,
                "NN",
                "pobj",
                last,
                left=[
                    node(w, "DT" if w == "the" else "JJ", "det" if w == "the" else "amod") for w in before if w != "to"
                ],
            )
            if parts[:2] == ["next", "to"]:
                return node("next", "RB", "advmod", node("to", "IN", "prep", head), left=lead)
            return node(parts[0], "IN", "prep", head, left=lead)
        return node(parts[0], "IN", "prep", last, left=lead)
