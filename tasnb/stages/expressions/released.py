"""How the authors' released code reads an expression: its phrase, its first noun, and whether their rectifier acts.

Written from the rule of suoych/TAS at 606bb7f (entity_extraction.py and heuristics.py, which are ReCLIP's, and
tas_main.py), slips included where they change an answer; docs/method.md sets each step beside it. All of it works on
the lower-cased text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tasnb.core.types import Direction
from tasnb.stages.expressions import lexicon

_LEFT_RIGHT: tuple[tuple[Direction, tuple[str, ...]], ...] = (("left", ("left", "west")), ("right", ("right", "east")))
_UP: tuple[Direction, tuple[str, ...]] = ("top", ("above", "north", "top"))
# the letters that say down depend on which of their two branches reads them
_DOWN_OF_SUPERLATIVES: tuple[Direction, tuple[str, ...]] = ("bottom", ("below", "south", "underneath"))
_DOWN_OF_RELATIONS: tuple[Direction, tuple[str, ...]] = ("bottom", ("below", "south", "under"))
_SIDES: dict[str, Direction] = {
    word: side for side, words in (*_LEFT_RIGHT, _UP, _DOWN_OF_RELATIONS) for word in words
}  # a relation's own word must be one of these, whole


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the released code takes from an expression.

    Parameters
    ----------
    span : spacy.tokens.Span
        Their target noun phrase, or the whole text where their search falls back to it.
    noun : spacy.tokens.Token or None
        The first noun in it: what their synonym test compares.
    rule : str
        Where the span came from.
    said : dict of str to str
        The directions by which they rectify -> what says each; empty where they do not.
    """

    span: Any
    noun: Any | None
    rule: str
    said: dict[Direction, str]


def read(doc: Any) -> Reading:
    """Read a parsed text as the released code does.

    Parameters
    ----------
    doc : spacy.tokens.Doc
        Of the lower-cased expression, one blank between words.

    Returns
    -------
    Reading
        Their phrase, noun and directions.

    Notes
    -----
    They rectify only if the grown chunk of the entity has the text of the phrase, and there are superlatives or
    relations, but not both. NLTK tags the nouns there; here the parser's own tags do.
    """
    span, rule = _phrase(doc)
    return Reading(span=span, noun=first_noun(span), rule=rule, said=_directions(doc, span.text))


def first_noun(span: Any) -> Any | None:
    """The first token that the tagger calls a noun (NN, NNS, NNP, NNPS).

    Parameters
    ----------
    span : spacy.tokens.Span
        A phrase.

    Returns
    -------
    spacy.tokens.Token or None
        None for a phrase without a noun.
    """
    return next((token for token in span if token.tag_.startswith("N")), None)


def letters(text: str, down: tuple[Direction, tuple[str, ...]] = _DOWN_OF_SUPERLATIVES) -> dict[Direction, str]:
    """The directions whose letters stand anywhere: "bright" says right, "laptop on the left" says top left.

    Parameters
    ----------
    text : str
        The whole expression, in lower case.
    down : tuple
        Which letters say "bottom"; those of their superlatives by default.

    Returns
    -------
    dict of str to str
        At most one of top and bottom, then one of left and right, each with its letters; the first that fits counts.
    """
    found: dict[Direction, str] = {}
    for axis in ((_UP, down), _LEFT_RIGHT):
        hits = ((side, word) for side, words in axis for word in words if word in text)
        found.update([hit] if (hit := next(hits, None)) else [])
    return found


def _phrase(doc: Any) -> tuple[Any, str]:
    """The chunk of the last root, else of that root's first child, else the whole text (docs/method.md, step 1)."""
    chunks = {i: chunk for chunk in doc.noun_chunks for i in range(chunk.start, chunk.end)}
    root = [token for token in doc if token.head.i == token.i][-1]
    if root.i in chunks:
        return chunks[root.i], "first noun of the root's noun chunk"
    child = next(iter(root.children), None)
    if child is not None and child.i in chunks:
        return chunks[child.i], "first noun of the noun chunk of the root's first child"
    return doc[:], "first noun of the whole text"


