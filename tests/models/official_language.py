"""Writes a spaCy folder and a WordNet folder in the official formats, small enough for a test."""

from __future__ import annotations

from pathlib import Path

# word -> Penn tag, part of speech, lemma
LEXICON = {
    "a": ("DT", "DET", "a"),
    "the": ("DT", "DET", "the"),
    "and": ("CC", "CCONJ", "and"),
    "left": ("JJ", "ADJ", "left"),
    "right": ("JJ", "ADJ", "right"),
    "red": ("JJ", "ADJ", "red"),
    "young": ("JJ", "ADJ", "young"),
    "dog": ("NN", "NOUN", "dog"),
    "puppy": ("NN", "NOUN", "puppy"),
    "cat": ("NN", "NOUN", "cat"),
    "cats": ("NNS", "NOUN", "cat"),
    "man": ("NN", "NOUN", "man"),
    "woman": ("NN", "NOUN", "woman"),
    "bus": ("NN", "NOUN", "bus"),
    "on": ("IN", "ADP", "on"),
    "of": ("IN", "ADP", "of"),
}
WORDS = tuple(LEXICON)

# words, governors (index in the sentence), dependency labels
TREEBANK = (
    ("the left dog", (2, 2, 2), ("det", "amod", "ROOT")),
    ("a red bus", (2, 2, 2), ("det", "amod", "ROOT")),
    ("the young man", (2, 2, 2), ("det", "amod", "ROOT")),
    ("a man and a woman", (1, 1, 1, 4, 1), ("det", "ROOT", "cc", "det", "conj")),
    ("the dog and the cat", (1, 1, 1, 4, 1), ("det", "ROOT", "cc", "det", "conj")),
    ("the cat on the left bus", (1, 1, 1, 5, 5, 2), ("det", "ROOT", "prep", "det", "amod", "pobj")),
    ("a dog on a bus", (1, 1, 1, 4, 2), ("det", "ROOT", "prep", "det", "pobj")),
    ("right puppy", (1, 1), ("amod", "ROOT")),
    ("cats", (0,), ("ROOT",)),
)


def write_spacy(folder: Path) -> Path:
    """A spaCy English pipeline (tok2vec, tagger, parser, attribute ruler) trained on nine sentences."""
    import spacy
    from spacy.lookups import Lookups
    from spacy.tokens import Doc
    from spacy.training import Example
    from spacy.util import fix_random_seed

    fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("tagger")
    nlp.add_pipe("parser", config={"min_action_freq": 1})
    ruler = nlp.add_pipe("attribute_ruler")
    nlp.add_pipe("lemmatizer", config={"mode": "lookup", "overwrite": False})
    examples = []
    for text, heads, deps in TREEBANK:
        words = text.split()
        tags = [LEXICON[word][0] for word in words]
        gold = Doc(nlp.vocab, words=words, tags=tags, heads=list(heads), deps=list(deps))
        examples.append(Example(nlp.make_doc(text), gold))
    lookups = Lookups()
    lookups.add_table("lemma_lookup", {word: lemma for word, (_, _, lemma) in LEXICON.items()})
    nlp.get_pipe("lemmatizer").initialize(lookups=lookups)
    with nlp.select_pipes(disable="lemmatizer"):
        nlp.initialize(lambda: examples)
    for word, (_, pos, _) in LEXICON.items():
        ruler.add([[{"LOWER": word}]], {"POS": pos})
    optimizer = nlp.resume_training()
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    nlp.to_disk(folder)
    return folder


# synset (its lemmas, joined by a comma) -> its hypernym's first lemma; the chain is WordNet's, shortened
SYNSETS = {
    "entity": None,
    "physical_entity": "entity",
    "object,physical_object": "physical_entity",
    "organism,being": "object",
    "person,individual": "organism",
    "man,adult_male": "person",
    "woman,adult_female": "person",
    "animal,beast": "organism",
    "dog,domestic_dog": "animal",
    "puppy": "dog",
    "cat,true_cat": "animal",
    "vehicle": "object",
    "bus,autobus": "vehicle",
}
LICENCE = "".join(f"  {n} This is a made-up database in the format of WordNet 3.0 Copyright\n" for n in range(1, 4))


def write_wordnet(folder: Path) -> Path:
    """A WordNet database folder as NLTK reads it: data, index and exception files for four parts of speech."""
    folder.mkdir(parents=True, exist_ok=True)
    order = [key.split(",") for key in SYNSETS]

    def line(words: list[str], offsets: dict[str, int]) -> str:
        parent = SYNSETS[",".join(words)]
        pointers = [] if parent is None else [("@", offsets.get(parent, 0))]
        pointers += [("~", offsets.get(w[0], 0)) for w in order if SYNSETS[",".join(w)] == words[0]]
        fields = [f"{offsets.get(words[0], 0):08d}", "03", "n", f"{len(words):02x}"]
        fields += [f"{word} 0" for word in words] + [f"{len(pointers):03d}"]
        fields += [f"{symbol} {offset:08d} n 0000" for symbol, offset in pointers]
        return " ".join(fields) + f" | {words[0].replace('_', ' ')}  \n"

    offsets: dict[str, int] = {}
    position = len(LICENCE)  # ascii: characters are bytes
    for words in order:
        offsets[words[0]] = position
        position += len(line(words, {}))  # offsets have a fixed width, so zeros measure the same
    (folder / "data.noun").write_text(LICENCE + "".join(line(words, offsets) for words in order))
    index = sorted((word, offsets[words[0]]) for words in order for word in words)
    rows = [f"{word} n 1 2 @ ~ 1 0 {offset:08d}  \n" for word, offset in index]
    (folder / "index.noun").write_text(LICENCE + "".join(rows))
    for part in ("adj", "adv", "verb"):
        (folder / f"data.{part}").write_text(LICENCE)
        (folder / f"index.{part}").write_text(LICENCE)
    for part in ("adj", "adv", "verb", "noun"):
        (folder / f"{part}.exc").write_text("men man\nwomen woman\n" if part == "noun" else "")
    names = ("adj.all", "adj.pert", "adv.all", "noun.Tops")
    (folder / "lexnames").write_text("".join(f"{i:02d}\t{name}\t3\n" for i, name in enumerate(names)))
    for name in ("cntlist.rev", "index.sense"):
        (folder / name).write_text("")
    return folder
