"""The treebank's modifiers after a noun: what the thing does, how it holds itself, clauses about it."""

from __future__ import annotations

import random
from collections.abc import Sequence

from toyworld.treebank import words
from toyworld.treebank.places import Places
from toyworld.treebank.trees import Node, node

STILL = (
    "sitting",
    "standing",
    "laying",
    "lying",
    "parked",
    "hanging",
    "leaning",
    "floating",
    "resting",
    "flying",
    "driving",
    "moving",
)


class Modifiers:
    """Draws modifiers for the subject of the kind now drawn. Every method returns a Node."""

    def __init__(self, rng: random.Random, rare_nouns: Sequence[str] = ()) -> None:
        self.rng = rng
        self.phrases = Places(rng, rare_nouns)
        self.kind = "thing"  # of the subject now drawn: "person", "animal" or "thing"; says what it can wear and do

    def after(self, noun: Node, *, long: bool, placed: bool, count: int) -> None:
        """What follows the noun, up to ``count`` modifiers in any order."""
        p, chance = self.phrases, self.phrases.chance
        makers = []
        if placed:
            makers.append(lambda: p.at_side() if chance(0.6 if not long else 0.97) else p.bare_side())
            if chance(0.08):
                makers[-1] = p.ordinal_from
        wears, acts, leans = {"person": (30, 20, 7), "animal": (3, 20, 7), "thing": (2, 9, 3)}[self.kind]
        others = [
            (wears, lambda: p.clothed(long)),
            (acts, lambda: self.doing(long=long)),
            (15, lambda: self.chain_relation(long=long)),
            (leans, lambda: self.particle()),
            (3, lambda: self.half_done()),
            (6, lambda: node("with", "IN", "prep", p.thing("pobj", long=long))),
            (4, lambda: self.with_body_part(long=long)),
            (4, lambda: self.relative_clause(noun, long=long)),
            (2, lambda: self.negated()),
            (2, lambda: node("of", "IN", "prep", p.thing("pobj", long=long))),
            (2, lambda: self.clock()),
            (
                2,
                lambda: node(
                    self.rng.choice(
                        (
                            "cut",
                            "covered",
                            "filled",
                            "topped",
                            "parked",
                            "painted",
                            "decorated",
                            "made",
                            "loaded",
                            "stacked",
                        )
                    ),
                    "VBN",
                    "acl",
                    node(self.rng.choice(("off", "by", "with", "of", "in")), "IN", "prep", p.thing("pobj", long=long)),
                ),
            ),
        ]
        for _ in range(count - len(makers)):
            makers.append(self.rng.choices([m for _, m in others], [w for w, _ in others])[0])
        self.rng.shuffle(makers)
        for maker in makers:
            if chance(0.04):
                noun.right.append(node(",", ",", "punct"))
            noun.right.append(maker())

    def doing(self, *, long: bool) -> Node:
        """ "sitting", "standing next to a car", "holding a red umbrella", "riding on a bike"."""
        p, chance = self.phrases, self.phrases.chance
        roll = self.rng.random()
        if roll < (0.48 if self.kind != "thing" else 0.1):
            verb, *prep = self.rng.choice(words.TRANSITIVE).split()
            tag = "VBG"
            thing = p.thing("dobj" if not prep else "pobj", long=long)
            if verb == "wearing":
                thing = p.garment("dobj", long=long)
            out = node(verb, tag, "acl", *([node(prep[0], "IN", "prep", thing)] if prep else [thing]))
            if chance(0.08):
                out.right.append(
                    node(
                        "in",
                        "IN",
                        "prep",
                        node(
                            self.rng.choice(("hand", "mouth", "hands", "arms")),
                            "NN",
                            "pobj",
                            left=[node(self.rng.choice(("his", "her", "its")), "PRP$", "poss")],
                        ),
                    )
                )
        else:
            verb = self.rng.choice(words.POSTURES if self.kind != "thing" else STILL)
            out = node(verb, "VBN" if verb.endswith("ed") else "VBG", "acl")
            roll = self.rng.random()
            if roll < 0.35:
                out.right.append(p.relation(long=long))
            elif roll < 0.55:
                place = p.noun(words.PLACES, "pobj", number="one")
                place.left = p.determiner(long or chance(0.5)) + place.left
                out.right.append(
                    node(
                        self.rng.choice(("in", "on", "at", "down", "through", "across", "along", "up")),
                        "IN",
                        "prep",
                        place,
                    )
                )
            elif roll < 0.7:
                out.right.append(p.at_side())
            elif roll < 0.8:
                out.right.append(
                    node(
                        self.rng.choice(("up", "down", "around", "together", "alone", "over", "outside", "upright")),
                        "RB",
                        "advmod",
                    )
                )
        if chance(0.05):
            other = self.doing(long=long)
            other.dep = "conj"
            out.right += [node("and", "CC", "cc"), other]
        return out

    def state_before(self) -> Node:
        """ "trunk up", "arms crossed", "black on black", in front of the noun."""
        p = self.phrases
        if p.chance(0.2):
            colour = self.rng.choice([c for c in words.COLOURS if " " not in c])
            return node(
                colour,
                "JJ",
                "amod",
                node("on", "IN", "prep", node(self.rng.choice(("black", "white", colour)), "JJ", "pobj")),
            )
        part = p.noun(words.BODY, "nmod")
        state = self.rng.choice(("up", "down", "up", "down", "out", "raised", "crossed", "open", "back"))
        part.right.append(
            node(state, "VBN" if state.endswith("ed") else "RB", "acl" if state.endswith("ed") else "advmod")
        )
        return part

    def half_done(self) -> Node:
        """ "half covered", "partially hidden", "cut off", after the noun."""
        verb = self.rng.choice(
            (
                "covered",
                "eaten",
                "hidden",
                "cut",
                "showing",
                "visible",
                "filled",
                "open",
                "seen",
                "peeled",
                "blocked",
                "cropped",
            )
        )
        tag = "JJ" if verb in ("visible", "open") else "VBG" if verb == "showing" else "VBN"
        out = node(
            verb,
            tag,
            "acl" if tag != "JJ" else "amod",
            left=[
                node(
                    self.rng.choice(("half", "partially", "mostly", "barely", "almost", "only", "not")), "RB", "advmod"
                )
            ],
        )
        if verb == "cut":
            out.right.append(node("off", "RP", "prt"))
        return out

    def particle(self) -> Node:
        verb, particle = self.rng.choice(words.PARTICLES).split()
        tag = "VBG" if verb.endswith("ing") else "VBN"
        dep = "prt" if particle in ("up", "down", "over", "out", "off") else "advmod"
        out = node(verb, tag, "acl", node(particle, "RP" if dep == "prt" else "RB", dep))
        if self.phrases.chance(0.3):
            out.right.append(
                node(
                    self.rng.choice(("at", "on", "from", "by", "to", "with")), "IN", "prep", self.phrases.thing("pobj")
                )
            )
        return out

    def chain_relation(self, *, long: bool) -> Node:
        relation = self.phrases.relation(long=long)
        if self.phrases.chance(0.06):
            other = self.phrases.relation(long=long)
            other.dep = "conj"
            relation.right += [node("and", "CC", "cc"), other]
        return relation

    def with_body_part(self, *, long: bool) -> Node:
        """ "with his right foot on a ball", "with its head down", "with back to us", "with arms crossed"."""
        p, chance = self.phrases, self.phrases.chance
        part = p.noun(words.BODY, "pobj")
        if chance(0.7):
            part.left.append(node(self.rng.choice(("his", "her", "its", "their", "the")), "PRP$", "poss"))
            if part.left[0].text == "the":
                part.left = [node("the", "DT", "det")]
        if chance(0.35):
            part.left.append(node(self.rng.choice(("left", "right", "front", "back", "upper", "lower")), "JJ", "amod"))
        roll = self.rng.random()
        if roll < 0.35:
            part.right.append(p.relation(long=long))
        elif roll < 0.6:
            part.right.append(
                node(
                    self.rng.choice(
                        ("up", "down", "out", "forward", "back", "raised", "crossed", "showing", "open", "extended")
                    ),
                    "RB",
                    "advmod",
                )
            )
        elif roll < 0.7:
            part.right.append(node("to", "IN", "prep", node(self.rng.choice(("us", "camera", "you")), "PRP", "pobj")))
        return node("with", "IN", "prep", part)

    def relative_clause(self, noun: Node, *, long: bool) -> Node:
        """ "that is on the left", "who is wearing a hat", "whose head is down", "which is to the left of the bus"."""
        p, chance = self.phrases, self.phrases.chance
        many = noun.tag == "NNS"
        be = ("are", "VBP") if many else ("is", "VBZ")
        who = node(self.rng.choice(("that", "that", "which", "who", "who")), "WDT", "nsubj")
        if who.text == "who":
            who.tag = "WP"
        roll = self.rng.random()
        if roll < 0.4:
            out = node(be[0], be[1], "relcl", p.relation(long=True) if chance(0.55) else p.at_side(), left=[who])
        elif roll < 0.7:
            clause = self.doing(long=True)
            clause.dep = "relcl"
            negation = [node("not", "RB", "neg")] if chance(0.12) else []
            clause.left = [who, node(be[0], be[1], "aux"), *negation]
            out = clause
        elif roll < 0.8:
            part = p.noun(words.BODY, "nsubj", number="one")
            part.left.append(node("whose", "WP$", "poss"))
            out = node(
                "is", "VBZ", "relcl", *([node("not", "RB", "neg")] if chance(0.3) else []), self.state(), left=[part]
            )
        elif roll < 0.9:
            verb = self.rng.choice(
                ("has", "holds", "wears", "carries", "shows", "looks like", "touches", "faces", "rides")
            )
            head, *prep = verb.split()
            thing = p.thing("pobj" if prep else "dobj", long=True)
            out = node(head, "VBZ", "relcl", *([node(prep[0], "IN", "prep", thing)] if prep else [thing]), left=[who])
        elif roll < 0.95:
            verb, particle = self.rng.choice(
                (
                    "slides up",
                    "folds up",
                    "opens up",
                    "flips up",
                    "looks up",
                    "stands up",
                    "lies down",
                    "leans over",
                    "sticks out",
                    "hangs down",
                    "points up",
                    "sits down",
                )
            ).split()
            out = node(verb, "VBZ", "relcl", node(particle, "RP", "prt"), left=[who])
        else:
            inner = p.thing("nsubj", long=True)
            out = node("is", "VBZ", "relcl", left=[node("where", "WRB", "advmod"), inner])
            if chance(0.4):
                out.right.append(p.relation(long=True))
        if out.left and chance(0.1):
            out.left.insert(0, node(",", ",", "punct"))
        return out

    def state(self) -> Node:
        text = self.rng.choice(
            (
                "facing down",
                "lying down",
                "up",
                "down",
                "turned",
                "visible",
                "open",
                "bent",
                "raised",
                "facing left",
                "looking away",
                "red",
                "cut off",
            )
        )
        head, *particle = text.split()
        tag = "VBG" if head.endswith("ing") else "VBN" if head.endswith("ed") else "JJ"
        return node(head, tag, "acomp", *[node(w, "RB", "advmod") for w in particle])

    def negated(self) -> Node:
        return (
            node(self.rng.choice(("not", "not", "instead", "except")), "RB", "neg")
            if self.phrases.chance(0.2)
            else node("not", "RB", "neg", self.phrases.thing("pobj", long=True))
        )

    def clock(self) -> Node:
        hour = node(self.rng.choice([str(h) for h in range(1, 13)] + ["seven", "two", "ten"]), "CD", "nummod")
        return node("clock", "NN", "npadvmod", left=[hour, node("o", "UH", "compound")])