def _grown(doc: Any) -> dict[int, Any]:
    """Token of a noun chunk -> that chunk grown over what hangs on it and leads to no other chunk (step 2)."""
    above = [{token.i for token in each.ancestors} for each in doc]
    spans = [(chunk.start, chunk.end) for chunk in doc.noun_chunks]
    held = {i for start, end in spans for i in range(start, end)}
    below: list[set[int]] = [set() for _ in doc]  # the words of chunks under each token
    for word in held:
        for i in above[word]:
            below[i].add(word)
    grown = {}
    for left, right in spans:
        own = set(range(left, right))
        none = (
            own if len(own) == 1 else set()
        )  # as there, a chunk's own words count among the others' if it has several
        for i in range(min(own) - 1, -1, -1):
            if above[i] & own and not below[i] - none:
                left = i
        for i in range(max(own) + 1, len(doc)):
            if above[i] & own:
                if i in held or below[i] - none:
                    break
                right = i + 1
        grown.update(dict.fromkeys(own, doc[left:right]))
    return grown


def _directions(doc: Any, phrase: str) -> dict[Direction, str]:
    """Where they rectify to, and what says it; empty where they do not (steps 2 to 7)."""
    chunks = _grown(doc)
    head = _entity(next(token for token in doc if token.head.i == token.i), chunks)
    if head is None and chunks:
        head = _entity(next(iter(doc.noun_chunks)).root.head, chunks)
    if head is None or chunks[head.i].text != phrase:
        return {}
    relations, is_superlative = _walk(head, chunks)
    if is_superlative and not relations:
        return letters(doc.text)
    return {} if is_superlative else _of_relations(relations, phrase, doc.text)


def _entity(head: Any, chunks: dict[int, Any]) -> Any | None:
    """The token itself if a chunk holds it, else its first child if one does (step 3)."""
    child = next(iter(head.children), None)
    return next((token for token in (head, child) if token is not None and token.i in chunks), None)


def _walk(head: Any, chunks: dict[int, Any]) -> tuple[list[tuple[list[Any], str]], bool]:
    """Down from the head: every other entity with the words on the way to it; whether a superlative was met (step 4).

    Their slip: grown chunks are made anew for each of their words and compared by identity. So a word of a chunk of
    several words is another entity than the next one ("right polar bear" is related to itself), and their rule for two
    words of one chunk is never reached.
    """
    relations: list[tuple[list[Any], str]] = []
    is_superlative = False
    waiting: list[tuple[Any, tuple[Any, ...]]] = [(head, ())]
    while waiting:
        token, words = waiting.pop()
        means_nothing = token.text in lexicon.OFFICIAL_RELATIONS or token.text in lexicon.OFFICIAL_NULLS
        if token.i in chunks and token.i != head.i and not means_nothing:
            relations.append((sorted(words, key=lambda word: word.i), chunks[token.i].text))
            continue
        children = list(token.children)
        if not children:
            is_superlative |= any(word.text in lexicon.OFFICIAL_SUPERLATIVES for word in (*words, token))
        if token.i not in chunks or means_nothing or token.text in lexicon.OFFICIAL_SUPERLATIVES:
            words = (*words, token)
        waiting += [(child, words) for child in reversed(children)]
    return relations, is_superlative


def _of_relations(relations: list[tuple[list[Any], str]], entity: str, text: str) -> dict[Direction, str]:
    """The last relation that acts decides; of each its first word that is a side (step 7)."""
    said: dict[Direction, str] = {}
    for words, thing in relations:
        word = next((word.text for word in words if word.text in _SIDES), None)
        if word is None or not (thing == entity or word in thing):
            continue
        side = _SIDES[word]
        across = side in ("left", "right")
        said = {
            way: seen for way, seen in letters(text, _DOWN_OF_RELATIONS).items() if across != (way in ("left", "right"))
        }
        said = {**said, side: word} if across else {side: word, **said}
    return said
