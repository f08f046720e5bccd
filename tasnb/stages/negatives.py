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

SynonymKind = Literal["path", "official", "kind"]
# docs/method.md: "group of X" is an X, whatever WordNet says of groups
COLLECTIVES = ("group", "bunch", "row", "couple", "pair", "lot")
THRESHOLDS: dict[SynonymKind, float] = {"path": 0.9, "kind": 0.5, "official": 0.9}
FIRST_SENSES = 2  # of each word, whose path similarity counts for "kind"
# who is of which gender, where WordNet does not say it above them
GENDERS = {
    "male": """man boy guy male gentleman dude fellow bloke lad father dad daddy son brother uncle nephew husband groom
    boyfriend grandpa grandfather king prince waiter policeman fireman businessman sportsman cowboy""",
    "female": """woman girl lady female gal lass mother mom mum mommy daughter sister aunt niece wife bride girlfriend
    grandma grandmother queen princess waitress policewoman businesswoman sportswoman cowgirl""",
}
_GENDER_OF = {word: gender for gender, words in GENDERS.items() for word in words.split()}


@dataclass(frozen=True, kw_only=True)
class SynonymRule:
    """When a phrase names the expression's subject and is dropped.

    Parameters
    ----------
    kind : str
        "path" compares the head nouns' NOUN synsets, a similarity >= threshold counts, and the same lemma is the same
        word whether WordNet knows it or not (paper, section 3.3); a group, bunch, row, couple, pair or lot of X is an
        X. "official" compares the first nouns as written (the lemmas of noun phrases of kind "chunks") in any part of
        speech, a similarity > threshold counts, and nothing else does (suoych/TAS, are_near_synonyms). "kind" (ours)
        asks whether both are of one kind: the first sense of one lies above that of the other ("animal", "dog"), both
        are persons of the same gender ("man", "boy"), or a similarity >= threshold among the first two senses of each
        ("cat", "kitty").
    threshold : float or None
        WordNet path similarity, 0..1; None for 0.5 by kind, and 0.9 else.
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
    threshold: float | None = None
    min_pairs: int = 1
    repeats: Literal["once", "each"] = "once"

    def __post_init__(self) -> None:
        require_known("synonym kind", self.kind, get_args(SynonymKind))
        if self.threshold is None:
            object.__setattr__(self, "threshold", THRESHOLDS[self.kind])
        if not 0 <= self.limit <= 1:
            raise UserError(f"threshold: expected a path similarity from 0 to 1, got {self.threshold}")
        if self.min_pairs < 1:
            raise UserError(f"min_pairs: expected at least 1, got {self.min_pairs}")
        require_known("repeats", self.repeats, ("once", "each"))

    @property
    def limit(self) -> float:
        """The threshold, never None."""
        return THRESHOLDS[self.kind] if self.threshold is None else self.threshold


PAPER = SynonymRule()
KIND = SynonymRule(kind="kind")
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
        if (
            after
            and rule.kind != "official"
            and phrase.lemma in COLLECTIVES
            and f"{phrase.text} of {after.text}" in said
        ):
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
    if rule.kind == "kind" and (why := _same_kind(wordnet, ours, theirs)):
        return verdict(kept=False, reason=f'"{theirs}" is of one kind with the subject "{ours}": {why}')
    compared = _compared(wordnet, ours, theirs, pos, FIRST_SENSES if rule.kind == "kind" else None)
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
    sign = ">" if rule.kind == "official" else ">="
    near = sum(s > rule.limit if rule.kind == "official" else s >= rule.limit for s in pairs)
    dropped = near >= rule.min_pairs
    closest = one if one == two else f"{one} and {two}"
    of = "one kind" if rule.kind == "kind" else "a synonym"
    same = "of one kind with" if rule.kind == "kind" else "another word for"
    if rule.min_pairs > 1:
        found = f"{near} of {len(pairs)} synset pairs are {sign} {rule.limit:g} and {rule.min_pairs} are needed"
    elif dropped:
        found = f"path similarity {similarity:.2f} {sign} {rule.limit:g}"
    else:
        found = f"path similarity {similarity:.2f}, below the {rule.limit:g} of {of}"
    reason = (
        f'"{theirs}" {f"is {same}" if dropped else "is not"} the subject "{ours}": '
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
_Words = tuple[str, str, str | None, int | None]
_REMEMBERED: WeakKeyDictionary[WordNet, dict[_Words, _Compared]] = WeakKeyDictionary()
_MOST = 1 << 14  # pairs of words, some 10 MB


def _compared(wordnet: WordNet, ours: str, theirs: str, pos: str | None, senses: int | None) -> _Compared:
    try:
        known = _REMEMBERED.setdefault(wordnet, {})
    except TypeError:  # one that cannot be a key is asked again
        known = {}
    words = (ours, theirs, pos, senses)
    if (found := known.get(words)) is None:
        if len(known) >= _MOST:
            known.clear()
        found = known[words] = _compare(wordnet, *words)
    return found


def _compare(wordnet: WordNet, ours: str, theirs: str, pos: str | None, senses: int | None) -> _Compared:
    synsets = {word: _synsets(wordnet, word, pos)[:senses] for word in (theirs, ours)}
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


def _same_kind(wordnet: WordNet, ours: str, theirs: str) -> str:
    """Why two words are of one kind, similarity aside; "" where nothing says so."""
    first = [synset[0] for word in (ours, theirs) if (synset := _synsets(wordnet, word, "n"))]
    if len(first) < 2:
        return ""
    above = [upwards([synset]) for synset in first]
    if first[0].name() in above[1] or first[1].name() in above[0]:
        general, special = (ours, theirs) if first[0].name() in above[1] else (theirs, ours)
        return f'every "{special}" is a "{general}"'
    genders = [_gender(word, names) for word, names in zip((ours, theirs), above, strict=True)]
    if genders[0] and genders[0] == genders[1] and all("person.n.01" in names for names in above):
        return f"both are {genders[0]} persons"
    return ""


def _gender(word: str, above: set[str]) -> str:
    """Of a person: by our list, else by what WordNet has above the first sense; "" where neither says it."""
    said = _GENDER_OF.get(word.split()[-1], "")
    return said or next((gender for gender in GENDERS if {f"{gender}.n.02", f"{gender}.n.01"} & above), "")


def upwards(synsets: Sequence[Any]) -> set[str]:
    """The names of synsets and of all above them.

    Parameters
    ----------
    synsets : sequence
        NLTK's.

    Returns
    -------
    set of str
        Such as "dog.n.01" and "animal.n.01".
    """
    waiting, seen = list(synsets), set()
    while waiting:
        synset = waiting.pop()
        if synset.name() not in seen:
            seen.add(synset.name())
            waiting += [*synset.hypernyms(), *getattr(synset, "instance_hypernyms", list)()]
    return seen


def _subject(parse: Parse) -> str:
    """The lemma of the thing that the expression's head names: X of "group of X", else the head."""
    assert parse.head is not None
    for token in parse.tokens if parse.head.lemma in COLLECTIVES else ():
        of = parse.tokens[token.governor]
        if of.text.lower() == "of" and parse.tokens[of.governor].start == parse.head.span[0]:
            return token.lemma.lower()
    return parse.head.lemma.lower()
