"""The treebank's grammar gives well-formed trees in spaCy's labels; training leaves a folder that spaCy reads."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path

import pytest
from toyworld import train_spacy
from toyworld.treebank import words as treebank_words
from toyworld.treebank.sentences import generate
from toyworld.treebank.trees import flatten, node, plural, typed_by_people

pytestmark = pytest.mark.slow

LABELS = set(
    """ROOT nsubj nsubjpass dobj pobj attr appos conj cc det amod advmod prep punct compound nmod nummod npadvmod acl
    relcl aux auxpass neg poss case prt acomp expl intj xcomp""".split()  # noqa: SIM905
)


@pytest.fixture(scope="module")
def trees():
    return list(islice(generate(11), 4000))


def test_every_sentence_is_one_projective_tree_in_known_labels(trees) -> None:
    for tree in trees:
        n = len(tree.words)
        assert n == len(tree.tags) == len(tree.heads) == len(tree.deps) > 0
        assert [d for i, d in enumerate(tree.deps) if tree.heads[i] == i] == ["ROOT"], tree.text
        assert set(tree.deps) <= LABELS, set(tree.deps) - LABELS
        assert set(tree.tags) <= train_spacy.TAG_POS.keys(), tree.tags
        arcs = [(min(i, h), max(i, h)) for i, h in enumerate(tree.heads) if i != h]
        assert not any(a < c < b < d for a, b in arcs for c, d in arcs), tree.text


def test_the_subject_is_a_noun_and_mostly_the_root(trees) -> None:
    subjects = [(t, t.subject) for t in trees if t.subject is not None]
    assert len(subjects) > 0.9 * len(trees)
    assert all(t.tags[s] in ("NN", "NNS") for t, s in subjects)
    assert sum(t.deps[s] == "ROOT" for t, s in subjects) > 0.7 * len(subjects)


def test_the_grammar_is_wide(trees) -> None:
    nouns = {w.lower() for t in trees for w, tag in zip(t.words, t.tags, strict=True) if tag in ("NN", "NNS")}
    adjectives = {w.lower() for t in trees for w, tag in zip(t.words, t.tags, strict=True) if tag.startswith("JJ")}
    assert len(nouns) > 700
    assert len(adjectives) > 150
    assert len({t.text for t in trees}) > 3500


def test_the_same_seed_gives_the_same_sentences() -> None:
    def first(seed: int) -> list[str]:
        return [t.text for t in islice(generate(seed), 50)]

    assert first(3) == first(3) != first(4)


def test_rare_nouns_are_drawn() -> None:
    texts = " ".join(t.text for t in islice(generate(1, rare_nouns=("quokka",)), 300))
    assert "quokka" in texts


def test_flattening_keeps_the_order_and_the_governors() -> None:
    noun = node(
        "dog", "NN", "ROOT", node("on", "IN", "prep", node("left", "NN", "pobj")), left=[node("the", "DT", "det")]
    )
    tree = flatten(noun, noun)
    assert tree.words == ("the", "dog", "on", "left")
    assert tree.heads == (1, 1, 1, 2)
    assert tree.subject == 1


def test_typing_changes_letters_and_never_the_parse() -> None:
    tree = next(islice(generate(2), 5, None))
    typed = typed_by_people(tree, random.Random(0), rate=1.0)
    assert (typed.tags, typed.heads, typed.deps) == (tree.tags, tree.heads, tree.deps)
    assert len(typed.words) == len(tree.words)


@pytest.mark.parametrize(
    ("noun", "many"),
    [
        ("dog", "dogs"),
        ("bus", "buses"),
        ("puppy", "puppies"),
        ("wine glass", "wine glasses"),
        ("policeman", "policemen"),
        ("rice", "rice"),
        ("toy", "toys"),
    ],
)
def test_plurals(noun: str, many: str) -> None:
    assert plural(noun) == many


def test_no_entry_of_a_table_hides_a_preposition() -> None:
    for name in ("PEOPLE", "ANIMALS", "FOOD", "DISHES", "THINGS", "CLOTHES", "FURNITURE", "VEHICLES"):
        assert not [e for e in getattr(treebank_words, name) if {"of", "in", "on"} & set(e.split())], name


def test_masc_is_read_as_trees(shared_root: Path) -> None:
    masc = train_spacy.read_masc(shared_root / "data/treebank/masc-penn-treebank-sample.json")
    assert len(masc) == 1025
    assert masc[0].words[:2] == ("I", "remember")
    assert masc[0].heads[0] == 1


def test_two_steps_leave_a_folder_that_spacy_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import spacy

    monkeypatch.setenv("TASNB_SHARED", str(tmp_path / "nothing"))
    lines: list[str] = []
    scores = train_spacy.train(tmp_path / "spacy", steps=2, seed=1, log=lines.append)
    assert any("no MASC treebank" in line for line in lines)
    assert any("no Open English WordNet" in line for line in lines)
    assert 0 <= scores["grammar_uas"] <= 1
    assert scores["steps"] == 2
    assert "masc_uas" not in scores
    doc = spacy.load(tmp_path / "spacy")("two dogs")
    assert doc.has_annotation("TAG")
    assert doc.has_annotation("DEP")
    assert doc.has_annotation("LEMMA")
