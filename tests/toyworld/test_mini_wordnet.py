"""The mini WordNet against the full Open English WordNet, whose part it is, and WordNet 3.0, as which it decides."""

from __future__ import annotations

import gzip
import itertools
import json
from collections import defaultdict
from pathlib import Path

import pytest
from toyworld import captions, mini_wordnet, world
from toyworld import words as toy

from tasnb.core.types import Head, NounPhrase, Parse
from tasnb.stages.negatives import SynonymRule, mine

pytestmark = pytest.mark.slow


class Reference:
    """Path similarity straight from the source file, apart from NLTK: 1 / (1 + shortest way over a shared ancestor).

    With the corrections that the mini WordNet makes by hand.
    """

    def __init__(self, path: Path) -> None:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            raw = json.load(file)
        self.above = {synset: hypernyms for synset, (_, hypernyms) in raw["synsets"].items()} | mini_wordnet.ABOVE
        self.senses: dict[str, list[str]] = defaultdict(list)
        for word, synsets in raw["lemmas"].items():
            self.senses[word.lower()] += synsets
        for synset, word in mini_wordnet.NAMED.items():
            self.senses[word].append(synset)
        self.seen: dict[str, dict[str, int]] = {}

    def distances(self, synset: str) -> dict[str, int]:
        if synset not in self.seen:
            found, level = {synset: 0}, [synset]
            for steps in itertools.count(1):
                level = [h for s in level for h in self.above[s] if h not in found]
                if not level:
                    break
                found |= dict.fromkeys(level, steps)
            self.seen[synset] = found
        return self.seen[synset]

    def similarity(self, one: str, other: str) -> float:
        best = 0.0
        for a in self.senses[one]:
            for b in self.senses[other]:
                up, down = self.distances(a), self.distances(b)
                shared = up.keys() & down.keys()
                best = max([best, *(1 / (1 + up[s] + down[s]) for s in shared)])
        return best


@pytest.fixture(scope="module")
def source(shared_root: Path) -> Path:
    return shared_root / "data/wordnet/oewn_nouns.json.gz"


@pytest.fixture(scope="module")
def reference(source: Path) -> Reference:
    return Reference(source)


def toy_words() -> list[str]:
    named = {w for k in world.KINDS.values() for w in (k.name, *k.synonyms, *k.hypernyms)}
    return sorted(
        named | {"shirt", "hat", "dress", "park", "table", "sofa", "kid", "player", "umpire", "pizza", "zebra"}
    )


def nltk_similarity(wordnet, one: str, other: str) -> float:
    """Of the words as they are spelled: ``synsets`` would add "wood" to "woods", which is not the database's doing."""
    first, second = (senses_of(wordnet, word) for word in (one, other))
    return max(a.path_similarity(b) for a in first for b in second)


def senses_of(wordnet, word: str) -> list:
    offsets = wordnet._lemma_pos_offset_map[word.replace(" ", "_")]["n"]
    return [wordnet.synset_from_pos_and_offset("n", offset) for offset in offsets]


def test_path_similarity_equals_the_full_wordnets_for_the_toy_words(wordnet, reference: Reference) -> None:
    names = [w for w in toy_words() if w in reference.senses]
    assert len(names) > 60
    for one, other in itertools.combinations_with_replacement(names, 2):
        assert nltk_similarity(wordnet, one, other) == pytest.approx(reference.similarity(one, other)), (one, other)


def test_path_similarity_equals_the_full_wordnets_for_a_sample_of_all_words(wordnet, reference: Reference) -> None:
    names = [w for w in mini_wordnet.vocabulary() if w in reference.senses][::9]
    for one, other in itertools.islice(itertools.combinations(names, 2), 0, None, 5):
        assert nltk_similarity(wordnet, one, other) == pytest.approx(reference.similarity(one, other)), (one, other)


def test_every_word_that_the_source_knows_is_shipped_with_all_its_senses(wordnet, reference: Reference) -> None:
    for word in mini_wordnet.vocabulary():
        if word in reference.senses:
            assert len(senses_of(wordnet, word)) == len(reference.senses[word]), word


def test_every_toy_kind_has_its_hypernyms_above_it(wordnet) -> None:
    for kind in world.KINDS.values():
        for broader in kind.hypernyms:
            below = wordnet.synsets(kind.name.replace(" ", "_"), pos="n")
            above = set(wordnet.synsets(broader, pos="n"))
            assert any(above & set(path) for s in below for path in s.hypernym_paths()), (kind.name, broader)


def test_offsets_point_at_their_lines(toy_folder: Path) -> None:
    data = (toy_folder / "wordnet" / "data.noun").read_bytes()
    index = (toy_folder / "wordnet" / "index.noun").read_text(encoding="utf-8").splitlines()
    rows = [line.split() for line in index if not line.startswith(" ")]
    assert [r[0] for r in rows] == sorted(r[0] for r in rows)
    for row in rows[::50]:
        for offset in row[-int(row[2]) :]:
            assert data[int(offset) :].startswith(offset.encode() + b" ")


def test_the_pointers_come_in_pairs(wordnet) -> None:
    for synset in itertools.islice(wordnet.all_synsets("n"), 0, None, 40):
        assert all(synset in above.hyponyms() for above in synset.hypernyms())
        assert all(synset in below.hypernyms() for below in synset.hyponyms())


