"""The authors' reading on trees built by hand; what is expected follows from their rule (docs/method.md)."""

from __future__ import annotations

import pytest
import spacy

from tasnb.stages import negatives
from tasnb.stages.expressions import OFFICIAL, noun_phrases, parse
from tasnb.stages.expressions.released import letters, read

POS = {"N": "NOUN", "P": "PRON", "J": "ADJ", "R": "ADV", "V": "VERB", "I": "ADP", "D": "DET", "C": "NUM"}
VOCAB = spacy.blank("en").vocab

# short for the words that come again and again: "word/TAG/dependency>governor"
TREES = {
    "{left dog}": "left/JJ/amod>1 dog/NN/ROOT>1",
    "{of dog}": "of/IN/prep>1 dog/NN/pobj>2",
}


def tree(text: str) -> spacy.tokens.Doc:
    for name, words in TREES.items():
        text = text.replace(name, words)
    words, tags, deps, heads = [], [], [], []
    for each in text.split():
        word, tag, arc = each.split("/")
        dep, _, head = arc.partition(">")
        words.append(word)
        tags.append(tag)
        deps.append(dep)
        heads.append(int(head))
    return spacy.tokens.Doc(
        VOCAB, words=words, tags=tags, deps=deps, heads=heads, pos=[POS[tag[0]] for tag in tags],
        lemmas=words, spaces=[True] * (len(words) - 1) + [False],
    )  # fmt: skip


def one(word: str, noun: str = "dog") -> str:
    """An adjective before its noun."""
    return f"{word}/JJ/amod>1 {noun}/NN/ROOT>1"


def two(first: str, second: str, noun: str = "dog") -> str:
    return f"{first}/JJ/amod>2 {second}/JJ/amod>2 {noun}/NN/ROOT>2"


def beside(word: str, thing: str = "dog", noun: str = "dog") -> str:
    """A noun, a word of place, "of" and another noun."""
    return f"{noun}/NN/ROOT>0 {word}/RB/advmod>0 of/IN/prep>1 {thing}/NN/pobj>2"


def over(word: str, thing: str = "dog", noun: str = "dog") -> str:
    """A noun, a preposition and another noun."""
    return f"{noun}/NN/ROOT>0 {word}/IN/prep>0 {thing}/NN/pobj>1"


