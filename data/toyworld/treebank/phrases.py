"""The treebank's phrases: noun phrases with their modifiers, places in the picture, what people do and wear."""

from __future__ import annotations

import random
from collections.abc import Sequence

from toyworld.treebank import words
from toyworld.treebank.trees import Node, node, plural

POOLS: tuple[tuple[Sequence[str], int], ...] = (
    (words.PEOPLE, 34), (words.ANIMALS, 12), (words.VEHICLES, 9), (words.FURNITURE, 8), (words.FOOD, 9),
    (words.DISHES, 7), (words.DEVICES, 4), (words.THINGS, 11), (words.PLANTS, 2), (words.CLOTHES, 3), (words.BODY, 1),
)  # fmt: skip
NUMBERS = ("two", "three", "four", "2", "3", "several", "some", "both", "many", "five")


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
        text = self.pick(words.SIZES if roll < 0.62 else words.ADJECTIVES)
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
