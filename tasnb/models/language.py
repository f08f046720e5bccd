"""The language side's adapters: a spaCy pipeline and a WordNet, each from a folder. Nothing here downloads."""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from tasnb.core.errors import MissingFileError, UserError
from tasnb.core.file_kinds import in_place_of, refuse_foreign
from tasnb.core.shipped import data_root
from tasnb.models.weights import in_our_words

NEEDED_PARTS = ("tagger", "parser", "lemmatizer")
_PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")
WORDNET_FILES = tuple(
    name for pos in _PARTS_OF_SPEECH for name in (f"data.{pos}", f"index.{pos}", f"{pos}.exc")
)  # all that the reader opens, but for lexnames, which some distributions leave out
# what only marks entities and labels, and what is known not to read them
UNREAD_PARTS = {"ner", "beam_ner", "entity_ruler", "textcat", "textcat_multilabel", "spancat", "spancat_singlelabel"}
OTHER_PARTS = {
    "tok2vec", "transformer", "tagger", "morphologizer", "parser", "beam_parser", "senter", "sentencizer",
    "attribute_ruler", "lemmatizer", "trainable_lemmatizer",
}  # fmt: skip
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
    if is_folder:
        _require_plain_files(path)
    elif not spacy.util.is_package(str(folder)):
        raise MissingFileError(
            f"expected a spaCy pipeline (a folder with meta.json) at {folder}, found none; "
            "give a folder made by nlp.to_disk, or the name of an installed pipeline such as en_core_web_sm"
        )
    with warnings.catch_warnings():
        # a pipeline saved by another spaCy 3.x says so on loading; the fingerprint carries both versions
        warnings.filterwarnings("ignore", message=r".*\[W095\].*", category=UserWarning)
        with in_our_words(f"{folder} is damaged, or no spaCy pipeline of this version"):
            nlp = spacy.load(path if is_folder else str(folder))
    missing = [part for part in NEEDED_PARTS if part not in nlp.pipe_names]
    if missing:
        raise UserError(
            f"expected a spaCy pipeline with {', '.join(NEEDED_PARTS)} in {folder}, "
            f"got {', '.join(nlp.pipe_names) or 'an empty one'}; "
            "use a full English pipeline (tasnb ships one for the toy preset)"
        )
    for part in _spared(nlp):
        nlp.remove_pipe(part)
    root = Path(nlp.path) if nlp.path is not None else path
    stamp = f"spacy {spacy.__version__} {nlp.meta['name']} {nlp.meta['version']} {folder_fingerprint(root)}"
    return SpacyParser(nlp, name=str(nlp.meta["name"]), fingerprint=hashlib.sha256(stamp.encode()).hexdigest()[:16])


