"""Negative phrase mining: what is kept, what is dropped, why; on a taxonomy small enough to check by eye."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tasnb.core.types import Head, NounPhrase, Parse, Token
from tasnb.stages import expressions, negatives
from tasnb.stages.negatives import KIND, OFFICIAL, PAPER, SynonymRule, mine

# word senses, most common first, and the synset above each: made up after WordNet, smaller and tidier
SENSES = {
    "cat": ["cat.n.01", "guy.n.01"],
    "kitty": ["pool.n.01", "cat.n.01"],
    "dog": ["dog.n.01"],
    "puppy": ["puppy.n.01"],
    "man": ["man.n.01"],
    "guy": ["guy.n.01"],
    "boy": ["male_child.n.01", "boy.n.02"],
    "woman": ["woman.n.01"],
    "young": ["young.n.01", "young.a.01"],
    "teddy_bear": ["teddy.n.01"],
    "teddy": ["teddy.n.01"],
    "player": ["player.n.01"],
    "baseball": ["baseball.n.01"],
    "bus": ["bus.n.01", "bus.n.02", "bus.n.03", "bus.v.01"],
    "run": ["run.v.01"],
}
ABOVE = {
    "cat.n.01": "animal.n.01", "dog.n.01": "animal.n.01", "puppy.n.01": "dog.n.01", "animal.n.01": "entity.n.01",
    "guy.n.01": "man.n.01", "man.n.01": "person.n.01", "male_child.n.01": "person.n.01", "boy.n.02": "man.n.01",
    "young.n.01": "animal.n.01", "person.n.01": "entity.n.01", "teddy.n.01": "entity.n.01", "pool.n.01": "entity.n.01",
    "player.n.01": "person.n.01", "woman.n.01": "person.n.01", "baseball.n.01": "entity.n.01",
    "bus.n.01": "entity.n.01", "bus.n.02": "entity.n.01", "bus.n.03": "entity.n.01",
}  # fmt: skip


@dataclass(frozen=True)
class Synset:
    key: str

    def name(self) -> str:
        return self.key

    def hypernyms(self) -> list[Synset]:
        return [Synset(ABOVE[self.key])] if self.key in ABOVE else []

    def chain(self) -> list[str]:
        found = [self.key]
        while found[-1] in ABOVE:
            found.append(ABOVE[found[-1]])
        return found

    def path_similarity(self, other: Synset) -> float | None:
        """1 / (1 + edges of the shortest path through a common ancestor), None without one: WordNet's definition."""
        ours, theirs = self.chain(), other.chain()
        paths = [ours.index(k) + theirs.index(k) for k in ours if k in theirs]
        return 1 / (1 + min(paths)) if paths else None


class SmallWordNet:
    def synsets(self, lemma: str, pos: str | None = None) -> list[Synset]:
        return [Synset(key) for key in SENSES.get(lemma, []) if pos in (None, key.split(".")[-2])]


def about(lemma: str | None, phrase: str = "", tokens: tuple[Token, ...] = ()) -> Parse:
    head = None if lemma is None else Head(lemma=lemma, span=(0, len(lemma)), rule="root")
    return Parse(text=phrase or lemma or "left", head=head, phrase=phrase or lemma or "", tokens=tokens)


def phrase(text: str, lemma: str | None = None) -> NounPhrase:
    return NounPhrase(text=text, lemma=text.split()[-1] if lemma is None else lemma)


def judge(subject: str | None, *said: NounPhrase, rule: SynonymRule = PAPER):
    return mine("a caption", said, about(subject), SmallWordNet(), rule=rule).phrases


