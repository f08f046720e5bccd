"""The language side's adapters: a spaCy pipeline and a WordNet, each from a folder. Nothing here downloads."""

from __future__ import annotations

import hashlib
import threading
import warnings
import weakref
from collections.abc import Collection, Iterable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

NEEDED_PARTS = ("tagger", "parser", "lemmatizer")
# what only marks entities and labels, and what is known not to read them
UNREAD_PARTS = {"ner", "beam_ner", "entity_ruler", "textcat", "textcat_multilabel", "spancat", "spancat_singlelabel"}
OTHER_PARTS = {
    "tok2vec", "transformer", "tagger", "morphologizer", "parser", "beam_parser", "senter", "sentencizer",
    "attribute_ruler", "lemmatizer", "trainable_lemmatizer",
}  # fmt: skip
WORDNET_FILES = ("data.noun", "index.noun", "noun.exc", "lexnames")
MOST_SYNSETS = 1 << 14  # whose hypernyms are remembered, some 1 KB each


def folder_fingerprint(folder: Path, names: Collection[str] | None = None) -> str:
    """Name the content of a folder: the name changes whenever a file does.

    Parameters
    ----------
    folder : Path
        With all below it.
    names : collection of str or None
        Of the files that count, such as those that are read at all; None for every one.

    Returns
    -------
    str
        16 hexadecimal digits of a sha256 over the files' names and bytes.
    """
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and (names is None or p.name in names)):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


class SpacyParser:
    """A spaCy pipeline behind types.Parser: call it with a text, get a Doc with tags, tree, lemmas and noun chunks.

    Parameters
    ----------
    nlp : spacy.Language
        A loaded pipeline.
    name : str
        Of the pipeline.
    fingerprint : str
        Changes whenever the result could: the pipeline's files, spaCy's version.
    """

    def __init__(self, nlp: Any, *, name: str, fingerprint: str) -> None:
        self.nlp, self.name, self.fingerprint = nlp, name, fingerprint
        self._lock = threading.Lock()

    def __call__(self, text: str) -> Any:
        """Parse a text.

        Parameters
        ----------
        text : str
            Any.

        Returns
        -------
        spacy.tokens.Doc
            The parse.
        """
        with self._lock:  # a pipeline keeps a cache of words that is not made for two threads
            return self.nlp(text)

    def pipe(self, texts: Iterable[str]) -> list[Any]:
        """Parse many texts together, which takes a fifth of the time.

        Parameters
        ----------
        texts : iterable of str
            Any.

        Returns
        -------
        list of spacy.tokens.Doc
            One each: the same parses.
        """
        with self._lock:
            return list(self.nlp.pipe(texts))

    def __repr__(self) -> str:
        return f"SpacyParser({self.name!r}, {self.fingerprint})"


def load_parser(folder: str | Path) -> SpacyParser:
    """Load a spaCy pipeline for ``expressions.parse``.

    Parameters
    ----------
    folder : str or Path
        A spaCy folder (``nlp.to_disk``), or the name of an installed pipeline such as "en_core_web_sm".

    Returns
    -------
    SpacyParser
        Ready to use.

    Raises
    ------
    FileNotFoundError
        When it is neither.
    ValueError
        When it lacks a tagger, a parser or a lemmatizer.
    """
    import spacy

    path = Path(folder)
    is_folder = (path / "meta.json").is_file()
    if not is_folder and not spacy.util.is_package(str(folder)):
        raise FileNotFoundError(
            f"expected a spaCy pipeline (a folder with meta.json) at {folder}, found none; "
            "give a folder made by nlp.to_disk, or the name of an installed pipeline such as en_core_web_sm"
        )
    with warnings.catch_warnings():
        # a pipeline saved by another spaCy 3.x says so on loading; the fingerprint carries both versions
        warnings.filterwarnings("ignore", message=r".*\[W095\].*", category=UserWarning)
        nlp = spacy.load(path if is_folder else str(folder))
    missing = [part for part in NEEDED_PARTS if part not in nlp.pipe_names]
    if missing:
        raise ValueError(
            f"expected a spaCy pipeline with {', '.join(NEEDED_PARTS)} in {folder}, "
            f"got {', '.join(nlp.pipe_names) or 'an empty one'}; "
            "use a full English pipeline (tasnb ships one for the toy preset)"
        )
    for part in _spared(nlp):
        nlp.remove_pipe(part)
    root = Path(nlp.path) if nlp.path is not None else path
    stamp = f"spacy {spacy.__version__} {nlp.meta['name']} {nlp.meta['version']} {folder_fingerprint(root)}"
    return SpacyParser(nlp, name=str(nlp.meta["name"]), fingerprint=hashlib.sha256(stamp.encode()).hexdigest()[:16])


