"""Trains the shipped spaCy pipeline on the grammar's gold parses and, where it is there, the MASC treebank sample.

The folder needs spaCy alone: tok2vec, tagger (Penn tags), parser (spaCy's English labels), attribute_ruler (tags to
universal parts of speech), and spaCy's rule lemmatizer with its tables.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from toyworld.treebank import words
from toyworld.treebank.sentences import generate
from toyworld.treebank.trees import Tree, plural

STEPS = 1700  # about eight minutes on one core
BATCH = 96  # sentences
MASC_SHARE = 0.16  # of a batch
MASC_HELD_OUT = 8  # every eighth sentence judges and never trains
WIDTH, DEPTH, ROWS = 96, 4, 3000

TAG_POS: dict[str, tuple[str, str]] = {
    "NN": ("NOUN", "Number=Sing"), "NNS": ("NOUN", "Number=Plur"), "NNP": ("PROPN", "Number=Sing"),
    "NNPS": ("PROPN", "Number=Plur"),
    "JJ": ("ADJ", "Degree=Pos"), "JJR": ("ADJ", "Degree=Cmp"), "JJS": ("ADJ", "Degree=Sup"), "AFX": ("ADJ", ""),
    "RB": ("ADV", ""), "RBR": ("ADV", "Degree=Cmp"), "RBS": ("ADV", "Degree=Sup"), "WRB": ("ADV", ""),
    "VB": ("VERB", "VerbForm=Inf"), "VBD": ("VERB", "VerbForm=Fin|Tense=Past"), "VBG": ("VERB",
    "VerbForm=Part|Tense=Pres"),
    "VBN": ("VERB", "VerbForm=Part|Tense=Past"), "VBP": ("VERB", "VerbForm=Fin|Tense=Pres"),
    "VBZ": ("VERB", "VerbForm=Fin|Tense=Pres|Number=Sing|Person=3"), "MD": ("AUX", ""),
    "DT": ("DET", ""), "PDT": ("DET", ""), "WDT": ("DET", ""), "PRP": ("PRON", ""), "PRP$": ("PRON", "Poss=Yes"),
    "WP": ("PRON", ""), "WP$": ("DET", "Poss=Yes"), "EX": ("PRON", ""), "IN": ("ADP", ""), "TO": ("PART", ""),
    "RP": ("ADP", ""),
    "POS": ("PART", ""), "CC": ("CCONJ", ""), "CD": ("NUM", ""), "UH": ("INTJ", ""), "FW": ("X", ""), "LS": ("X",
    ""), "ADD": ("X", ""),
    "GW": ("X", ""), "XX": ("X", ""), "CODE": ("X", ""), "SYM": ("SYM", ""), "$": ("SYM", ""), "HYPH": ("PUNCT",
    ""), "NFP": ("PUNCT", ""),
    ".": ("PUNCT", ""), ",": ("PUNCT", ""), ":": ("PUNCT", ""), "``": ("PUNCT", ""), "''": ("PUNCT", ""),
    "-LRB-": ("PUNCT", ""), "-RRB-": ("PUNCT", ""),
}  # fmt: skip
FORMS_OF_BE = ("is", "was", "are", "were", "be", "been", "being", "am", "'s", "'re", "'m")

# suffix tables of the rule lemmatizer: the first that fits and gives a known word wins,
# an unknown word takes the first
NOUN_RULES = [["sses", "ss"], ["ches", "ch"], ["shes", "sh"], ["xes", "x"], ["zzes", "zz"], ["oes", "o"], ["ies",
"y"], ["ies", "ie"],
              ["ves", "f"], ["ves", "fe"], ["men", "man"], ["ses", "se"], ["ses", "s"], ["s", ""]]  # fmt: skip
VERB_RULES = [["ies", "y"], ["sses", "ss"], ["ches", "ch"], ["shes", "sh"], ["xes", "x"], ["es", "e"], ["s", ""],
["ied", "y"],
              ["ed", "e"], ["ed", ""], ["ying", "ie"], ["ing", "e"], ["ing", ""]]  # fmt: skip
ADJ_RULES = [["iest", "y"], ["ier", "y"], ["est", "e"], ["est", ""], ["er", "e"], ["er", ""]]
VERB_EXCEPTIONS = {
    "is": "be", "was": "be", "are": "be", "were": "be", "been": "be", "am": "be", "'s": "be", "'re": "be",
    "'m": "be", "being": "be",
    "has": "have", "had": "have", "having": "have", "does": "do", "did": "do", "done": "do", "goes": "go",
    "went": "go", "gone": "go",
    "lying": "lie", "laying": "lay", "laid": "lay", "lay": "lie", "left": "leave", "held": "hold", "worn": "wear",
    "wore": "wear",
    "stood": "stand", "sat": "sit", "sitting": "sit", "cut": "cut", "cutting": "cut", "bent": "bend",
    "hung": "hang", "ate": "eat",
    "eaten": "eat", "made": "make", "taken": "take", "took": "take", "taking": "take", "seen": "see", "saw": "see",
    "shown": "show",
    "running": "run", "ran": "run", "hitting": "hit", "putting": "put", "getting": "get", "got": "get",
    "swimming": "swim",
    "swinging": "swing", "petting": "pet", "hugging": "hug", "squatting": "squat", "stopped": "stop",
    "topped": "top", "driven": "drive",
    "ridden": "ride", "thrown": "throw", "caught": "catch", "written": "write", "said": "say", "broken": "break",
    "grown": "grow",
    "flown": "fly", "lit": "light", "facing": "face", "wearing": "wear", "skiing": "ski", "dying": "die",
    "tying": "tie",
}  # fmt: skip
NOUN_EXCEPTIONS = {
    "teddies": "teddy", "geese": "goose", "teeth": "tooth", "feet": "foot", "mice": "mouse", "oxen": "ox",
    "dice": "die", "cacti": "cactus",
    "pants": "pants", "jeans": "jeans", "shorts": "shorts", "overalls": "overalls", "scissors": "scissors",
    "clothes": "clothes",
    "sunglasses": "sunglasses", "goggles": "goggles", "leggings": "leggings", "tights": "tights",
    "pajamas": "pajamas", "tongs": "tongs",
    "fries": "fries", "gas": "gas", "lens": "lens", "lenses": "lens", "bus": "bus", "buses": "bus",
    "busses": "bus", "tennis": "tennis",
    "movies": "movie", "cookies": "cookie", "brownies": "brownie", "veggies": "veggie", "hoodies": "hoodie",
    "ties": "tie", "pies": "pie",
    "beanies": "beanie", "selfies": "selfie", "shoes": "shoe", "toes": "toe", "horseshoes": "horseshoe",
    "canoes": "canoe", "hoes": "hoe",
    "axes": "ax", "dishes": "dish", "knives": "knife", "wives": "wife", "lives": "life", "gloves": "glove",
    "waves": "wave", "stoves": "stove",
    "doves": "dove", "sleeves": "sleeve", "olives": "olive", "caves": "cave", "gravies": "gravy", "noses": "nose",
    "horses": "horse",
    "vases": "vase", "houses": "house", "roses": "rose", "purses": "purse", "hoses": "hose", "mouses": "mouse",
    "sheeps": "sheep",
    "mens": "man", "womens": "woman", "childs": "child", "peoples": "people", "people": "people", "gals": "gal",
    "children": "child",
}  # fmt: skip


def _shared() -> Path:
    return Path(os.environ.get("TASNB_SHARED", "../shared"))


def read_masc(path: Path) -> list[Tree]:
    """The treebank sample's sentences (spaCy v2 JSON: heads are relative); ones without a single tree are left out."""
    trees = []
    for document in json.loads(path.read_text()):
        for paragraph in document["paragraphs"]:
            for sentence in paragraph["sentences"]:
                tokens = sentence["tokens"]
                tree = Tree(
                    words=tuple(t["orth"] for t in tokens),
                    tags=tuple(t["tag"] for t in tokens),
                    heads=tuple(i + t["head"] for i, t in enumerate(tokens)),
                    deps=tuple(t["dep"] for t in tokens),
                )
                if (
                    tree.words
                    and all(w.strip() for w in tree.words)
                    and sum(h == i for i, h in enumerate(tree.heads)) == 1
                ):
                    trees.append(tree)
    return trees


