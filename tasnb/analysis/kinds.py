"""Whether one noun names a kind of another ("duck" is an "animal"), by WordNet where one is at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tasnb.core.types import WordNet

IsA = Callable[[str, str], bool]
SENSES = 3  # of a word: the common ones; rarer ones join what people keep apart


def same_word(word: str, kind: str) -> bool:
    """Without WordNet only the same word is the same kind."""
    return word == kind


def is_a_by(wordnet: WordNet | None) -> IsA:
    """A function (word, kind) -> bool that remembers what it looked up. None: ``same_word``.

    One of the word's first senses is one of the kind's, or lies below it.
    """
    if wordnet is None:
        return same_word
    above: dict[str, frozenset[str]] = {}
    senses: dict[str, frozenset[str]] = {}

    def look_up(word: str) -> None:
        found = wordnet.synsets(word.replace(" ", "_"), "n")[:SENSES]
        senses[word] = frozenset(synset.name() for synset in found)
        above[word] = frozenset(upwards(found))

    def is_a(word: str, kind: str) -> bool:
        for each in (word, kind):
            if each not in senses:
                look_up(each)
        return word == kind or bool(above[word] & senses[kind])

    return is_a


def upwards(synsets: list[Any]) -> set[str]:
    """The names of these synsets and of all above them."""
    waiting, seen = list(synsets), set()
    while waiting:
        synset = waiting.pop()
        if synset.name() not in seen:
            seen.add(synset.name())
            waiting += [*synset.hypernyms(), *getattr(synset, "instance_hypernyms", list)()]
    return seen


def wordnet_of(run: Any) -> WordNet | None:
    """The WordNet that a run's preset names, read when first asked; None where its files are not here."""
    from tasnb.models.deferred import defer

    spec = run.about["models"].get("spec")
    if not spec:
        return None
    try:
        found: WordNet = defer(preset=str(spec["preset"])).wordnet
        found.synsets("person", "n")
    except (OSError, ValueError):
        return None
    return found