def _spared(nlp: Any) -> list[str]:
    """The pipeline's parts that nothing here and no other part of it reads: NER takes half of a small one's time."""
    made_by = {name: nlp.get_pipe_meta(name).factory for name in nlp.pipe_names}
    spared = [name for name, factory in made_by.items() if factory in UNREAD_PARTS]
    is_known = all(factory in OTHER_PARTS for name, factory in made_by.items() if name not in spared)
    return spared if is_known else []  # a part of a person's own may read entities or labels


def load_wordnet(folder: str | Path) -> Any:
    """Load a WordNet database folder with NLTK's own reader.

    Parameters
    ----------
    folder : str or Path
        The shipped one, or nltk_data's corpora/wordnet.

    Returns
    -------
    nltk.corpus.reader.WordNetCorpusReader
        Answers ``synsets(word, pos="n")`` and the synsets' ``path_similarity``; it may be used from several threads and
        has a ``fingerprint``.

    Raises
    ------
    FileNotFoundError
        Naming the first missing file.
    """
    path = Path(folder)
    for name in WORDNET_FILES:
        if not (path / name).is_file():
            raise FileNotFoundError(
                f"expected WordNet's database file {name} in {path}, found none; "
                "give a folder with data.noun and index.noun (nltk_data/corpora/wordnet, unzipped, or the shipped one)"
            )
    import nltk.data
    from nltk.corpus.reader.wordnet import Synset, WordNetCorpusReader

    root = str(path.resolve())
    if root not in nltk.data.path:
        nltk.data.path.append(root)  # NLTK reads only below its listed paths; the caller has just named this one

    remembered_paths = lru_cache(MOST_SYNSETS)(Synset._shortest_hypernym_paths)

    class Reader(WordNetCorpusReader):
        """NLTK's reader without its two global habits: looking for other corpora, and sharing file positions."""

        def __init__(self, root: str) -> None:
            self._reading = threading.RLock()
            self._version: str | None = None
            self.fingerprint = folder_fingerprint(path, self._FILES)  # a README beside them changes no answer
            super().__init__(root, None)

        def map_wn(self, version: str = "wordnet") -> None:
            """No map to WordNet 3.0: it serves other languages only, and needs a second corpus."""

        def get_version(self) -> str | None:
            with self._reading:  # asked for in every similarity; the file does not change
                self._version = self._version or super().get_version() or "unknown"
            return self._version

        def synset_from_pos_and_offset(self, pos: str, offset: int) -> Any:
            with self._reading:
                synset = super().synset_from_pos_and_offset(pos, offset)
                if "_shortest_hypernym_paths" not in vars(synset):  # NLTK finds them anew for every similarity
                    synset._shortest_hypernym_paths = partial(remembered_paths, synset)
                return synset

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The multilingual functions are not available")
        reader = Reader(root)
    weakref.finalize(reader, _close, reader._data_file_map)  # NLTK never closes them
    for noun in ("entity", "person"):
        reader.synsets(noun, pos="n")  # opens the noun file now, so that a damaged one is found at loading
    return reader


def _close(files: dict[str, Any]) -> None:
    for file in files.values():
        file.close()
