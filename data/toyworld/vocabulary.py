"""A word-level tokenizer for the toy CLIP and GIT in Hugging Face's files: WordPiece whose pieces are whole words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

PAD, START, END, UNKNOWN, MASK = "[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"


def make_tokenizer(texts: Iterable[str], *, context_length: int) -> Any:
    """A fast tokenizer with the words of ``texts``, commas and full stops; any other word becomes [UNK].

    [PAD] is 0 and [SEP] has the largest id, because open_clip pools a text where its id is largest.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    normalizer, splitter = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    found = {",", "."}
    for text in texts:
        found |= {piece for piece, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))}
    words = sorted(found)
    vocabulary = {token: i for i, token in enumerate([PAD, UNKNOWN, MASK, START, *words, END])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=100))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, splitter
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        pair=f"{START} $A {END} $B {END}",
        special_tokens=[(START, vocabulary[START]), (END, vocabulary[END])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=context_length,
        pad_token=PAD,
        unk_token=UNKNOWN,
        mask_token=MASK,
        cls_token=START,
        sep_token=END,
        bos_token=START,
        eos_token=END,
    )


def encode(tokenizer: Any, texts: Sequence[str], context_length: int) -> Any:
    """Token ids, a torch tensor int64 (n, context_length), padded with 0 and cut."""
    return tokenizer(
        list(texts), max_length=context_length, padding="max_length", truncation=True, return_tensors="pt"
    ).input_ids


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(str(folder))