@pytest.mark.parametrize(
    ("subject", "said", "kept", "synsets", "similarity", "reason"),
    [
        pytest.param(
            "cat", phrase("gray kitty"), False, ("cat.n.01", "cat.n.01"), 1.0,
            '"kitty" is another word for the subject "cat": they share cat.n.01, path similarity 1.00 >= 0.9',
            id="a synonym in any of its senses",
        ),
        pytest.param("cat", phrase("cat"), False, None, None, 'the same word, "cat"', id="the same word"),
        pytest.param("zorb", phrase("big zorb"), False, None, None, "the same word", id="the same, not in WordNet"),
        pytest.param("Cat", phrase("CAT", "Cat"), False, None, None, "the same word", id="case does not matter"),
        pytest.param(
            "boy", phrase("young man"), True, ("boy.n.02", "man.n.01"), 0.5,
            '"man" is not the subject "boy": closest are boy.n.02 and man.n.01, path similarity 0.50, '
            "below the 0.9 of a synonym",
            id="the paper's own example: young man and the boy",
        ),
        pytest.param("puppy", phrase("dog"), True, ("puppy.n.01", "dog.n.01"), 0.5, "is not", id="a hypernym"),
        pytest.param("cat", phrase("zorb"), True, None, None, '"zorb" is not in WordNet', id="unknown phrase"),
        pytest.param("zorb", phrase("cat"), True, None, None, '"zorb" is not in WordNet', id="unknown subject"),
        pytest.param("cat", phrase("a run", "run"), True, None, None, "not in WordNet as a noun", id="a verb only"),
        pytest.param(
            "teddy", phrase("brown teddy bear", "teddy bear"), False, ("teddy.n.01", "teddy.n.01"), 1.0,
            "they share teddy.n.01", id="a lemma of two words",
        ),
        pytest.param(
            None, phrase("cat"), True, None, None,
            "the expression has no noun to compare with, so every phrase is a negative", id="no head",
        ),
        pytest.param("cat", phrase("the left", ""), True, None, None, "has no noun to compare", id="no noun"),
    ],
)  # fmt: skip
def test_the_papers_rule(subject, said, kept, synsets, similarity, reason) -> None:
    (found,) = judge(subject, said)
    assert (found.kept, found.synsets, found.similarity) == (kept, synsets, similarity)
    assert reason in found.reason
    assert (found.text, found.lemma) == (said.text, said.lemma)


@pytest.mark.parametrize(
    ("subject", "said", "kept", "reason"),
    [
        pytest.param("cat", "kitty", False, "path similarity 1.00 >= 0.5", id="a second sense"),
        pytest.param("puppy", "dog", False, 'every "puppy" is a "dog"', id="what it is a kind of"),
        pytest.param("dog", "puppy", False, 'every "puppy" is a "dog"', id="a kind of it"),
        pytest.param("man", "boy", False, "both are male persons", id="persons of one gender"),
        pytest.param("woman", "boy", True, "is not the subject", id="persons of two genders"),
        pytest.param("player", "boy", True, "is not the subject", id="a person of no gender"),
        pytest.param("cat", "dog", True, "path similarity 0.33, below the 0.5 of one kind", id="side by side"),
        pytest.param("zorb", "dog", True, "not in WordNet", id="unknown"),
    ],
)
def test_the_rule_by_kind(subject: str, said: str, kept: bool, reason: str) -> None:
    (found,) = judge(subject, phrase(said), rule=KIND)
    assert found.kept == kept
    assert reason in found.reason


def test_a_threshold_is_the_rules_own_where_none_is_said() -> None:
    assert (PAPER.threshold, OFFICIAL.threshold, KIND.threshold) == (0.9, 0.9, 0.5)
    (found,) = judge("cat", phrase("dog"), rule=SynonymRule(kind="kind", threshold=0.3))
    assert not found.kept


def test_a_group_of_things_is_such_a_thing() -> None:
    """Of the caption, with "of" and the next phrase behind it, and of the expression, by its parse."""
    caption, said = "A group of  cats on a row", (phrase("group"), phrase("cats", "cat"), phrase("row"))
    kept = [p.kept for p in mine(caption, said, about("kitty"), SmallWordNet()).phrases]
    assert kept == [False, False, True], "a row of nothing is a row"
    assert [p.kept for p in mine(caption, said, about("dog"), SmallWordNet()).phrases] == [True] * 3
    assert all(p.kept for p in mine(caption, said[:1], about("cat"), SmallWordNet(), rule=OFFICIAL).phrases)

    tokens = tuple(
        Token(text=w, lemma=lemma, pos=p, dep="x", governor=g, start=s, end=s + len(w))
        for w, lemma, p, g, s in (
            ("left", "left", "ADJ", 1, 0), ("pair", "pair", "NOUN", 1, 5), ("of", "of", "ADP", 1, 10),
            ("young", "young", "ADJ", 4, 13), ("puppies", "puppy", "NOUN", 2, 19),
        )
    )  # fmt: skip
    head = Head(lemma="pair", span=(5, 9), rule="root")
    pair = Parse(text="left pair of young puppies", head=head, phrase="left pair", tokens=tokens)
    assert [p.kept for p in mine("", (phrase("puppy"), phrase("pair")), pair, SmallWordNet()).phrases] == [False, True]