def read_nouns(path: Path) -> dict[str, list[str]]:
    """From the Open English WordNet: every one-word noun ("known"), and the physical things among them ("things")."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        source = json.load(file)
    physical_roots = {
        s for w in ("artifact", "animal", "food", "person", "plant", "vehicle") for s in source["lemmas"][w][:1]
    }
    verdict: dict[str, bool] = {}

    def physical(synset: str) -> bool:
        if synset not in verdict:
            verdict[synset] = synset in physical_roots
            verdict[synset] = verdict[synset] or any(physical(h) for h in source["synsets"][synset][1])
        return verdict[synset]

    known = [w for w in source["lemmas"] if w.isascii() and w.isalpha() and w.islower() and len(w) > 2]
    return {"known": known, "things": [w for w in known if physical(source["lemmas"][w][0]) and len(w) < 12]}


def _lemma_tables(known_nouns: Sequence[str]) -> dict[str, dict[str, Any]]:
    def last_words(*pools: Sequence[str]) -> set[str]:
        return {entry.split()[-1] for pool in pools for entry in pool}

    own = last_words(words.PEOPLE, words.ANIMALS, words.VEHICLES, words.FURNITURE, words.FOOD, words.DISHES,
    words.DEVICES,
                     words.THINGS, words.PLANTS, words.PLACES, words.CLOTHES, words.HAIR, words.BODY)  # fmt: skip
    plurals_of_own = {plural(w) for w in own if w not in words.PLURAL_ONLY and plural(w) != w}
    nouns = sorted((own | set(known_nouns)) - {w for w in plurals_of_own if w.endswith("s")})
    verbs = {"hold", "wear", "carry", "eat", "ride", "play", "use", "pull", "push", "throw", "catch", "kick",
    "feed", "read", "drink", "watch",
             "touch", "show", "make", "cook", "wash", "clean", "drive", "serve", "open", "walk", "fly", "film",
             "kiss", "brush", "milk", "bite",
             "chew", "lick", "lift", "point", "look", "talk", "reach", "lean", "wait", "stare", "stand", "sleep",
             "kneel", "crouch", "jump",
             "smile", "surf", "skate", "graze", "park", "seat", "perch", "work", "rest", "bend", "pose", "hang",
             "float", "climb", "slide",
             "turn", "cover", "fill", "pack", "paint", "stack", "fold", "slice", "face", "handle", "hand",
             "drape", "cross"}  # fmt: skip
    adjectives = sorted(last_words(words.ADJECTIVES, words.SIZES, words.COLOURS))
    adjective_exceptions = {"better": ["good"], "best": ["good"], "worse": ["bad"], "worst": ["bad"],
    "bigger": ["big"], "biggest": ["big"],
                            "fatter": ["fat"], "thinner": ["thin"], "further": ["far"], "furthest": ["far"],
                            "farthest": ["far"]}  # fmt: skip
    nouns_exceptions = {
        **{p: s for s, p in words.IRREGULAR_PLURALS.items() if s != p and s != "person"},
        **NOUN_EXCEPTIONS,
    }
    return {
        "lemma_rules": {"noun": NOUN_RULES, "verb": VERB_RULES, "adj": ADJ_RULES},
        "lemma_exc": {
            "noun": {form: [lemma] for form, lemma in sorted(nouns_exceptions.items())},
            "verb": {form: [lemma] for form, lemma in sorted(VERB_EXCEPTIONS.items())},
            "adj": adjective_exceptions,
        },
        "lemma_index": {"noun": nouns, "verb": sorted(verbs), "adj": adjectives},
    }


def build(*, seed: int = 0, known_nouns: Sequence[str] = ()) -> Any:
    """An untrained pipeline with its tables; every part is spaCy's own."""
    import spacy
    from spacy.lookups import Lookups
    from spacy.util import fix_random_seed

    fix_random_seed(seed)
    nlp = spacy.blank("en")
    nlp.meta.update(
        name="toy_referring",
        description="Tagger, parser and lemmatizer for referring expressions, trained on the toy treebank of tasnb.",
        license="MIT (weights); training data: tasnb's own grammar, MASC (CC-BY 3.0), Open English WordNet (CC-BY 4.0)",
        version="0.1.0",
    )
    hash_embed = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "width": WIDTH,
    "depth": DEPTH,
                  "embed_size": ROWS, "window_size": 1, "maxout_pieces": 3, "subword_features": True}  # fmt: skip
    nlp.add_pipe("tok2vec", config={"model": hash_embed})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": WIDTH, "upstream": "tok2vec"}
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "nO": None, "tok2vec": listener}})
    parser = {"@architectures": "spacy.TransitionBasedParser.v2", "state_type": "parser", "extra_state_tokens": False,
              "hidden_width": 64, "maxout_pieces": 2, "use_upper": True, "nO": None, "tok2vec": listener}  # fmt: skip
    nlp.add_pipe("parser", config={"model": parser, "min_action_freq": 5})
    ruler: Any = nlp.add_pipe("attribute_ruler")
    for tag, (pos, morph) in TAG_POS.items():
        ruler.add([[{"TAG": tag}]], {"POS": pos, **({"MORPH": morph} if morph else {})})
    for tag in ("VB", "VBD", "VBG", "VBN", "VBP", "VBZ"):
        ruler.add([[{"TAG": tag, "LOWER": {"IN": list(FORMS_OF_BE)}}]], {"POS": "AUX"})
    lemmatizer: Any = nlp.add_pipe("lemmatizer", config={"mode": "rule"})
    lookups = Lookups()
    for name, table in _lemma_tables(known_nouns).items():
        lookups.add_table(name, table)
    lemmatizer.initialize(lookups=lookups)
    return nlp


