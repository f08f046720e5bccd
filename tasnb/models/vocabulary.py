"""Whether a tokenizer is the one that its model was trained with.

transformers makes an empty tokenizer where the files are missing, and any other one loads as well: every caption is
then "" and every text means something else, without a word. The sizes tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tasnb.core.errors import MissingFileError, UserError
from tasnb.models.weights import in_our_words, read_config

CONFIG = "tokenizer_config.json"
# any of these holds the words; vocab.json needs merges.txt beside it
VOCABULARIES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "tokenizer.model",
    "sentencepiece.bpe.model",
)
# a model may have more rows than there are words: padded to a multiple of 128 at most (OPT: 50,272 for 50,265 words,
# FLAN-T5: 32,128 for 32,100), and in tables of hundreds of thousands of rows some that were never used
PADDING, UNUSED = 128, 0.02
PROBE = "a \u0416"  # a word, and a letter that needs the token for what is unknown


def require_tokenizer_files(folder: Path, what: str) -> None:
    """Refuse a folder in which transformers would make up a tokenizer.

    Parameters
    ----------
    folder : Path
        Of a model.
    what : str
        What it holds, for the error.

    Raises
    ------
    MissingFileError
        Naming the file that is not there.
    UserError
        Naming the one that is damaged.
    """
    present = [name for name in VOCABULARIES if (folder / name).is_file()]
    missing = None
    if not present:
        missing = f"tokenizer files; expected {' or '.join(VOCABULARIES[:2])}"
    elif present == ["vocab.json"] and not (folder / "merges.txt").is_file():
        missing = "merges.txt, which vocab.json needs"
    elif not (folder / CONFIG).is_file():
        missing = CONFIG
    if missing:
        raise MissingFileError(
            f"{what} {folder} has no {missing}: it would say nothing or read nothing right. Get the file from where "
            "the model comes from (tasnb fetch does)"
        )
    for name in (CONFIG, VOCABULARIES[0]):
        read_config(folder / name)  # names the file that is damaged


def require_vocabulary(tokenizer: Any, rows: int, what: str) -> None:
    """Refuse a tokenizer of another size than its model's table of words.

    Parameters
    ----------
    tokenizer : transformers.PreTrainedTokenizerBase
        As loaded.
    rows : int
        Words that the model has an embedding of.
    what : str
        The model, for the error.

    Raises
    ------
    UserError
        When it cannot read a text, when an id lies outside the table, and when the tokenizer knows far fewer words than
        the model: a model may have some rows more (see ``PADDING``, ``UNUSED``), never twice as many. Words that were
        only added to a tokenizer and that the model never sees, such as a mark for a picture, may lie outside.
    """
    added = set(tokenizer.added_tokens_encoder)
    words = {word: number for word, number in tokenizer.get_vocab().items() if word not in added}
    spare, known = rows - len(tokenizer), len(tokenizer)
    with in_our_words(f"{what}: its tokenizer reads no text (get its files from where the model comes from)"):
        read = tokenizer(PROBE).input_ids
    beyond = max(words.values(), default=0) >= rows or any(number >= rows for number in read)
    if beyond or spare > max(PADDING, int(UNUSED * rows)) or 2 * known < rows:
        raise UserError(
            f"{what}: its tokenizer knows {known:,} words, the model {rows:,}: tokenizer files are missing, cut off or "
            "another model's; get them from where the model comes from (tasnb fetch does)"
        )