def _require_plain_files(folder: Path) -> None:
    """Refuse what spaCy would wait for, what came in a file's place, and a part that lets transformers run code."""
    for path in folder.rglob("*"):
        if not path.is_dir():
            refuse_foreign(path, "file of a spaCy pipeline")
    config = folder / "config.cfg"
    if config.is_file() and b"trust_remote_code" in config.read_bytes():
        raise UserError(f"{config} asks for code (trust_remote_code), and tasnb runs none that comes with a model")


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
        The shipped one, nltk_data's corpora/wordnet, or ``dict`` of Princeton's own distribution. Its files may be
        links; ``lexnames``, a fixed table that some distributions leave out, may be missing.

    Returns
    -------
    nltk.corpus.reader.WordNetCorpusReader
        Answers ``synsets(word, pos="n")`` and the synsets' ``path_similarity``; it may be used from several threads and
        has a ``fingerprint``.

    Raises
    ------
    FileNotFoundError
        Naming the first missing file.
    ValueError
        Naming the first damaged file, and what is wrong with it.
    """
    path = Path(folder)
    files = {name: _wordnet_file(path, name) for name in WORDNET_FILES}
    # the same fixed table in every WordNet (lexnames(5WN)): where one lacks it, the shipped one's
    whole = path if (path / "lexnames").is_file() else data_root() / "models" / "toy" / "wordnet"
    files["lexnames"] = _wordnet_file(whole, "lexnames")
    for pos in _PARTS_OF_SPEECH:
        _check_offsets(path, pos, files)
    from nltk.corpus.reader.wordnet import Synset, WordNetCorpusReader
    from nltk.data import PathPointer, SeekableUnicodeStreamReader

    class Folder(PathPointer):
        """Where a corpus is, for NLTK; its files are read by ``Reader.open``."""

        def __init__(self) -> None:
            self.path = str(path)

        def open(self, encoding: str | None = None) -> Any:
            raise IsADirectoryError(self.path)

        def file_size(self) -> int:
            raise IsADirectoryError(self.path)

        def join(self, fileid: str) -> Any:
            raise FileNotFoundError(f"{self.path}/{fileid}")

    remembered_paths = lru_cache(MOST_SYNSETS)(Synset._shortest_hypernym_paths)

    class Reader(WordNetCorpusReader):
        """NLTK's reader without its global habits: looking for other corpora, sharing file positions, and refusing
        files with more than one link, as package managers make them."""

        def __init__(self) -> None:
            self._reading = threading.RLock()
            self._version: str | None = None
            self.fingerprint = folder_fingerprint(path, self._FILES)  # a README beside them changes no answer
            super().__init__(Folder(), None)

        def open(self, file: str) -> Any:
            content = files.pop(file, None)  # most are opened once
            return SeekableUnicodeStreamReader(
                io.BytesIO(_wordnet_file(path, file) if content is None else content), self._ENCODING
            )

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
        with in_our_words(f"WordNet in {path} is damaged, copy it again: NLTK cannot read lexnames or the .exc files"):
            return Reader()


def _wordnet_file(folder: Path, name: str) -> bytes:
    """The bytes of a database file, refused when no reader could make sense of them."""
    file = folder / name
    if not file.is_file():
        raise MissingFileError(
            f"expected WordNet's database file {name} in {folder}, found none; "
            "give a folder with data.noun and index.noun (nltk_data/corpora/wordnet, unzipped, or the shipped one)"
        )
    content = file.read_bytes()
    wrong = ""  # the last reason that fits
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as problem:
        wrong = f"is not text ({problem.reason} at byte {problem.start}); copy it again"
    if content and not content.endswith(b"\n"):
        wrong = "ends in the middle of a line; copy it again, whole"
    if b"\r" in content:
        wrong = "has carriage returns, which move every entry; copy it again as a binary file"
    if content:  # a part of speech may have no exceptions
        wrong = in_place_of(content) or wrong
    if wrong:
        raise UserError(f"WordNet's database file {file} {wrong}")
    return content


def _check_offsets(folder: Path, pos: str, files: Mapping[str, bytes]) -> None:
    """Index and data of a part of speech belong together: each entry begins with its own place, and both name the same.

    Raises ValueError, naming the file that lacks something.
    """
    there, place = set(), 0
    for line in files[f"data.{pos}"].splitlines(keepends=True):
        if not line.startswith(b" "):  # the licence
            if line[:9] != b"%08d " % place:
                raise UserError(
                    f"WordNet's database file {folder / f'data.{pos}'} is damaged: "
                    f"the entry at byte {place} begins with {line[:9]!r}; copy it again"
                )
            there.add(place)
        place += len(line)
    named: set[int] = set()
    for number, line in enumerate(files[f"index.{pos}"].splitlines(), 1):
        if not line.startswith(b" "):
            words = line.split()
            try:
                named.update(int(word) for word in words[-int(words[2]) :])
            except (ValueError, IndexError):
                raise UserError(
                    f"WordNet's database file {folder / f'index.{pos}'} is damaged in line {number}; copy it again"
                ) from None
    for lacking, name in ((named - there, f"data.{pos}"), (there - named, f"index.{pos}")):
        if lacking:
            raise UserError(
                f"WordNet's database file {folder / name} lacks {len(lacking):,} of {len(named | there):,} entries "
                "that the file beside it has; copy both again, from one version of WordNet"
            )
    if pos == "noun" and not there:
        raise UserError(f"WordNet's database file {folder / 'data.noun'} is empty; copy it again")