def _examples(nlp: Any, trees: Sequence[Tree]) -> list[Any]:
    from spacy.tokens import Doc
    from spacy.training import Example

    out = []
    for tree in trees:
        gold = Doc(
            nlp.vocab, words=list(tree.words), tags=list(tree.tags), heads=list(tree.heads), deps=list(tree.deps)
        )
        out.append(Example(Doc(nlp.vocab, words=list(tree.words)), gold))
    return out


def _masc_stream(trees: Sequence[Tree], rng: random.Random) -> Iterator[Tree]:
    """The treebank again and again in new orders, half of it in lower case: expressions are typed that way."""
    while trees:
        for tree in rng.sample(trees, len(trees)):
            if rng.random() < 0.5:
                lower = tuple(w.lower() for w in tree.words)
                tree = Tree(words=lower, tags=tree.tags, heads=tree.heads, deps=tree.deps)
            yield tree


def judge(nlp: Any, trees: Sequence[Tree]) -> dict[str, float]:
    """Tag accuracy, unlabelled and labelled attachment (0..1) on gold sentences, by spaCy's own scorer."""
    scores = nlp.evaluate(_examples(nlp, trees))
    return {"tag_acc": scores["tag_acc"], "uas": scores["dep_uas"], "las": scores["dep_las"]}


