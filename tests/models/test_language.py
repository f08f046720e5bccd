"""The language adapters: what they load, what they refuse, that they may be shared by threads."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tasnb.core.types import Parser, WordNet
from tasnb.models.language import WORDNET_FILES, folder_fingerprint, load_parser, load_wordnet
from tasnb.stages import expressions


def test_the_shipped_parts_meet_their_protocols(nlp, wordnet) -> None:
    assert isinstance(nlp, Parser)
    assert isinstance(wordnet, WordNet)
    assert len(nlp.fingerprint) == len(wordnet.fingerprint) == 16


def test_the_shipped_pipeline_needs_spacy_alone(toy_folder: Path) -> None:
    import spacy

    pipeline = spacy.load(toy_folder / "spacy")
    assert pipeline.pipe_names == ["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer"]
    config = (toy_folder / "spacy" / "config.cfg").read_text(encoding="utf-8")
    assert "tasnb" not in config


@pytest.mark.parametrize(
    ("word", "lemma"),
    [
        ("zebras", "zebra"),
        ("men", "man"),
        ("women", "woman"),
        ("people", "people"),
        ("children", "child"),
        ("feet", "foot"),
        ("teddies", "teddy"),
        ("glasses", "glass"),
        ("knives", "knife"),
        ("buses", "bus"),
        ("benches", "bench"),
        ("sheep", "sheep"),
        ("puppies", "puppy"),
        ("jeans", "jeans"),
        ("giraffes", "giraffe"),
        ("boxes", "box"),
        ("quokkas", "quokka"),
    ],
)
def test_plurals_meet_their_singular(nlp, word: str, lemma: str) -> None:
    doc = nlp(f"two {word} on the grass")
    assert doc[1].pos_ == "NOUN"
    assert doc[1].lemma_ == lemma


def test_noun_chunks_come_from_the_tree(nlp) -> None:
    chunks = [c.text for c in nlp("a young man in a red shirt holding two umbrellas").noun_chunks]
    assert chunks == ["a young man", "a red shirt", "two umbrellas"]


def test_a_missing_pipeline_names_the_folder_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"expected a spaCy pipeline .* at .*nowhere, found none; give a folder"
    ):
        load_parser(tmp_path / "nowhere")


def test_a_pipeline_without_a_parser_is_refused(tmp_path: Path) -> None:
    import spacy

    blank = spacy.blank("en")
    blank.add_pipe("sentencizer")
    blank.to_disk(tmp_path / "blank")
    with pytest.raises(ValueError, match=r"with tagger, parser, lemmatizer in .*, got sentencizer; use a full English"):
        load_parser(tmp_path / "blank")


def test_a_missing_wordnet_file_is_named(tmp_path: Path, toy_folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"expected WordNet's database file data.noun in "):
        load_wordnet(tmp_path)
    shutil.copytree(toy_folder / "wordnet", tmp_path / "wn")
    (tmp_path / "wn" / "verb.exc").unlink()
    with pytest.raises(FileNotFoundError, match=r"verb.exc"):
        load_wordnet(tmp_path / "wn")


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_linked_files_are_read(tmp_path: Path, toy_folder: Path, link) -> None:
    for name in (*WORDNET_FILES, "lexnames"):  # as uv, conda and the Hugging Face cache lay files out
        shutil.copyfile(toy_folder / "wordnet" / name, tmp_path / f"cached-{name}")
        link(tmp_path / f"cached-{name}", tmp_path / name)
    linked = load_wordnet(tmp_path)
    assert linked.synsets("puppies", pos="n")[0].name() == "puppy.n.01"


def test_lexnames_may_be_missing(tmp_path: Path, toy_folder: Path) -> None:
    copy = Path(shutil.copytree(toy_folder / "wordnet", tmp_path / "wordnet"))
    table = [line.split() for line in (copy / "lexnames").read_text().splitlines()]
    (copy / "lexnames").unlink()
    reader = load_wordnet(copy)
    assert reader._lexnames == [name for _, name, _ in table]
    assert reader.synsets("man", pos="n") == load_wordnet(copy).synsets("man", pos="n") != []


def test_wordnet_as_princeton_ships_it(shared_root: Path) -> None:
    folder = shared_root / "models" / "wordnet-3.0"
    assert not (folder / "lexnames").exists()
    dog, cat = (load_wordnet(folder).synsets(word, pos="n")[0] for word in ("dog", "cat"))
    assert dog.path_similarity(cat) == 0.2
    assert dog.lexname() == "noun.animal"


def _halved(content: bytes) -> bytes:
    return content[: content.rindex(b"\n", 0, len(content) // 2) + 1]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("lexnames", "<html>\n", "/lexnames is a web page"),
        ("lexnames", "nothing\n", " is damaged"),
        ("noun.exc", "\n\n", "/noun.exc is empty"),
        ("verb.exc", "went go\n\n", " is damaged"),
    ],
)
def test_damaged_small_files_are_refused(tmp_path: Path, toy_folder: Path, name: str, content: str, said: str) -> None:
    copy = Path(shutil.copytree(toy_folder / "wordnet", tmp_path / "wordnet"))
    (copy / name).write_text(content)
    with pytest.raises(ValueError, match=rf"WordNet.* {re.escape(str(copy))}{said}"):
        load_wordnet(copy)


DAMAGE = {
    "carriage returns": (lambda content: content.replace(b"\n", b"\r\n"), "has carriage returns"),
    "cut in a line": (lambda content: content[: len(content) // 2].rstrip(b"\n"), "ends in the middle of a line"),
    "cut after a line": (_halved, "lacks .* entries"),
    "a pointer": (
        lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        "is a Git LFS pointer",
    ),
    "another file": (lambda _: bytes(range(256)) + b"\n", "has carriage returns"),
    "not text": (lambda content: b"\xff" + content, "is not text"),
    "empty": (lambda _: b"", "lacks .* entries"),
    "a page": (lambda _: b"<html>Log in</html>\n", "is a web page"),
    "moved by a byte": (lambda content: b"\n" + content, "is damaged"),
}


@pytest.mark.parametrize("name", ["data.noun", "index.noun", "data.verb", "index.adj"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_database_is_refused_with_the_files_name(
    tmp_path: Path, toy_folder: Path, name: str, damage: str
) -> None:
    copy = Path(shutil.copytree(toy_folder / "wordnet", tmp_path / "wordnet"))
    spoil, said = DAMAGE[damage]
    (copy / name).write_bytes(spoil((copy / name).read_bytes()))
    with pytest.raises(ValueError, match=rf"{re.escape(str(copy / name))} {said}"):
        load_wordnet(copy)


def test_the_reader_is_wordnets(wordnet) -> None:
    man = wordnet.synsets("man", pos="n")[0]
    assert man.name() == "man.n.01"
    assert {h.name() for h in man.hypernyms()} == {"adult.n.01", "male.n.02"}
    assert man.path_similarity(man) == 1.0
    assert wordnet.synsets("puppies", pos="n") == wordnet.synsets("puppy", pos="n") != []
    assert wordnet.synsets("no such word", pos="n") == []


def test_threads_may_share_the_reader(toy_folder: Path) -> None:
    reader = load_wordnet(toy_folder / "wordnet")
    pool_of_words = ["dog", "cat", "bus", "man", "tree", "apple", "chair", "kite"] * 4

    def similarities(word: str) -> list[float]:
        return [a.path_similarity(b) for a in reader.synsets(word, pos="n") for b in reader.synsets("animal", pos="n")]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(similarities, pool_of_words))
    assert together == [similarities(word) for word in pool_of_words]


def test_threads_may_share_the_parser(nlp) -> None:
    texts = [f"the {word} on the left" for word in ("dog", "cat", "bus", "zebra", "vase")] * 4
    with ThreadPoolExecutor(4) as pool:
        together = [[t.dep_ for t in doc] for doc in pool.map(nlp, texts)]
    assert together == [[t.dep_ for t in nlp(text)] for text in texts]


def test_a_fingerprint_changes_with_any_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(json.dumps({"x": 1}))
    before = folder_fingerprint(tmp_path)
    assert folder_fingerprint(tmp_path) == before
    (tmp_path / "a").write_text(json.dumps({"x": 2}))
    changed = folder_fingerprint(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({before, changed, folder_fingerprint(tmp_path)}) == 3


def test_only_the_files_that_count_are_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    before = folder_fingerprint(tmp_path, ["a"])
    (tmp_path / "README").write_text("for people")
    assert folder_fingerprint(tmp_path, ["a"]) == before
    (tmp_path / "a").write_text("2")
    assert folder_fingerprint(tmp_path, ["a"]) != before


def test_a_readme_beside_a_wordnet_is_not_part_of_its_name(toy_folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(toy_folder / "wordnet", tmp_path / "wordnet"))
    (copy / "README.md").write_text("mine")
    assert load_wordnet(copy).fingerprint == load_wordnet(toy_folder / "wordnet").fingerprint


@pytest.fixture(scope="module")
def real_pipeline(shared_root: Path) -> Path:
    return shared_root / "models/en_core_web_sm-3.8.0"


@pytest.fixture(scope="module")
def real_texts(shared_root: Path) -> list[str]:
    """300 real expressions, of each data set some."""
    with gzip.open(shared_root / "data/refexp/expressions.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines][::20][:300]


def test_no_time_goes_into_entities_and_the_parses_are_those_of_the_whole_pipeline(real_pipeline, real_texts) -> None:
    import spacy

    whole, ours = spacy.load(real_pipeline), load_parser(real_pipeline)
    assert "ner" in whole.pipe_names
    assert ours.nlp.pipe_names == [name for name in whole.pipe_names if name != "ner"]

    def words(doc: Any) -> list[tuple[Any, ...]]:
        return [(t.text, t.lemma_, t.tag_, t.pos_, t.dep_, t.head.i, str(t.morph)) for t in doc]

    expected = [words(whole(text)) for text in real_texts]
    assert [words(ours(text)) for text in real_texts] == expected
    assert [words(doc) for doc in ours.pipe(real_texts)] == expected, "and together"


def test_entities_stay_where_a_part_of_ones_own_may_read_them(real_pipeline, tmp_path: Path) -> None:
    import spacy

    nlp = spacy.load(real_pipeline)
    nlp.add_pipe("merge_entities")
    nlp.to_disk(tmp_path / "mine")
    assert load_parser(tmp_path / "mine").nlp.pipe_names == nlp.pipe_names


@pytest.mark.parametrize("rule", ["PAPER", "OFFICIAL"])
def test_expressions_parsed_together_are_parsed_as_each_is(real_pipeline, real_texts, rule: str) -> None:
    parser, chosen = load_parser(real_pipeline), getattr(expressions, rule)
    odd = ["  the   left\tcat ", "İstanbul on the left", "?!", "左边的猫", "the \n dog"]
    texts = [*real_texts[:150], *odd]
    assert expressions.parse_all(texts, parser, rule=chosen) == [
        expressions.parse(text, parser, rule=chosen) for text in texts
    ]
    assert expressions.parse_all(texts[:9], parser.__call__, rule=chosen) == [
        expressions.parse(text, parser, rule=chosen) for text in texts[:9]
    ], "a parser without a pipe is called for each"
    assert expressions.parse_all([], parser) == []


def test_remembered_hypernyms_give_nltks_own_similarities(toy_folder: Path) -> None:
    from nltk.corpus.reader.wordnet import Synset

    reader = load_wordnet(toy_folder / "wordnet")
    synsets = [s for word in ("dog", "bus", "man", "girl", "apple", "street") for s in reader.synsets(word, pos="n")]
    ours = [[a.path_similarity(b) for a in synsets] for b in synsets] * 2
    for synset in reader._synset_offset_cache["n"].values():
        vars(synset).pop("_shortest_hypernym_paths")
    assert synsets[0]._shortest_hypernym_paths.__func__ is Synset._shortest_hypernym_paths, "NLTK's own again"
    assert ours == [[a.path_similarity(b) for a in synsets] for b in synsets] * 2
