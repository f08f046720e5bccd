"""From a claim to words: noun phrases with gold trees in spaCy's English labels, terse or long."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from toyworld.treebank.trees import Node, node
from toyworld.truth import SIDES, Claim
from toyworld.words import GROUNDS, POLKA_DOTS, POSES, SIZE_WORDS, article


@dataclass(kw_only=True)
class Phrase:
    """A tree being built: root, the noun it is about, and which nodes say the direction or a relation."""

    root: Node
    head: Node
    direction_nodes: list[Node] = field(default_factory=list)
    place_nodes: list[Node] = field(default_factory=list)
    relations: list[tuple[Node, Node]] = field(default_factory=list)  # first word, the other thing's noun


def det(word: str) -> Node:
    return node(word, "DT", "det")


def adjective(word: str) -> Node:
    """An adjective before its noun; "polka dot" is a compound noun."""
    if word == "polka dot":
        return node("dot", "NN", "compound", left=[node("polka", "NN", "compound")])
    degree = SIZE_WORDS[word][1] if word in SIZE_WORDS else "positive"
    tag = {"positive": "JJ", "comparative": "JJR", "superlative": "JJS"}[degree]
    return node(word, tag, "amod")


def noun_node(noun: str, dep: str) -> Node:
    """A noun, the last word its head ("teddy bear")."""
    *before, last = noun.split()
    return node(last, "NN", dep, left=[node(w, "NN", "compound") for w in before])


class Phrasing:
    """Words for claims about one kind. long: whole phrases with articles. outermost: "far left" may be said."""

    def __init__(self, rng: random.Random, *, kind: str, long: bool, outermost: bool = True) -> None:
        self.rng, self.kind, self.long, self.outermost = rng, kind, long, outermost

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    # noun phrases

    def phrase(self, claim: Claim, dep: str = "ROOT", *, definite: bool | None = None, room: int = 99) -> Phrase:
        """A noun phrase with everything the claim says but its relation.

        definite: "the" or "a"; None: no article. room: 0 puts clothes into a short "in ..." phrase.
        """
        head = noun_node(claim.noun, dep)
        out = Phrase(root=head, head=head)
        person = bool(claim.garment or claim.hat) or self.kind in ("man", "woman", "boy", "girl")
        before: list[Node] = []
        after: list[Node] = []
        if claim.size:
            before.append(adjective(claim.size))
        if person:
            clothes = self.clothes(claim, room=room)
            # "red shirt guy": the garment as a compound, terse only
            if not self.long and clothes and claim.garment and not claim.hat and self.chance(0.10):
                before.append(self.garment(claim, "compound", articles=False))
            else:
                after += clothes
        else:
            before += [adjective(w) for w in self.looks(claim)]
        front, back = self.place(claim.place, out, crowded=bool(after)) if claim.place else ([], [])
        head.left = front + before + head.left
        if claim.place and self.chance(0.35) and not claim.place.startswith("second"):
            head.right = back + after
        else:
            head.right = after + back
        self.add_article(
            head, definite, unique=bool(claim.place) or SIZE_WORDS.get(claim.size, ("", ""))[1] != "positive"
        )
        return out

    def add_article(self, head: Node, definite: bool | None, *, unique: bool = False) -> None:
        if definite is None:
            return
        first = head.left[0] if head.left else head
        while first.left:
            first = first.left[0]
        word = "the" if definite or (unique and first.tag in ("JJS", "JJR")) else article(first.text)
        head.left = [det(word), *head.left]

    def looks(self, claim: Claim) -> list[str]:
        pattern = self.pattern_word(claim.pattern)
        words = [w for w in (pattern, claim.colour) if w]
        return words[::-1] if len(words) == 2 and (pattern == "polka dot" or self.chance(0.35)) else words

    def pattern_word(self, pattern: str) -> str:
        if pattern == "spotted" and self.kind in POLKA_DOTS and self.chance(0.4):
            return "polka dot"
        return "" if pattern == "plain" else pattern

    # clothes

    def garment(self, claim: Claim, dep: str, *, articles: bool) -> Node:
        noun = noun_node(claim.garment, dep)
        pattern = self.pattern_word(claim.pattern)
        noun.left = [adjective(w) for w in (claim.colour, pattern) if w]
        if articles:
            self.add_article(noun, False)
        return noun

    def hat(self, claim: Claim, dep: str, *, articles: bool) -> Node:
        noun = noun_node("hat", dep)
        noun.left = [adjective(claim.hat)] if claim.hat not in ("any", "none") else []
        if articles:
            self.add_article(noun, False)
        return noun

    def clothes(self, claim: Claim, *, room: int) -> list[Node]:
        """ "in a red shirt", "wearing a blue hat", "with no hat", "in red": what hangs on the person's noun."""
        articles = self.long or self.chance(0.2)
        if claim.hat == "none":
            bare = self.without(articles)
            shirt = self.dressed(claim, articles, room, hat=False)
            return [*shirt, bare]
        return self.dressed(claim, articles, room, hat=bool(claim.hat))

    def without(self, articles: bool) -> Node:
        if self.chance(0.5):
            return node("with", "IN", "prep", node("hat", "NN", "pobj", left=[det("no")]))
        return node("without", "IN", "prep", node("hat", "NN", "pobj", left=[det("a")] if articles else []))

    def dressed(self, claim: Claim, articles: bool, room: int, *, hat: bool) -> list[Node]:
        if claim.colour and not claim.garment:  # "in red"
            red = node("in", "IN", "prep", node(claim.colour, "NN", "pobj"))
            return [red, node("with", "IN", "prep", self.hat(claim, "pobj", articles=articles))] if hat else [red]
        if not claim.garment and not hat:
            return []
        options = ("in", "in", "with", "wearing") if room else ("in", "with")
        if claim.garment == "shirt" and not hat:
            options = (*options, "in", "in")
        word = self.rng.choice(options)
        dep = "dobj" if word == "wearing" else "pobj"
        if claim.garment:
            worn = self.garment(claim, dep, articles=articles)
            if hat:
                worn.right += [node("and", "CC", "cc"), self.hat(claim, "conj", articles=articles)]
        else:
            worn = self.hat(claim, dep, articles=articles)
        return [node(word, "VBG", "acl", worn) if word == "wearing" else node(word, "IN", "prep", worn)]

    # places in the picture

    def place(self, place: str, out: Phrase, *, crowded: bool) -> tuple[list[Node], list[Node]]:
        """Nodes before and after the head that say a place; directions are noted in ``out``."""
        if place in SIDES:
            front, back, said = self.side(place, crowded)
        elif " " in place and not place.startswith("second"):
            front, back, said = self.corner(*place.split(), crowded=crowded)
        else:
            front, back = self.order(place)
            said = []
        out.direction_nodes += said
        out.place_nodes += front + back
        return front, back

    def side(self, side: str, crowded: bool) -> tuple[list[Node], list[Node], list[Node]]:
        across = side in ("left", "right")
        before = not self.long and self.chance(0.25 if crowded else 0.42)
        if before:
            roll = self.rng.random() * (1.0 if self.outermost else 0.68)
            if roll < 0.68 or (roll < 0.82 and not across):
                word = side if across or self.chance(0.7) else {"top": "upper", "bottom": "lower"}[side]
                said = node(word, "JJ", "amod")
            elif roll < 0.82:
                said = node(side, "JJ", "amod", left=[node("far", "RB", "advmod")])
            elif roll < 0.93:
                said = node(f"{side}most", "JJS", "amod")
            else:
                start = node(side, "RB", "advmod")
                return [node("most", "RBS", "amod", left=[start])], [], [start]
            return [said], [], [said]
        if not self.long and self.chance(0.32):
            if self.chance(0.15) and across:
                said = node(side, "JJ", "amod")
                return [], [node("side", "NN", "npadvmod", left=[said])], [said]
            far = [node("far", "RB", "advmod")] if across and self.outermost and self.chance(0.35) else []
            said = node(side, "RB", "advmod", left=far)
            return [], [said], [said]
        prep = self.rng.choice(("on", "on", "on", "on", "to") if across else ("at", "at", "on"))
        the = [det("the")] if self.long or prep == "to" or self.chance(0.45) else []
        if across and prep == "on" and self.chance(0.18):
            said = node(side, "JJ", "amod")
            noun = node("side", "NN", "pobj", left=[*the, said])
        else:
            far = [node("far", "JJ", "amod")] if across and self.outermost and self.chance(0.15) else []
            said = noun = node(side, "NN", "pobj", left=[*the, *far])
        if self.chance(0.3 if self.long else 0.05) and the:
            image = node(self.rng.choice(("picture", "image", "photo")), "NN", "pobj", left=[det("the")])
            noun.right.append(node("of", "IN", "prep", image))
        return [], [node(prep, "IN", "prep", noun)], [said]

    def corner(self, vertical: str, across: str, *, crowded: bool) -> tuple[list[Node], list[Node], list[Node]]:
        word = vertical if self.chance(0.75) else {"top": "upper", "bottom": "lower"}[vertical]
        if not self.long and self.chance(0.2 if crowded else 0.4):
            said = [node(word, "JJ", "amod"), node(across, "JJ", "amod")]
            return said, [], said
        if not self.long and self.chance(0.5):
            if self.chance(0.25):
                said = [node(word, "JJ", "amod"), node(across, "JJ", "amod")]
                return [], [node("corner", "NN", "npadvmod", left=list(said))], said
            first = node(word, "RB", "advmod")
            second = node(across, "RB", "advmod", left=[first])
            return [], [second], [first, second]
        the = [det("the")] if self.long or self.chance(0.4) else []
        if self.long or self.chance(0.5):
            said = [node(word, "JJ", "amod"), node(across, "JJ", "amod")]
            noun = node("corner", "NN", "pobj", left=[*the, *said])
            return [], [node("in", "IN", "prep", noun)], said
        first = node(word, "JJ", "amod")
        second = node(across, "NN", "pobj", left=[*the, first])
        return [], [node(self.rng.choice(("on", "in", "at")), "IN", "prep", second)], [first, second]

    def order(self, place: str) -> tuple[list[Node], list[Node]]:
        the = [det("the")] if self.long or self.chance(0.5) else []
        if place.startswith("second"):
            side = node(place.split()[1], "NN", "pobj", left=the)
            return [node("second", "JJ", "amod")], [node("from", "IN", "prep", side)]
        if place == "middle":
            if not self.long and self.chance(0.5):
                return [node(self.rng.choice(("middle", "middle", "center")), "JJ", "amod")], []
            noun = node(self.rng.choice(("middle", "middle", "center")), "NN", "pobj", left=the)
            return [], [node("in", "IN", "prep", noun)]
        if not self.long and self.chance(0.5):
            word = self.rng.choice(("front", "closest") if place == "front" else ("back", "furthest"))
            return [node(word, "JJS" if word.endswith("est") else "JJ", "amod")], []
        return [], [node("in", "IN", "prep", node(place, "NN", "pobj", left=the))]

    # relations

    def relation(self, relation: str, mark: Node) -> Node:
        """The preposition, one word or several, over the other thing's noun phrase."""
        if relation in ("left of", "right of"):
            side = relation.split()[0]
            of = node("of", "IN", "prep", mark)
            if not self.long and self.chance(0.55):
                return node(side, "RB", "advmod", of)
            the = [det("the")] if self.long or self.chance(0.5) else []
            return node("to" if self.chance(0.85) else "on", "IN", "prep", node(side, "NN", "pobj", of, left=the))
        if relation == "next to":
            word = self.rng.choice(("next to", "next to", "near", "beside", "by"))
            if word == "next to":
                return node("next", "RB", "advmod", node("to", "IN", "prep", mark))
            return node(word, "IN", "prep", mark)
        if relation == "in front of":
            return node("in", "IN", "prep", node("front", "NN", "pobj", node("of", "IN", "prep", mark)))
        word = self.rng.choice(("under", "below")) if relation == "under" else relation
        return node(word, "IN", "prep", mark)

    # where it is and what it does

    def ground(self, background: str) -> Node:
        prep, the, noun = self.rng.choice(GROUNDS[background])
        return node(prep, "IN", "prep", node(noun, "NN", "pobj", left=[det(the)]))

    def pose(self, *, aloft: bool) -> str:
        poses = POSES[self.kind]
        return self.rng.choice(poses) if aloft or poses[0] not in ("flying", "floating") else "lying"

    def doing(self, pose: str, places: Sequence[Node]) -> Node:
        """ "standing next to the bench": a participle on the noun."""
        return node(pose, "VBG" if pose.endswith("ing") else "VBN", "acl", *places)

    def that_is(self, pose: str | None, places: Sequence[Node]) -> Node:
        """ "that is parked behind the tree", "that is on the left": a relative clause."""
        person = self.kind in ("man", "woman", "boy", "girl")
        who = "who" if person else self.rng.choice(("that", "that", "which"))
        tag = "WP" if who == "who" else "WDT"
        if pose is None:
            return node("is", "VBZ", "relcl", *places, left=[node(who, tag, "nsubj")])
        active = pose.endswith("ing")
        subject = node(who, tag, "nsubj" if active else "nsubjpass")
        be = node("is", "VBZ", "aux" if active else "auxpass")
        return node(pose, "VBG" if active else "VBN", "relcl", *places, left=[subject, be])