def train(
    out: Path, *, steps: int | None = None, seed: int = 0, log: Callable[[str], None] = print
) -> dict[str, float]:
    """Train, judge, write the folder ``out``; return the scores (0..1) and counts.

    steps: batches of 96 sentences (default 1700). Without the treebank or WordNet under TASNB_SHARED it trains on the
    grammar alone and says so.
    """
    from thinc.api import Adam
    from thinc.schedules import warmup_linear

    steps = STEPS if steps is None else steps
    rng = random.Random(seed)
    masc_file = _shared() / "data/treebank/masc-penn-treebank-sample.json"
    noun_file = _shared() / "data/wordnet/oewn_nouns.json.gz"
    masc = read_masc(masc_file) if masc_file.is_file() else []
    nouns = read_nouns(noun_file) if noun_file.is_file() else {"known": [], "things": []}
    if not masc:
        log("spacy: no MASC treebank under TASNB_SHARED; training on the grammar alone")
    if not nouns["known"]:
        log("spacy: no Open English WordNet under TASNB_SHARED; the lemmatizer knows the grammar's nouns alone")
    held_out = masc[::MASC_HELD_OUT]
    masc_train = [t for i, t in enumerate(masc) if i % MASC_HELD_OUT]
    log(
        f"spacy: {steps} steps of {BATCH} sentences, seed {seed}; "
        f"{len(masc_train)} MASC sentences train, {len(held_out)} judge"
    )

    nlp = build(seed=seed, known_nouns=nouns["known"])
    stream = generate(seed + 1, rare_nouns=nouns["things"])
    sample = list(islice(generate(seed + 2), 2500)) + masc_train
    trainable = ["tok2vec", "tagger", "parser"]
    with nlp.select_pipes(enable=trainable):
        optimizer = nlp.initialize(lambda: _examples(nlp, sample))
    optimizer = Adam(learn_rate=warmup_linear(0.0015, max(1, steps // 20), steps + 1), L2=0.01, grad_clip=1.0)
    from_masc = _masc_stream(masc_train, rng)
    started, losses = time.perf_counter(), dict.fromkeys(trainable, 0.0)
    with nlp.select_pipes(enable=trainable):
        for step in range(1, steps + 1):
            share = round(BATCH * MASC_SHARE) if masc_train else 0
            batch = list(islice(stream, BATCH - share)) + list(islice(from_masc, share))
            nlp.update(_examples(nlp, batch), sgd=optimizer, losses=losses, drop=0.15)
            optimizer.step_schedules()
            if step % 100 == 0 or step == steps:
                shown = ", ".join(f"{name} {losses[name] / 100:.1f}" for name in ("tagger", "parser"))
                log(f"spacy: step {step}, loss {shown}, {time.perf_counter() - started:.0f} s")
                losses = dict.fromkeys(trainable, 0.0)
    fresh = list(islice(generate(seed + 3), 1000))
    scores = {f"grammar_{k}": v for k, v in judge(nlp, fresh).items()}
    if held_out:
        scores |= {f"masc_{k}": v for k, v in judge(nlp, held_out).items()}
    scores |= {"steps": steps, "masc_sentences": len(masc_train), "seconds": round(time.perf_counter() - started, 1)}
    nlp.meta["performance"] = scores
    out.parent.mkdir(parents=True, exist_ok=True)
    nlp.to_disk(out)
    log("spacy: " + ", ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in scores.items()))
    return scores
