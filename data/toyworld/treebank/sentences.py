"""The treebank's sentences: terse and long referring expressions, places alone, whole captions."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from toyworld.treebank import words
from toyworld.treebank.modifiers import Modifiers
from toyworld.treebank.trees import Node, Tree, flatten, node, typed_by_people

BE = (("is", "VBZ"), ("is", "VBZ"), ("was", "VBD"), ("are", "VBP"), ("'s", "VBZ"))
FOOD_LIKE = (*words.FOOD, "slice", "piece", "piece", "half")
PARTS = (
    "half",
    "slice",
    "piece",
    "top",
    "end",
    "edge",
    "part",
    "corner",
    "leg",
    "arm",
    "back",
    "side",
    "handle",
    "seat",
)

PREDICATES = tuple(
    """ride, hold, sit on, stand near, eat, watch, throw, hit, reach over, look at, walk along, play with, wait for,
    gather around, pose with, have, wear, carry, lie on, perform, prepare, pull, jump over""".replace(
        "\n    ", " "
    ).split(", ")
)


def _inflected(verb: str, many: bool) -> str:
    """ "they watch", "it watches"."""
    if many:
        return verb
    if verb == "have":
        return "has"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "ch", "sh", "x")) else "s")


class Grammar(Modifiers):
    """Draws one sentence after another with its gold parse."""

    def sentence(self) -> Tree:
        roll = self.rng.random()
        for share, make in (
            (0.47, self.terse),
            (0.18, self.long),
            (0.05, self.terse_two),
            (0.03, self.place_alone),
            (0.12, self.caption),
            (0.05, self.copula),
            (0.03, self.reduced_relative),
            (0.04, self.something_left),
            (0.03, self.chit_chat),
        ):
            if roll < share:
                return make()
            roll -= share
        return self.terse()

    # the noun meant

    def subject(self, dep: str, *, long: bool) -> Node:
        p, chance = self.phrases, self.phrases.chance
        pool = p.pool()
        self.kind = "person" if pool is words.PEOPLE else "animal" if pool is words.ANIMALS else "thing"
        if chance(0.06):
            noun = node("one", "NN", dep)
        elif chance(0.05):
            whole = p.noun(p.pool(), "pobj")
            if long and chance(0.6):
                whole.left = p.determiner(True) + whole.left
            part = self.rng.choice(
                (
                    "piece",
                    "slice",
                    "bunch",
                    "pair",
                    "group",
                    "stack",
                    "part",
                    "half",
                    "bottle",
                    "glass",
                    "bowl",
                    "plate",
                    "cup",
                    "row",
                    "back",
                    "edge",
                    "corner",
                    "end",
                    "pile",
                    "couple",
                    "herd",
                    "picture",
                )
            )
            noun = node(part, "NN", dep, node("of", "IN", "prep", whole))
            self.kind = "thing"
        elif chance(0.02):  # "sandwich half", "table top"
            whole = p.noun(words.FURNITURE if chance(0.5) else words.FOOD, "compound", number="one")
            noun = node(self.rng.choice(PARTS), "NN", dep, left=[whole])
            self.kind = "thing"
        else:
            noun = p.noun(pool, dep)
        return noun

    def before(self, noun: Node, *, long: bool, placed: bool) -> None:
        """Determiner, place, clothing or stuff and adjectives in front of the noun."""
        p, chance = self.phrases, self.phrases.chance
        left: list[Node] = []
        if chance(0.05) and not long:
            owner = p.noun(words.PEOPLE if chance(0.7) else words.ANIMALS, "poss", number="one")
            owner.left = (
                p.determiner(long) + (p.side_before()[:1] if chance(0.2) else []) + p.adjectives(False)[:1] + owner.left
            )
            if chance(0.65):
                owner.right.append(node("'s", "POS", "case"))
            else:
                owner.text += "s"
            if chance(0.6) and not noun.right:
                part = p.noun(words.BODY if chance(0.7) else words.CLOTHES, noun.dep)
                noun.text, noun.tag, noun.left = part.text, part.tag, part.left
                self.kind = "thing"
            between = [node(self.rng.choice(("left", "right", "front", "back")), "JJ", "amod")] if chance(0.35) else []
            noun.left = [owner, *between, *noun.left]
            return
        left += p.determiner(long)
        if noun.tag == "NNS" and chance(0.2):
            left = p.quantity()
        if placed:
            left += p.side_before()
        left += p.adjectives(long)
        if chance(0.08 if self.kind == "person" else 0.01):  # "blue shirt guy", "glasses dude"
            stuff = p.garment("compound", long=False)
            stuff.right = []
            left.append(stuff)
        elif chance(0.02):  # "trunk up elephant", "black on black dude", "arms crossed guy"
            left.append(self.state_before())
        if placed and chance(0.08):
            left = left[:1] + left[1:][::-1]
        noun.left = left + noun.left
        if chance(0.9):
            p.agree(noun)

    def terse(self) -> Tree:
        """ "man on right", "far left guy", "lady red necktie", "guy in blue shirt bottom left"."""
        chance = self.phrases.chance
        noun = self.subject("ROOT", long=False)
        where = self.rng.choices(("none", "before", "after", "both"), (34, 28, 34, 4))[0]
        self.before(noun, long=False, placed=where in ("before", "both"))
        count = self.rng.choices((0, 1, 2, 3), (30, 45, 20, 5))[0]
        placed = where in ("after", "both")
        self.after(noun, long=False, placed=placed, count=max(count, 1 if placed else 0))
        if chance(0.04):
            noun.right.append(node(".", ".", "punct"))
        return flatten(noun, noun)

    def terse_two(self) -> Tree:
        """Two phrases side by side: "guy right, blue shirt", "man holding bat, not the umpire"."""
        p, chance = self.phrases, self.phrases.chance
        noun = self.subject("ROOT", long=False)
        self.before(noun, long=False, placed=chance(0.3))
        self.after(noun, long=False, placed=chance(0.5), count=1)
        if chance(0.6):
            noun.right.append(node(",", ",", "punct"))
        if chance(0.2):
            other = p.thing("conj", long=False)
            noun.right += [node(self.rng.choice(("not", "and", "but")), "CC", "cc"), other]
        else:
            noun.right.append(p.thing("appos", long=False))
            if chance(0.3):
                noun.right[-1].right.append(p.at_side())
        return flatten(noun, noun)

    def long(self) -> Tree:
        """ "a young man in a blue shirt holding a tennis racket", "the brown horse that is next to the white one"."""
        chance = self.phrases.chance
        noun = self.subject("ROOT", long=True)
        placed = chance(0.25)
        self.before(noun, long=True, placed=placed and chance(0.3))
        self.after(
            noun, long=True, placed=placed and chance(0.6), count=self.rng.choices((1, 2, 3, 4), (30, 45, 20, 5))[0]
        )
        if chance(0.2):
            noun.right.append(node(".", ".", "punct"))
        return flatten(noun, noun)

    def place_alone(self) -> Tree:
        """ "left", "bottom right of image", "on the left", "far right corner": no noun is meant."""
        p, chance = self.phrases, self.phrases.chance
        roll = self.rng.random()
        if roll < 0.3:
            root = node(self.rng.choice(("left", "right", "top", "bottom", "middle", "center")), "NN", "ROOT")
        elif roll < 0.6:
            root = node(
                self.rng.choice(("left", "right", "center")),
                "NN",
                "ROOT",
                left=[node(self.rng.choice(("far", "bottom", "top", "upper", "lower", "very")), "JJ", "amod")],
            )
        elif roll < 0.8:
            root = p.side_noun("ROOT")
        else:
            root = p.at_side()
            root.dep = "ROOT"
        if chance(0.3):
            root.right.append(p.of_image())
        return flatten(root)

    # whole sentences

    def caption(self) -> Tree:
        """ "a group of people standing in the snow", "two dogs are playing on the beach", "there is a cat here"."""
        p, chance = self.phrases, self.phrases.chance
        subject = self.subject("nsubj", long=True)
        self.before(subject, long=True, placed=False)
        place = p.noun(words.PLACES, "pobj", number="one")
        place.left = p.determiner(True) + (p.adjectives(False)[:1]) + place.left
        scene = node(self.rng.choice(("in", "on", "at", "by", "near", "with", "next")), "IN", "prep", place)
        if scene.text == "next":
            scene = node("next", "RB", "advmod", node("to", "IN", "prep", place))
        if chance(0.15):
            place.right.append(node("with", "IN", "prep", p.thing("pobj", long=True)))
        if chance(0.3):
            self.after(subject, long=True, placed=False, count=1)
        joined = p.thing("conj", long=True)
        if chance(0.3):
            if chance(0.4):
                joined.right += [node("and", "CC", "cc"), p.thing("conj", long=True)]
                subject.right.append(node(",", ",", "punct"))
            else:
                subject.right.append(node("and", "CC", "cc"))
            subject.right.append(joined)
        roll = self.rng.random()
        if roll < 0.45:  # no verb: the noun is the root
            subject.dep = "ROOT"
            subject.right += [self.doing(long=True), scene] if chance(0.5) else [scene]
            root = subject
        elif roll < 0.75:
            doing = self.doing(long=True)
            doing.dep = "ROOT"
            be, tag = ("are", "VBP") if subject.tag == "NNS" else ("is", "VBZ")
            doing.left = [subject, node(be, tag, "aux"), *doing.left]
            doing.right.append(scene)
            root = doing
        elif roll < 0.9:
            subject.dep = "attr"
            root = node("is", "VBZ", "ROOT", subject, scene, left=[node("there", "EX", "expl")])
            if subject.tag == "NNS":
                root.text, root.tag = "are", "VBP"
        else:
            many = subject.tag == "NNS"
            verb, *prep = self.rng.choice(PREDICATES).split()
            thing = p.thing("pobj" if prep else "dobj", long=True)
            said = [node(prep[0], "IN", "prep", thing)] if prep else [thing]
            if chance(0.15):  # "four people wait to cross the street"
                said = [node("cross", "VB", "xcomp", thing, left=[node("to", "TO", "aux")])]
                thing.dep = "dobj"
            root = node(_inflected(verb, many), "VBP" if many else "VBZ", "ROOT", *said, scene, left=[subject])
        if chance(0.5):
            root.right.append(node(".", ".", "punct"))
        return flatten(root, subject)

    def copula(self) -> Tree:
        """ "it is a young man wearing glasses", "the chair is to the left of the table", "this is the red bus"."""
        p, chance = self.phrases, self.phrases.chance
        be, tag = self.rng.choice(BE)
        pronoun = chance(0.5)
        if be == "'s" and not pronoun:  # after a noun it would be a possessive
            be = "is"
        if pronoun:
            noun = self.subject("attr", long=True)
            self.before(noun, long=True, placed=chance(0.3))
            self.after(noun, long=True, placed=False, count=1)
            first = node(self.rng.choice(("it", "this", "that", "he", "she")), "PRP", "nsubj")
            if first.text in ("this", "that"):
                first.tag = "DT"
            root = node(be, tag, "ROOT", noun, left=[first])
        else:
            noun = self.subject("nsubj", long=True)
            self.before(noun, long=True, placed=False)
            rest = (
                p.at_side()
                if chance(0.4)
                else p.relation(long=True)
                if chance(0.6)
                else node(self.rng.choice([c for c in words.COLOURS if " " not in c]), "JJ", "acomp")
            )
            root = node(be, tag, "ROOT", rest, left=[noun])
        if chance(0.3):
            root.right.append(node(".", ".", "punct"))
        return flatten(root, noun)

    def reduced_relative(self) -> Tree:
        """ "the chair the bear on the right is sitting in", "the bat the boy is holding"."""
        p, chance = self.phrases, self.phrases.chance
        noun = self.subject("ROOT", long=True)
        noun.left = [node("the", "DT", "det"), *p.adjectives(False)[:1], *noun.left]
        other = p.noun(words.PEOPLE if chance(0.7) else words.ANIMALS, "nsubj", number="one")
        other.left = [
            node("the", "DT", "det"),
            *(p.side_before()[:1] if chance(0.2) else p.adjectives(False)[:1]),
            *other.left,
        ]
        if chance(0.4):
            other.right.append(p.at_side() if chance(0.6) else p.clothed(True))
        verb = self.rng.choice(
            (
                "sitting in",
                "sitting on",
                "holding",
                "riding",
                "standing on",
                "eating",
                "looking at",
                "using",
                "wearing",
                "leaning on",
            )
        )
        head, *prep = verb.split()
        clause = node(
            head, "VBG", "relcl", *[node(w, "IN", "prep") for w in prep], left=[other, node("is", "VBZ", "aux")]
        )
        if chance(0.15):
            clause.left.insert(0, node("that", "WDT", "dobj"))
        noun.right.append(clause)
        if chance(0.15):
            clause.right.append(p.at_side())
        return flatten(noun, noun)

    def something_left(self) -> Tree:
        """ "left" as the verb: "cake left on plate", "the last slice left", "pizza that is left on the pan"."""
        p, chance = self.phrases, self.phrases.chance
        noun = p.noun(FOOD_LIKE, "ROOT", number="one")
        noun.left = p.determiner(chance(0.5)) + p.adjectives(False)[:1] + noun.left
        left = node("left", "VBN", "acl")
        if chance(0.75):
            where = p.noun(words.DISHES if chance(0.7) else words.FURNITURE, "pobj", number="one")
            where.left = p.determiner(chance(0.5)) + where.left
            left.right.append(node(self.rng.choice(("on", "in", "on", "over")), "IN", "prep", where))
        elif chance(0.5):
            left.right.append(
                node(self.rng.choice(("behind", "over", "alone", "out", "unattended", "uneaten")), "RB", "advmod")
            )
        if chance(0.15):
            left.dep = "relcl"
            left.left = [node("that", "WDT", "nsubjpass"), node("is", "VBZ", "auxpass")]
        noun.right.append(left)
        return flatten(noun, noun)

    def chit_chat(self) -> Tree:
        """What people type around it: "you clicked the correct one plate on left", "not the man but the woman"."""
        p, chance = self.phrases, self.phrases.chance
        roll = self.rng.random()
        noun = self.subject("dobj", long=True)
        self.before(noun, long=True, placed=chance(0.4))
        self.after(noun, long=False, placed=chance(0.6), count=1)
        if roll < 0.4:
            verb = self.rng.choice(("click", "find", "select", "see", "choose", "clicked", "see", "want"))
            root = node(verb, "VB", "ROOT", noun)
            if verb == "clicked":
                root.tag = "VBD"
                root.left = [node("you", "PRP", "nsubj")]
            elif chance(0.3):
                root.left = [node(self.rng.choice(("i", "you", "we")), "PRP", "nsubj")]
                root.tag = "VBP"
        elif roll < 0.7:
            other = self.subject("conj", long=True)
            other.left = p.determiner(True) + p.adjectives(False)[:1] + other.left
            noun.dep = "ROOT"
            noun.left = [node("not", "RB", "neg"), *noun.left]
            noun.right += [node("but", "CC", "cc"), other]
            root = noun
        else:
            noun.dep = "ROOT"
            root = noun
            root.right.append(
                node(
                    self.rng.choice(("lol", "please", "sorry", "haha", "again", "thanks", "maybe", "i think")).split()[
                        -1
                    ],
                    "UH",
                    "intj",
                )
            )
        return flatten(root, noun)


def generate(seed: int, *, rare_nouns: Sequence[str] = ()) -> Iterator[Tree]:
    """An endless stream of referring expressions and captions with gold parses; the same seed gives the same stream.

    rare_nouns: further nouns, drawn now and then in place of the grammar's own.
    """
    rng = random.Random(seed)
    grammar = Grammar(rng, rare_nouns)
    while True:
        yield typed_by_people(grammar.sentence(), rng)
