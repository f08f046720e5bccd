"""The treebank's places and relations: where in the picture a thing is, next to what, in which clothes."""

from __future__ import annotations

from toyworld.treebank import words
from toyworld.treebank.phrases import Phrases
from toyworld.treebank.trees import Node, node

DIRECTIONS = ("left", "right", "top", "bottom", "left", "right", "upper", "lower", "middle", "center")
SIDES = ("left", "right", "left", "right", "top", "bottom", "back", "front", "middle", "center", "rear")
ORDINALS = ("second", "third", "first", "2nd", "3rd", "1st", "fourth", "last", "next", "second", "4th")


class Places(Phrases):
    """Draws places in the picture, clothes and relations with the phrases' random generator."""

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
        """ "left", "far right", "top left corner", "left side", right after the noun without a preposition."""
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
        if roll < 0.76 or long:
            return node("wearing", "VBG", "acl", self.garment("dobj", long=long))
        return self.garment("appos", long=False)

    def relation(self, *, long: bool) -> Node:
        """ "behind the couch", "to the left of another dog", "closest to us": a phrase about another thing."""
        text = self.pick(words.RELATIONS)
        thing = self.thing("pobj", long=long)
        if self.chance(0.05):
            *before, last = self.pick(words.PRONOUNS).split()
            thing = node(last, "PRP" if not before else "NN", "pobj", left=[node(w, "DT", "det") for w in before])
        return self.chain(text.split(), thing)

    def chain(self, parts: list[str], thing: Node) -> Node:
        """A preposition of several words over its object, spaCy's way: the first governs, "of X" hangs on "left"."""
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
