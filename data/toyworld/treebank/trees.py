"""Trees for the treebank: a node, its flattening, the small change of making sentences look like people's typing.

Labels and tags are those of spaCy's English models (CLEAR style labels, Penn tags): spaCy's noun chunks need them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from toyworld.treebank.words import IRREGULAR_PLURALS, MASS, PLURAL_ONLY


@dataclass(kw_only=True)
class Node:
    """A word with its dependents, left and right of it, each in reading order."""

    text: str
    tag: str
    dep: str
    left: list[Node] = field(default_factory=list)
    right: list[Node] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A sentence with its gold parse: heads are indices, a root points at itself; subject is the noun meant or None."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    heads: tuple[int, ...]
    deps: tuple[str, ...]
    subject: int | None = None

    @property
    def text(self) -> str:
        return " ".join(self.words)


def node(text: str, tag: str, dep: str, *right: Node, left: list[Node] | None = None) -> Node:
    """Short for Node: the dependents after the word as arguments, those before it as ``left``."""
    return Node(text=text, tag=tag, dep=dep, left=list(left or ()), right=list(right))


def flatten(root: Node, subject: Node | None = None) -> Tree:
    """The sentence that a tree of nodes spells."""
    order: list[Node] = []
    governor: dict[int, Node] = {}

    def walk(n: Node) -> None:
        for child in n.left:
            governor[id(child)] = n
            walk(child)
        order.append(n)
        for child in n.right:
            governor[id(child)] = n
            walk(child)

    walk(root)
    index = {id(n): i for i, n in enumerate(order)}
    return Tree(
        words=tuple(n.text for n in order),
        tags=tuple(n.tag for n in order),
        heads=tuple(index[id(governor.get(id(n), n))] for n in order),
        deps=tuple(n.dep for n in order),
        subject=None if subject is None else index.get(id(subject)),
    )


def plural(noun: str) -> str:
    """The plural of a noun's last word ("wine glass" -> "wine glasses")."""
    first, _, last = noun.rpartition(" ")
    if last in IRREGULAR_PLURALS:
        form = IRREGULAR_PLURALS[last]
    elif last in MASS or last in PLURAL_ONLY:
        form = last
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        form = last + "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        form = last[:-1] + "ies"
    else:
        form = last + "s"
    return f"{first} {form}".strip()


def typed_by_people(tree: Tree, rng: random.Random, *, rate: float = 0.03) -> Tree:
    """Capitals, a full stop and letter slips at people's rates; the parse stays what it was."""
    words = list(tree.words)
    for i, word in enumerate(words):
        if tree.tags[i] in ("NN", "NNS", "JJ") and len(word) > 4 and rng.random() < rate:
            at = rng.randrange(1, len(word) - 1)
            slip = rng.choice(("drop", "swap", "double"))
            if slip == "drop":
                words[i] = word[:at] + word[at + 1 :]
            elif slip == "swap":
                words[i] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            else:
                words[i] = word[:at] + word[at] + word[at:]
    style = rng.random()
    if style < 0.06:
        words[0] = words[0].capitalize()
    elif style < 0.08:
        words = [w.upper() for w in words]
    return Tree(words=tuple(words), tags=tree.tags, heads=tree.heads, deps=tree.deps, subject=tree.subject)