def test_there_is_one_root(wordnet) -> None:
    assert {s.root_hypernyms()[0].name() for s in wordnet.synsets("kite", pos="n")} == {"entity.n.01"}


def test_the_folder_is_small_and_says_whose_it_is(toy_folder: Path) -> None:
    folder = toy_folder / "wordnet"
    assert sum(f.stat().st_size for f in folder.iterdir()) < 3_000_000
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "CC-BY 4.0" in (folder / "data.noun").read_text(encoding="utf-8")[:400]
    assert "Open English WordNet" in text
    assert "Princeton" in text


# against WordNet 3.0


@pytest.fixture(scope="module")
def princeton(shared_root: Path, toy_folder: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = shared_root / "models/wordnet-3.0"
    return mini_wordnet.load_princeton(folder, toy_folder / "wordnet" / "lexnames", tmp_path_factory.mktemp("wordnet"))


def decides(wordnet, rule: SynonymRule, subject: str, said: str) -> bool:
    """Whether a phrase that is one noun stays a negative of an expression that is one noun."""
    parse = Parse(text=subject, head=Head(lemma=subject, span=(0, len(subject)), rule="root"), phrase=subject)
    return mine(said, (NounPhrase(text=said, lemma=said),), parse, wordnet, rule=rule).phrases[0].kept


@pytest.mark.parametrize("threshold", [0.9, 0.5])
@pytest.mark.parametrize(("kind", "min_pairs"), [("path", 1), ("official", 3)])
def test_every_pair_of_toy_nouns_is_decided_as_by_wordnet_30(wordnet, princeton, kind, min_pairs, threshold) -> None:
    rule = SynonymRule(kind=kind, threshold=threshold, min_pairs=min_pairs)
    nouns = mini_wordnet.compared()
    assert {"people", "person", "man", "teddy bear", "hat", "sand", "group"} <= set(nouns)
    pairs = list(itertools.combinations_with_replacement(nouns, 2))
    here = [decides(wordnet, rule, *pair) for pair in pairs]
    there = [decides(princeton, rule, *pair) for pair in pairs]
    assert [pair for pair, one, two in zip(pairs, here, there, strict=True) if one != two] == []
    assert 0 < sum(here) < len(pairs)


@pytest.mark.parametrize("threshold", [0.9, 0.5])
def test_plurals_as_they_are_spelled_are_decided_as_by_wordnet_30(wordnet, princeton, threshold) -> None:
    plurals = [toy.plural(noun) for noun in mini_wordnet.compared()]
    for kind, min_pairs in (("path", 1), ("official", 3)):
        rule = SynonymRule(kind=kind, threshold=threshold, min_pairs=min_pairs)
        for pair in [*itertools.product(plurals[::3], plurals[1::3]), *zip(plurals, plurals, strict=True)]:
            assert decides(wordnet, rule, *pair) == decides(princeton, rule, *pair), (kind, pair)


def test_a_caption_word_can_only_be_a_noun_where_it_can_in_wordnet_30(wordnet, princeton) -> None:
    def only_noun(which, word: str) -> bool:
        return {synset.pos() for synset in which.synsets(word)} == {"n"}

    # "a" is a vitamin and "at" astatine in WordNet, but neither stands in a noun phrase without its article
    spoken = set(captions.vocabulary()) - {"a", "an", "at", "who"}
    assert {w for w in spoken if only_noun(wordnet, w)} == {w for w in spoken if only_noun(princeton, w)}
    assert not only_noun(wordnet, "red")


def test_the_listed_differences_are_the_differences(wordnet, princeton, toy_folder: Path) -> None:
    """By NLTK's own path similarity; the list was made by ways over shared ancestors."""
    head, *rows = (toy_folder / "wordnet" / mini_wordnet.DIFFERENCES).read_text(encoding="utf-8").splitlines()
    assert head.split("\t") == ["word", "other", "here", "wordnet_3.0"]
    listed = {(one, two): (here, there) for one, two, here, there in (row.split("\t") for row in rows)}

    def largest(which, one: str, two: str) -> float:
        senses = [which.synsets(word.replace(" ", "_"), "n") for word in (one, two)]
        return max((a.path_similarity(b) or 0.0 for a, b in itertools.product(*senses)), default=0.0)

    found = {}
    for one, two in itertools.combinations_with_replacement(mini_wordnet.compared(), 2):
        values = largest(wordnet, one, two), largest(princeton, one, two)
        if values[0] != values[1]:
            found[one, two] = tuple(f"{value:.4f}" for value in values)
    assert listed == found
    text = (toy_folder / "wordnet" / "README.md").read_text(encoding="utf-8")
    assert f"({len(listed)} of" in text


def test_building_again_gives_the_same_files(source: Path, toy_folder: Path, tmp_path: Path) -> None:
    counts = mini_wordnet.build(tmp_path / "wordnet", source=source)
    assert counts["words"] > 10_000
    for file in sorted((toy_folder / "wordnet").iterdir()):
        assert (tmp_path / "wordnet" / file.name).read_bytes() == file.read_bytes(), file.name


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="set TASNB_SHARED"):
        mini_wordnet.build(tmp_path, source=tmp_path / "none.json.gz")
