"""Overall caption + expression -> the negative phrases T_n, each kept or dropped and why (paper, section 3.3).

The rule is strict by intent: only another word for the *same* thing is dropped, so "young man" stays a negative for
"the boy".
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import Any, Literal, get_args
from weakref import WeakKeyDictionary

from tasnb.core.choices import require_known
from tasnb.core.errors import UserError
from tasnb.core.types import NegativePhrase, Negatives, NounPhrase, Parse, WordNet

SynonymKind = Literal["path", "official"]
# docs/method.md: "group of X" is an X, whatever WordNet says of groups
COLLECTIVES = ("group", "bunch", "row", "couple", "pair", "lot")


@dataclass(frozen=True, kw_only=True)
class SynonymRule:
    """When a phrase names the expression's subject and is dropped.

    Parameters
    ----------
    kind : str
        "path" compares the head nouns' NOUN synsets, a similarity >= threshold counts, and the same lemma is the same
        word whether WordNet knows it or not (paper, section 3.3); a group, bunch, row, couple, pair or lot of X is an
        X. "official" compares the first nouns as written (the lemmas of noun phrases of kind "chunks") in any part of
        speech, a similarity > threshold counts, and nothing else does (suoych/TAS, are_near_synonyms).
    threshold : float
        WordNet path similarity, 0..1.
    min_pairs : int
        How many synset pairs must reach it.
    repeats : str
        A phrase that the caption says twice counts "once" (T_n is a set) or "each" time (suoych/TAS averages over a
        list).

    Raises
    ------
    ValueError
        For another choice, or a number out of range.
    """

    kind: SynonymKind = "path"
    threshold: float = 0.9
    min_pairs: int = 1
    repeats: Literal["once", "each"] = "once"

    def __post_init__(self) -> None:
        require_known("synonym kind", self.kind, get_args(SynonymKind))
        if not 0 <= self.threshold <= 1:
            raise UserError(f"threshold: expected a path similarity from 0 to 1, got {self.threshold}")
        if self.min_pairs < 1:
            raise UserError(f"min_pairs: expected at least 1, got {self.min_pairs}")
        require_known("repeats", self.repeats, ("once", "each"))


PAPER = SynonymRule()
OFFICIAL = SynonymRule(kind="official", min_pairs=3, repeats="each")


def mine(
    caption: str, phrases: Sequence[NounPhrase], parse: Parse, wordnet: WordNet, *, rule: SynonymRule = PAPER
) -> Negatives:
    """T_n with its evidence: every phrase of the overall caption with kept or dropped, the synset pair and the reason.

    Parameters
    ----------
    caption : str
        The overall caption.
    phrases : sequence of NounPhrase
        Its noun phrases.
    parse : Parse
        The expression's.
    wordnet : WordNet
        NLTK's reader.
    rule : SynonymRule
        The paper's by default.

    Returns
    -------
    Negatives
        One verdict a phrase, in their order.

    Notes
    -----
    An expression without a head noun keeps every phrase and says so; a word that WordNet lacks is no synonym of another
    word, so its phrase stays. No phrases, or all dropped: T_n is empty and N is 0 for all.

    Examples
    --------
    >>> from tasnb.core.types import Head
    >>> class NoWordNet:
    ...     def synsets(self, lemma, pos=None):
    ...         return []
    >>> said = (NounPhrase(text="gray cat", lemma="cat"), NounPhrase(text="dog", lemma="dog"))
    >>> parse = Parse(text="left cat", head=Head(lemma="cat", span=(5, 8), rule="root"))
    >>> for phrase in mine("a gray cat and a dog", said, parse, NoWordNet()).phrases:
    ...     print(phrase.kept, "-", phrase.reason)
    False - "gray cat" names the subject: the same word, "cat"
    True - "dog" is not in WordNet as a noun, so nothing says it is the subject
    """
    seen: set[str] = set()
    judged = []
    said = " ".join(caption.lower().split())
    for phrase, after in zip_longest(phrases, phrases[1:]):
        verdict = partial(NegativePhrase, text=phrase.text, lemma=phrase.lemma)
        if rule.repeats == "once" and phrase.text in seen:
            judged.append(verdict(kept=False, reason=f'"{phrase.text}" was already counted; T_n is a set'))
            continue
        seen.add(phrase.text)
        if after and rule.kind == "path" and phrase.lemma in COLLECTIVES and f"{phrase.text} of {after.text}" in said:
            phrase = replace(phrase, lemma=after.lemma)
        judged.append(_judge(verdict, phrase, parse, wordnet, rule))
    return Negatives(caption=caption, phrases=tuple(judged))


def _judge(
    verdict: Callable[..., NegativePhrase], phrase: NounPhrase, parse: Parse, wordnet: WordNet, rule: SynonymRule
) -> NegativePhrase:
    if parse.head is None:
        return verdict(kept=True, reason="the expression has no noun to compare with, so every phrase is a negative")
    if not phrase.lemma:
        return verdict(kept=True, reason=f'"{phrase.text}" has no noun to compare with "{parse.head.lemma}"')
    if rule.kind == "official":
        ours, theirs, pos = parse.head.lemma.lower(), phrase.lemma.lower(), None
    else:
        ours, theirs, pos = _subject(parse), phrase.lemma.lower(), "n"
        if ours == theirs:
            return verdict(kept=False, reason=f'"{phrase.text}" names the subject: the same word, "{ours}"')
    compared = _compared(wordnet, ours, theirs, pos)
    if compared.lacks is not None:
        kind = " as a noun" if pos else ""
        lacks = compared.lacks
        return verdict(kept=True, reason=f'"{lacks}" is not in WordNet{kind}, so nothing says it is the subject')
    if not compared.similarities:
        return verdict(kept=True, reason=f'WordNet has no path between "{theirs}" and "{ours}"')
    return _weigh(verdict, ours, theirs, compared, rule)


def _weigh(
    verdict: Callable[..., NegativePhrase],
    ours: str,
    theirs: str,
    compared: _Compared,
    rule: SynonymRule,
) -> NegativePhrase:
    """The verdict on two words whose synset pairs have these similarities."""
    pairs, (one, two) = compared.similarities, compared.closest
    similarity = max(pairs)
    sign = ">=" if rule.kind == "path" else ">"
    near = sum(s >= rule.threshold if rule.kind == "path" else s > rule.threshold for s in pairs)
    dropped = near >= rule.min_pairs
    closest = one if one == two else f"{one} and {two}"
    if rule.min_pairs > 1:
        found = f"{near} of {len(pairs)} synset pairs are {sign} {rule.threshold:g} and {rule.min_pairs} are needed"
    elif dropped:
        found = f"path similarity {similarity:.2f} {sign} {rule.threshold:g}"
    else:
        found = f"path similarity {similarity:.2f}, below the {rule.threshold:g} of a synonym"
    reason = (
        f'"{theirs}" {"is another word for" if dropped else "is not"} the subject "{ours}": '
        f"{'they share' if one == two else 'closest are'} {closest}, {found}"
    )
    return verdict(kept=not dropped, reason=reason, synsets=(one, two), similarity=similarity)


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """What WordNet says of two words.

    lacks: the one it does not have. similarities: of the synset pairs between which there is a path. closest: the first
    pair with the largest, because WordNet lists the common senses first.
    """

    lacks: str | None = None
    similarities: Sequence[float] = ()
    closest: tuple[str, str] = ("", "")


# what each WordNet said of two words: few pairs come again and again, and each takes milliseconds
_REMEMBERED: WeakKeyDictionary[WordNet, dict[tuple[str, str, str | None], _Compared]] = WeakKeyDictionary()
_MOST = 1 << 14  # pairs of words, some 10 MB


def _compared(wordnet: WordNet, ours: str, theirs: str, pos: str | None) -> _Compared:
    try:
        known = _REMEMBERED.setdefault(wordnet, {})
    except TypeError:  # one that cannot be a key is asked again
        known = {}
    words = (ours, theirs, pos)
    if (found := known.get(words)) is None:
        if len(known) >= _MOST:
            known.clear()
        found = known[words] = _compare(wordnet, ours, theirs, pos)
    return found


def _compare(wordnet: WordNet, ours: str, theirs: str, pos: str | None) -> _Compared:
    synsets = {word: _synsets(wordnet, word, pos) for word in (theirs, ours)}
    for word, found in synsets.items():
        if not found:
            return _Compared(lacks=word)
    pairs = list(_similarities(synsets[ours], synsets[theirs]))
    if not pairs:
        return _Compared()
    _, one, two = max(pairs, key=lambda pair: pair[0])
    return _Compared(similarities=array("d", [similarity for similarity, _, _ in pairs]), closest=(one, two))


def _similarities(ours: list[Any], theirs: list[Any]) -> Iterator[tuple[float, str, str]]:
    for one in ours:
        for two in theirs:
            similarity = one.path_similarity(two)
            if similarity is not None:  # no path, for example between a noun and an adjective
                yield float(similarity), one.name(), two.name()


def _synsets(wordnet: WordNet, word: str, pos: str | None) -> list[Any]:
    return wordnet.synsets(word.replace(" ", "_"), pos)


def _subject(parse: Parse) -> str:
    """The lemma of the thing that the expression's head names: X of "group of X", else the head."""
    assert parse.head is not None
    for token in parse.tokens if parse.head.lemma in COLLECTIVES else ():
        of = parse.tokens[token.governor]
        if of.text.lower() == "of" and parse.tokens[of.governor].start == parse.head.span[0]:
            return token.lemma.lower()
    return parse.head.lemma.lower()