CASES = [
    # superlatives (steps 4 and 6): a lone adjective of the list in the head's own chunk
    ("left", one("left"), "left dog", ("left",)),
    ("west is left", one("west"), "west dog", ("left",)),
    ("right", one("right"), "right dog", ("right",)),
    ("east is right", one("east"), "east dog", ("right",)),
    ("above", one("above"), "above dog", ("top",)),
    ("north", one("north"), "north dog", ("top",)),
    ("top", one("top"), "top dog", ("top",)),
    ("below", one("below"), "below dog", ("bottom",)),
    ("south", one("south"), "south dog", ("bottom",)),
    ("under is a relation word only", one("under"), "under dog", ()),
    ("a size has no side", one("bigger"), "bigger dog", ()),
    ("a word of neither list makes the chunk related to itself", one("brown"), "brown dog", ()),
    ("slip: leftmost is no relation word, so it is such a word", one("leftmost"), "leftmost dog", ()),
    ("slip: biggest as well", one("biggest"), "biggest dog", ()),
    ("bottom is in no list", one("bottom"), "bottom dog", ()),
    ("upper is in no list", one("upper"), "upper dog", ()),
    ("a quadrant", two("top", "left"), "top left dog", ("top", "left")),
    ("the other one", two("top", "right"), "top right dog", ("top", "right")),
    ("the order does not matter", two("right", "top"), "right top dog", ("top", "right")),
    ("bottom left", two("south", "left"), "south left dog", ("bottom", "left")),
    ("bottom right", two("below", "east"), "below east dog", ("bottom", "right")),
    ("left goes before right", two("right", "left"), "right left dog", ("left",)),
    ("top goes before below", two("below", "top"), "below top dog", ("top",)),
    ("letters of another word give the other axis", one("left", "laptop"), "left laptop", ("top", "left")),
    ("letters of the head too", one("right", "stop"), "right stop", ("top", "right")),
    ("under is not looked for here", one("right", "thunder"), "right thunder", ("right",)),
    ("a head that is the word itself", "left/NN/ROOT>0", "left", ("left",)),
    # the slip of identity: a chunk of several words is related to itself, which shuts the gate for superlatives
    ("slip: an article", "the/DT/det>2 left/JJ/amod>2 dog/NN/ROOT>2", "the left dog", ()),
    ("slip: right polar bear", two("right", "polar", "bear"), "right polar bear", ()),
    ("slip: one more adjective", two("left", "big"), "left big dog", ()),
    ("slip: a compound", "left/JJ/amod>2 dog/NN/compound>2 bed/NN/ROOT>2", "left dog bed", ()),
    # on the way to another chunk (steps 4 and 7)
    ("a bare side is a superlative", over("on", "left"), "dog", ("left",)),
    ("a side with its article is a relation that names itself",
     "dog/NN/ROOT>0 on/IN/prep>0 the/DT/det>3 left/NN/pobj>1", "dog", ("left",)),
    ("an article of the head gives a relation without words, which is passed over",
     "the/DT/det>1 dog/NN/ROOT>1 on/IN/prep>1 the/DT/det>4 right/NN/pobj>2", "the dog", ("right",)),
    ("but beside a superlative it counts",
     "the/DT/det>1 dog/NN/ROOT>1 on/IN/prep>1 left/NN/pobj>2", "the dog", ()),
    ("a side of something", "dog/NN/ROOT>0 on/IN/prep>0 right/JJ/amod>3 side/NN/pobj>1", "dog", ("right",)),
    ("with an article there are both",
     "dog/NN/ROOT>0 on/IN/prep>0 the/DT/det>4 right/JJ/amod>4 side/NN/pobj>1", "dog", ()),
    ("the side alone says nothing", "dog/NN/ROOT>0 on/IN/prep>0 the/DT/det>3 side/NN/pobj>1", "dog", ()),
    ("slip: a tank top",
     "girl/NN/ROOT>0 in/IN/prep>0 a/DT/det>4 tank/NN/compound>4 top/NN/pobj>1", "girl", ("top",)),
    ("right apron", "man/NN/ROOT>0 on/IN/prep>0 right/JJ/amod>3 apron/NN/pobj>1", "man", ()),
    ("bright has the letters but is no word",
     "girl/NN/ROOT>0 in/IN/prep>0 bright/JJ/amod>3 dress/NN/pobj>1", "girl", ()),
    ("left of another thing", beside("left", "bus"), "dog", ()),
    ("left of a thing of the same name", beside("left"), "dog", ("left",)),
    ("right", beside("right"), "dog", ("right",)),
    ("west", beside("west"), "dog", ("left",)),
    ("east", beside("east"), "dog", ("right",)),
    ("left of a chunk that holds the letters",
     "dog/NN/ROOT>0 left/RB/advmod>0 of/IN/prep>1 leftmost/JJ/amod>4 bus/NN/pobj>2", "dog", ("left",)),
    ("above", over("above"), "dog", ("top",)),
    ("north", over("north"), "dog", ("top",)),
    ("top", over("top"), "dog", ("top",)),
    ("below", over("below"), "dog", ("bottom",)),
    ("south", over("south"), "dog", ("bottom",)),
    ("under is a relation", over("under"), "dog", ("bottom",)),
    ("underneath is none", over("underneath"), "dog", ()),
    ("above another thing", over("above", "bus"), "dog", ()),
    ("inside has no side", over("inside"), "dog", ()),
    ("bigger has none", "dog/NN/ROOT>0 bigger/JJR/amod>0 than/IN/prep>1 dog/NN/pobj>2", "dog", ()),
    ("the other axis by letters: top", beside("right", "stop", "stop"), "stop", ("top", "right")),
    ("bottom, here by under", beside("right", "thunder", "thunder"), "thunder", ("bottom", "right")),
    ("above and left", over("above", "cleft", "cleft"), "cleft", ("top", "left")),
    ("above and right", over("above", "light", "light"), "light", ("top",)),
    ("above and east", over("above", "beast", "beast"), "beast", ("top", "right")),
    ("under and left", over("under", "cleft", "cleft"), "cleft", ("bottom", "left")),
    ("under and right", over("under", "bright", "bright"), "bright", ("bottom", "right")),
    ("a later relation overrides", beside("left") + " right/RB/advmod>0 of/IN/prep>4 dog/NN/pobj>5", "dog", ("right",)),
    ("not one that does not act", beside("left") + " right/RB/advmod>0 of/IN/prep>4 bus/NN/pobj>5", "dog", ("left",)),
    ("of one relation the first side decides, and letters the other axis",
     "dog/NN/ROOT>0 left/RB/advmod>0 above/IN/prep>1 dog/NN/pobj>2", "dog", ("top", "left")),
    ("a superlative and a relation", one("left") + " on/IN/prep>1 bus/NN/pobj>2", "left dog", ()),
    # the chunk must be its own expansion (steps 2 and 5)
    ("a word that hangs on behind", "dog/NN/ROOT>0 left/VBN/acl>0", "dog", ()),
    ("a chain of them", "dog/NN/ROOT>0 left/VBN/acl>0 there/RB/advmod>1", "dog", ()),
    ("what leads to another chunk stops the growth",
     "dog/NN/ROOT>0 near/IN/prep>0 bus/NN/pobj>1 left/VBN/acl>0", "dog", ()),
    ("a side that heads the chunk", "zebra/NN/compound>1 right/NN/ROOT>1", "zebra right", ("right",)),
    # the phrase and the entity (steps 1 and 3)
    ("the phrase is the last root's", one("left") + " brown/JJ/amod>3 cat/NN/ROOT>3", "brown cat", ()),
    ("of two roots with the same text the first one is walked",
     one("left") + " left/JJ/amod>3 dog/NN/ROOT>3", "left dog", ("left",)),
    ("a verb's first child", "left/JJ/amod>1 dog/NN/nsubj>2 runs/VBZ/ROOT>2", "left dog", ("left",)),
    ("a first child in no chunk", "slowly/RB/advmod>1 see/VB/ROOT>1 dog/NN/dobj>1", "slowly see dog", ()),
    ("the whole text where nothing holds the root",
     "man/NN/npadvmod>1 holding/VBG/ROOT>1 kid/NN/dobj>1", "man holding kid", ()),
    ("no chunk at all", "left/VBN/ROOT>0", "left", ()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "phrase", "directions"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_the_authors_rectify(words: str, phrase: str, directions: tuple[str, ...]) -> None:
    found = read(tree(words))
    assert (found.span.text, tuple(found.said)) == (phrase, directions)


NOUNS = [
    ("the first of two", "baseball/NN/compound>1 player/NN/ROOT>1", "baseball"),
    ("an adjective is none", "young/JJ/amod>1 man/NN/ROOT>1", "man"),
    ("a plural", "two/CD/nummod>1 dogs/NNS/ROOT>1", "dogs"),
    ("a name", "John/NNP/ROOT>0", "John"),
    ("a pronoun is none", "him/PRP/ROOT>0", None),
    ("of the whole text where that is the phrase", "man/NN/npadvmod>1 holding/VBG/ROOT>1 kid/NN/dobj>1", "man"),
]


@pytest.mark.parametrize(("words", "noun"), [case[1:] for case in NOUNS], ids=[case[0] for case in NOUNS])
def test_the_noun_that_they_compare(words: str, noun: str | None) -> None:
    found = read(tree(words)).noun
    assert (found and found.text) == noun


def test_what_says_a_direction_is_told() -> None:
    assert letters("laptop on the left") == {"top": "top", "left": "left"}
    assert letters("a bright house") == {"right": "right"}
    assert letters("upper, lower, bottom") == {}
    assert read(tree(beside("right", "thunder", "thunder"))).said == {"bottom": "under", "right": "right"}
    assert read(tree(over("above", "cleft", "cleft"))).said == {"top": "above", "left": "left"}


LESSON_5 = [
    "woman in a bright dress", "cake left on the plate", "dog left of the bus", "bus left of the picture",
    "man next to the left bus",
]  # fmt: skip


@pytest.mark.parametrize("text", LESSON_5)
def test_the_authors_rectify_none_of_these(text: str, nlp) -> None:
    assert parse(text, nlp, rule=OFFICIAL).directions == ()


@pytest.mark.parametrize(
    ("text", "phrase", "head"),
    [
        ("man  in red", "man", (0, 3)),
        ("  the\tman \n in red ", "the man", (6, 9)),
        ("The MAN in red", "the man", (4, 7)),
    ],
)
def test_blanks_and_capitals_are_no_words(text: str, phrase: str, head: tuple[int, int], nlp) -> None:
    found = parse(text, nlp, rule=OFFICIAL)
    assert (found.phrase, found.head and found.head.span) == (phrase, head)
    assert all(text[t.start : t.end] == t.text for t in found.tokens)


def test_every_noun_chunk_as_written(nlp) -> None:
    found = noun_phrases("A man holding a red umbrella in front of it.", nlp, kind="chunks")
    assert [phrase.text for phrase in found] == ["A man", "a red umbrella", "front", "it"]
    assert [phrase.lemma for phrase in found] == ["man", "umbrella", "front", ""]


def test_the_whole_text_gives_the_noun_where_their_search_falls_back(wordnet) -> None:
    """ "man holding kid" with the caption "a man in a park" drops "a man" there: both are about "man"."""
    expression = "man/NN/npadvmod>1 holding/VBG/ROOT>1 kid/NN/dobj>1"
    caption = "a/DT/det>1 man/NN/ROOT>1 in/IN/prep>1 a/DT/det>4 park/NN/pobj>2"
    parsed = parse("man holding kid", lambda text: tree(expression), rule=OFFICIAL)
    phrases = noun_phrases("a man in a park", lambda text: tree(caption), kind="chunks")
    mined = negatives.mine("a man in a park", phrases, parsed, wordnet, rule=negatives.OFFICIAL)
    assert [(phrase.text, phrase.kept) for phrase in mined.phrases] == [("a man", False), ("a park", True)]


@pytest.mark.usefixtures("no_shape_checks")
def test_an_unknown_kind_of_phrase_lists_the_choices(nlp) -> None:
    with pytest.raises(ValueError, match="unknown kind of noun phrases 'all'; choose from things, chunks"):
        noun_phrases("a man", nlp, kind="all")