@pytest.mark.parametrize(
    ("expression", "caption"),
    [
        ("group of people on the left", "a person in the snow"),
        ("person on the left", "a group of people"),
        ("a couple of dogs", "two rows of dogs"),
    ],
)
def test_persons_people_and_groups_of_them_are_parsed_as_the_same(nlp, wordnet, expression: str, caption: str) -> None:
    said = expressions.noun_phrases(caption, nlp)
    found = mine(caption, said, expressions.parse(expression, nlp), wordnet).phrases
    assert not [p.text for p in found if p.kept and p.text != "snow"]


def test_the_threshold_is_met_from_it_on_upwards() -> None:
    for threshold, kept in ((0.5, False), (0.51, True)):
        (found,) = judge("puppy", phrase("dog"), rule=SynonymRule(threshold=threshold))
        assert found.kept is kept


def test_a_phrase_said_twice_counts_once_and_says_so() -> None:
    first, again = judge("cat", phrase("dog"), phrase("dog"))
    assert (first.kept, again.kept) == (True, False)
    assert again.reason == '"dog" was already counted; T_n is a set'
    each = SynonymRule(repeats="each")
    assert [p.kept for p in judge("cat", phrase("dog"), phrase("dog"), rule=each)] == [True, True]


def test_no_phrases_give_no_negatives() -> None:
    found = mine("", (), about("cat"), SmallWordNet())
    assert found.phrases == found.kept == ()


def test_all_dropped_leaves_an_empty_set() -> None:
    found = mine("a cat and a kitty", (phrase("cat"), phrase("kitty")), about("cat"), SmallWordNet())
    assert found.kept == ()
    assert found.caption == "a cat and a kitty"


def test_the_order_of_the_caption_is_kept() -> None:
    assert [p.text for p in judge("cat", phrase("man"), phrase("kitty"), phrase("dog"))] == ["man", "kitty", "dog"]


@pytest.mark.parametrize(
    ("subject", "said", "kept", "reason"),
    [
        pytest.param("cat", phrase("cat"), True, "2 of 4 synset pairs are > 0.9 and 3 are needed", id="the target"),
        pytest.param("dog", phrase("dog"), True, "1 of 1 synset pairs", id="one sense can never match"),
        pytest.param("bus", phrase("bus"), False, "4 of 10 synset pairs are > 0.9", id="three senses"),
        pytest.param("kitty", phrase("cat"), True, "1 of 4 synset pairs", id="a true synonym stays"),
        pytest.param("zorb", phrase("zorb"), True, '"zorb" is not in WordNet, so', id="no rule for the same word"),
        pytest.param(None, phrase("cat"), True, "no noun to compare with", id="no head"),
    ],
)  # fmt: skip
def test_the_authors_rule(subject, said, kept, reason) -> None:
    (found,) = judge(subject, said, rule=OFFICIAL)
    assert found.kept is kept
    assert reason in found.reason


def test_the_authors_rule_takes_the_words_that_the_parser_gives_it() -> None:
    """ "baseball player" is about "baseball" there, the first noun; a phrase without any noun stays."""
    one = SynonymRule(kind="official", min_pairs=1)
    player = NounPhrase(text="A baseball player", lemma="baseball")
    ball, other, it = judge("baseball", player, phrase("dog"), NounPhrase(text="it", lemma=""), rule=one)
    assert [ball.kept, other.kept, it.kept] == [False, True, True]
    assert "no noun to compare" in it.reason


def test_a_similarity_of_exactly_the_threshold_is_too_little_for_the_authors() -> None:
    (found,) = judge("puppy", phrase("dog"), rule=SynonymRule(kind="official", threshold=0.5, min_pairs=1))
    assert found.kept


def test_words_without_any_path_are_no_synonyms() -> None:
    (found,) = judge("run", phrase("dog"), rule=SynonymRule(kind="official", min_pairs=1))
    assert found.kept
    assert found.reason == 'WordNet has no path between "dog" and "run"'


def test_the_presets() -> None:
    assert SynonymRule() == PAPER
    assert (PAPER.kind, PAPER.threshold, PAPER.min_pairs, PAPER.repeats) == ("path", 0.9, 1, "once")
    assert (OFFICIAL.kind, OFFICIAL.min_pairs, OFFICIAL.repeats) == ("official", 3, "each")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "wup"}, "unknown synonym kind 'wup'; choose from path, official"),
        ({"threshold": 1.2}, "threshold: expected a path similarity from 0 to 1, got 1.2"),
        ({"min_pairs": 0}, "min_pairs: expected at least 1, got 0"),
        ({"repeats": "never"}, "unknown repeats 'never'; choose from once, each"),
    ],
)
@pytest.mark.usefixtures("no_shape_checks")
def test_impossible_options_are_refused(options, message) -> None:
    with pytest.raises(ValueError, match=message):
        SynonymRule(**options)


def test_every_reason_is_one_line_for_a_reader() -> None:
    for found in (*judge("cat", *map(phrase, ("kitty", "dog", "zorb", "cat"))), *judge(None, phrase("dog"))):
        assert found.reason
        assert "\n" not in found.reason


@pytest.mark.parametrize(
    ("subject", "said", "kept"),
    [
        pytest.param("car", "auto", False, id="one synset"),
        pytest.param("automobile", "car", False, id="one synset, the other way round"),
        pytest.param("teddy", "teddy bear", False, id="two words"),
        pytest.param("cat", "kitty", True, id="WordNet files kitty below the domestic cat: a kind, not a synonym"),
        pytest.param("man", "guy", True, id="and guy below man"),
        pytest.param("boy", "man", True, id="the paper's example"),
        pytest.param("dog", "cat", True, id="two animals"),
    ],
)
def test_the_same_rule_on_the_shipped_wordnet(wordnet, subject: str, said: str, kept: bool) -> None:
    (found,) = mine("", (phrase(said, said),), about(subject), wordnet).phrases
    assert found.kept is kept, found.reason
    assert found.similarity is not None


class CountedWordNet(SmallWordNet):
    def __init__(self) -> None:
        self.asked = 0

    def synsets(self, lemma: str, pos: str | None = None) -> list[Synset]:
        self.asked += 1
        return super().synsets(lemma, pos)


@pytest.mark.parametrize("rule", [PAPER, OFFICIAL], ids=["paper", "official"])
def test_two_words_are_compared_once_and_judged_as_at_first(rule: SynonymRule) -> None:
    wordnet = CountedWordNet()
    said = tuple(NounPhrase(text=f"a {word}", lemma=word) for word in SENSES)
    parses = [Parse(text=w, head=Head(lemma=w, span=(0, len(w)), rule="root")) for w in ("cat", "man", "quokka")]
    first = [mine("", said, parse, wordnet, rule=rule) for parse in parses]
    asked = wordnet.asked
    assert asked > 0
    assert [mine("", said, parse, wordnet, rule=rule) for parse in parses] == first
    assert wordnet.asked == asked, "what it said is remembered"
    assert [mine("", said, parse, CountedWordNet(), rule=rule) for parse in parses] == first, "each has its own memory"


def test_what_is_remembered_of_two_words_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(negatives, "_MOST", 5)
    wordnet, parse = SmallWordNet(), Parse(text="cat", head=Head(lemma="cat", span=(0, 3), rule="root"))
    for word in list(SENSES) * 2:
        mine("", (NounPhrase(text=word, lemma=word),), parse, wordnet)
        assert len(negatives._REMEMBERED.get(wordnet, ())) <= 5
    assert negatives._REMEMBERED[wordnet]


def test_a_wordnet_that_cannot_be_a_key_is_asked_every_time() -> None:
    class Unhashable(SmallWordNet):
        __hash__ = None  # type: ignore[assignment]

    parse = Parse(text="cat", head=Head(lemma="cat", span=(0, 3), rule="root"))
    said = (NounPhrase(text="a kitty", lemma="kitty"),)
    assert mine("", said, parse, Unhashable()) == mine("", said, parse, SmallWordNet())
