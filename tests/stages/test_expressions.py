"""docs/method.md as a table: what is a direction, what only looks like one, which noun is meant."""

from __future__ import annotations

import numpy as np
import pytest

from tasnb.models.language import load_parser, load_wordnet
from tasnb.stages.expressions import OFFICIAL, PAPER, ParseRule, lexicon, noun_phrases, parse, parse_all

# docs/method.md: every word of the four lists, said of the noun meant
EVERY_WORD = [
    ("the left cat", "left"),
    ("leftmost cat", "left"),
    ("lefthand cat", "left"),
    ("left-hand cat", "left"),
    ("the west tower", "left"),
    ("the western house", "left"),
    ("the right cat", "right"),
    ("rightmost cat", "right"),
    ("righthand cat", "right"),
    ("right-hand cat", "right"),
    ("the east tower", "right"),
    ("the eastern house", "right"),
    ("top cat", "top"),
    ("topmost cat", "top"),
    ("cat up", "top"),
    ("upper cat", "top"),
    ("uppermost cat", "top"),
    ("highest kite", "top"),
    ("the north house", "top"),
    ("the northern house", "top"),
    ("bottom cat", "bottom"),
    ("bottommost cat", "bottom"),
    ("cat down", "bottom"),
    ("the low shelf", "bottom"),
    ("lower cat", "bottom"),
    ("lowermost cat", "bottom"),
    ("lowest cat", "bottom"),
    ("the south house", "bottom"),
    ("the southern house", "bottom"),
]

# one row a way of saying where: caption, expression, directions
PLACES = [
    ("before the noun", "left big dog", ("left",)),
    ("bare, after the noun", "dog left", ("left",)),
    ("with on", "dog on the left", ("left",)),
    ("with to", "person to the right", ("right",)),
    ("with toward", "vase toward right", ("right",)),
    ("a corner is both", "plate in the bottom right corner", ("bottom", "right")),
    ("a bare corner", "bowl top left corner", ("top", "left")),
    ("in the order they come", "right top bowl", ("right", "top")),
    ("left most as two words", "left most zebra", ("left",)),
    ("the side of the picture", "lady on the left side of the image", ("left",)),
    ("left of picture", "man left of picture", ("left",)),
    ("right half of the pic", "car on right half of the pic", ("right",)),
    ("the place alone", "bottom left", ("bottom", "left")),
    ("one that is on", "the dog that is on the left", ("left",)),
    ("a sentence", "the dog is on the left", ("left",)),
    ("after clothing", "man in white and gold sweater on the right", ("right",)),
    ("clothing after it", "man bottom right white shirt", ("bottom", "right")),
    ("clothing right after on", "guy on left white shirt", ("left",)),
    ("after a participle", "boat parked on far right", ("right",)),
    ("furthest to the", "man sitting furthest to the right", ("right",)),
    ("the viewer's side", "horse on our left", ("left",)),
    ("its owner is left", "left guy's shirt", ("left",)),
    ("after a comma", "red car, left", ("left",)),
    ("right, not the adverb, before next to", "man on the right next to the tree", ("right",)),
    ("top of the picture", "bird at the top", ("top",)),
    ("a row", "top row middle bear", ("top",)),
    ("once, however often said", "left dog on the left", ("left",)),
    ("closest to us keeps the place", "glass closest to us on left", ("left",)),
    ("not X but Y", "the dog that is not on the left but on the right", ("right",)),
    ("not X, the Y one", "not the left dog, the right one", ("right",)),
    ("not X the Y one", "not the left one the right one", ("right",)),
    ("no X, the Y one", "no left, the right one", ("right",)),
    ("X, not Y", "the dog on the right, not the one on the left", ("right",)),
    ("a no that corrects", "no, the left one", ("left",)),
    ("not wearing", "man not wearing a hat on the left", ("left",)),
    ("not looking", "the dog not looking at the camera on the left", ("left",)),
    ("isn't black", "the dog that isn't black on the left", ("left",)),
    ("not in a colour", "woman not in red on the left", ("left",)),
    ("with no hat", "man with no hat on the left", ("left",)),
    ("doing something there", "guy on left kneeling", ("left",)),
    ("a number behind it", "player on the left number 247", ("left",)),
    ("on top of a thing that is there", "bag on top of suitcase on right", ("right",)),
    ("inside of a thing that is there", "cat inside the box on the left", ("left",)),
    ("in one of several pictures", "bowl in the right hand picture", ("right",)),
    ("turned to us", "zebra left facing us", ("left",)),
    ("on that side of the picture", "cat on the left hand side", ("left",)),
    ("a superlative of its own", "the rightest dog", ("right",)),
    ("run together", "dog on theleft", ("left",)),
    ("doubled", "leftt dog", ("left",)),
    ("left out", "the rigt cat", ("right",)),
    ("changed", "guy on far ledt", ("left",)),
    ("not misspelt", "the lift left", ("left",)),
    ("the first is at the side", "first person on the left", ("left",)),
    ("two of them", "two people on the left", ("left",)),
    ("of two things that are there", "the cat and the dog on the left", ("left",)),
    ("each thing its own", "the cat on the left and the dog on the right", ("left",)),
    ("asked for", "could you please segment the dog on the left?", ("left",)),
    ("alone on its side", "person off by himself on the right", ("right",)),
]

NOT_SAID = (
    "is not",
    "isn't",
    "isnt",
    "is n't",
    "isn\u2019t",
    "was never",
    "wasn't",
    "ain't",
    "doesn't stand",
    "is not sitting",
    "cannot be seen",
    "can't be",
    "is neither",
)

# one row a thing that is no direction of the subject
NO_PLACES = [
    ("no word at all", "the brown dog"),
    ("left of X is a relation", "donut to left of chocolate one"),
    ("left of X without to", "car left of bus"),
    ("right of X is a relation", "the player to the right of another player"),
    ("a clause with a relation", "a yellow taxi , which is to the left of another taxi"),
    ("the left side of X", "chair on the left side of the table"),
    ("above X", "cup above plate"),
    ("below X", "bag below the chair"),
    ("under X", "couch under the woman"),
    ("over X", "lamp over the table"),
    ("on top of X", "apple on top of the box"),
    ("top of X", "skier at top of hill"),
    ("left, the verb", "cake left on plate"),
    ("what is left", "the only donut left"),
    ("left over", "pizza left over"),
    ("right, the adverb", "woman right next to the man"),
    ("right behind", "guy right behind batter"),
    ("right in front", "blue area right in front of kids face"),
    ("right-handed", "right handed batter"),
    ("facing is no place", "bird facing left"),
    ("looking to the side", "cat looking to the right"),
    ("lying down", "a black sheep lying down looking at the camera"),
    ("bending over", "guy bending over"),
    ("slides up", "phone that slides up"),
    ("facing down", "zebra whose head is not facing down"),
    ("standing up", "man standing up"),
    ("close up", "close up of a cat"),
    ("down the hill", "a man in black skiing down a hill"),
    ("trunk up", "elephant with trunk up"),
    ("up to bat", "player who is up to bat"),
    ("a hand of his", "man with his right foot on a ball"),
    ("a hand without a possessor", "girl with left hand raised"),
    ("her left", "man with dog on her left"),
    ("a tank top", "woman in red tank top"),
    ("a garment", "lady in red top"),
    ("a top hat", "man in top hat"),
    ("a cherry on top", "cake with strawberries on top"),
    ("a chair that another sits in", "the chair the bear on the right is sitting in"),
    ("where another sits", "the bench where the man on the left is sitting"),
    ("another's side", "a silver sedan next to the right side of a work truck"),
    ("never letters inside a word", "bright copyright sign"),
    ("upright", "upright bear downtown"),
    ("a western toilet", "western style toilet"),
    ("a north face jacket", "man in north face jacket"),
    ("counted from a side", "second guy from the right"),
    ("not that one", "couch not the chair on the left"),
    *((f"negated by {said}", f"the dog that {said} on the left") for said in NOT_SAID),
    ("neither nor", "the dog neither on the left nor on the right"),
    ("not at either", "the cat not at the top or on the left"),
    ("not the first", "not the left dog"),
    ("not an extreme", "not the leftmost dog"),
    ("not in the end", "dog not far left"),
    ("all but", "any dog but not the left one"),
    ("except", "every dog except the left one"),
    ("other than", "the dog other than the one on the left"),
    ("rather than", "a dog rather than the left one"),
    ("not counted", "not the second dog from the left"),
    ("a garment of any colour", "a turquoise top waving"),
    ("a garment of any look", "girl in a denim top and skirt"),
    ("a garment at the end", "maroon top"),
    ("a garment of any kind", "convertible top"),
    ("several garments", "a woman with green tops singing a song"),
    ("his hand without a possessor", "man with bat in left hand"),
    ("a foot of one's own", "left foot"),
    ("an arm of someone", "the right arm of the man in brown"),
    ("facing, before the noun", "right facing train"),
    ("facing, after the noun", "horse left facing"),
    ("a nation", "South African flag"),
    ("high-top", "girl in high-top sneakers"),
    ("spots on the thing", "giraffe with spots near the top"),
    ("a colour on the thing", "truck that is yellow on the top"),
    ("left hand side of X", "cat on the left hand side of the table"),
    ("on the top of X", "bird on the top of the roof"),
    ("counted, with on", "second giraffe on the left"),
    ("counted, bare", "second banana left"),
    ("counted in figures", "2 person from left"),
    ("counted without a count", "man from the left"),
    ("counted and to", "2nd to the left brown horse"),
    ("lifted is no left", "the loft"),
]

HEADS = [
    ("the root", "the young man on the bench", "man", "root", (10, 13)),
    ("plural to singular", "two zebras on the left", "zebra", "root", (4, 10)),
    ("men", "men on the left", "man", "root", (0, 3)),
    ("children", "left children", "child", "root", (5, 13)),
    ("the last of a compound", "stuffed teddy bear", "bear", "root", (14, 18)),
    ("clothing before a person", "blue shirt guy on left", "guy", "root", (11, 14)),
    ("a child of the verb", "it is a young man", "man", "first noun child of the root", (14, 17)),
    ("the subject of a sentence", "the dog is on the left", "dog", "first noun child of the root", (4, 7)),
    ("behind a request", "segment the dog", "dog", "root", (12, 15)),
    ("behind a question", "where is the red car?", "car", "root", (17, 20)),
]

# head nouns that both parsers must find: the shipped one and en_core_web_sm
HEADS_BY_ANY = [
    ("what it does is none", "kid standing", "kid"),
    ("what it does is none, with an article", "a giraffe eating", "giraffe"),
    ("no determiner", "bear on the left", "bear"),
    ("the nouns said first", "girl white pants", "girl"),
    ("not what is touched", "man touching dog", "man"),
    ("not what is worn", "blonde lady yellow dress", "lady"),
    ("a name of two words", "The teddy bear that is sitting down.", "bear"),
    ("the owned, not the owner", "man's left shoe", "shoe"),
    ("the owned, without an apostrophe", "guys head", "head"),
    ("a row is passed over", "second row left guy", "guy"),
    ("made of a noun", "heart-shaped cookies on edge of table", "cookie"),
    ("all capitals", "BOY IN ORANGE SHIRT", "boy"),
    ("a garment", "green top", "top"),
    ("one", "the one with a hat", "one"),
    ("a request without an article", "find dog on left", "dog"),
    ("mask, a verb", "mask the left dog", "dog"),
    ("mask, a noun", "mask on the wall", "mask"),
    ("segment, a noun", "orange segment on the left", "segment"),
    ("w/ is with", "guy w/ hat left", "guy"),
    ("known to WordNet alone", "The urinal on the wall.", "urinal"),
]
NO_HEADS = ["red", "all black", "standing up", "second from left", "on the right", "smaller"]


@pytest.mark.parametrize(("text", "direction"), EVERY_WORD, ids=[t for t, _ in EVERY_WORD])
def test_every_listed_word_is_its_direction(nlp, text: str, direction: str) -> None:
    assert parse(text, nlp).directions == (direction,)


@pytest.mark.parametrize(("text", "directions"), [r[1:] for r in PLACES], ids=[r[0] for r in PLACES])
def test_a_place_of_the_subject_is_read(nlp, text: str, directions: tuple[str, ...]) -> None:
    result = parse(text, nlp)
    assert result.directions == directions
    assert len(result.direction_words) == len(directions)
    assert all(lexicon.DIRECTION_WORDS[w] == d for w, d in zip(result.direction_words, directions, strict=True))


@pytest.mark.parametrize("text", [r[1] for r in NO_PLACES], ids=[r[0] for r in NO_PLACES])
def test_what_is_no_place_of_the_subject_is_not_claimed(nlp, text: str) -> None:
    assert parse(text, nlp).directions == ()


@pytest.mark.parametrize(("text", "lemma", "rule", "span"), [r[1:] for r in HEADS], ids=[r[0] for r in HEADS])
def test_the_noun_meant_with_the_rule_that_found_it(nlp, text: str, lemma: str, rule: str, span: tuple) -> None:
    head = parse(text, nlp).head
    assert head is not None
    assert (head.lemma, head.rule, head.span) == (lemma, rule, span)


@pytest.fixture(scope="module", params=["toy", "real"])
def language(request, nlp, wordnet, shared_root):
    """A parser with its WordNet: the shipped ones, and en_core_web_sm with Princeton's."""
    if request.param == "toy":
        return nlp, wordnet
    models = shared_root / "models"
    return load_parser(models / "en_core_web_sm-3.8.0"), load_wordnet(models / "wordnet-3.0")


@pytest.mark.parametrize(("text", "lemma"), [r[1:] for r in HEADS_BY_ANY], ids=[r[0] for r in HEADS_BY_ANY])
def test_the_noun_meant_whichever_parser_reads(language, text: str, lemma: str) -> None:
    parser, wordnet = language
    head = parse(text, parser, wordnet=wordnet).head
    assert head is not None
    assert (head.lemma, text[slice(*head.span)].lower().startswith(lemma[:4])) == (lemma, True)


@pytest.mark.parametrize("text", NO_HEADS)
def test_what_names_nothing_is_no_head(language, text: str) -> None:
    parser, wordnet = language
    assert parse(text, parser, wordnet=wordnet).head is None


@pytest.mark.parametrize("rows", [PLACES, NO_PLACES], ids=["places", "no places"])
def test_directions_are_those_of_the_table_whichever_parser_reads(language, rows) -> None:
    parser, wordnet = language
    read = [set(p.directions) for p in parse_all([row[1] for row in rows], parser, wordnet=wordnet)]
    wrong = [row[1] for row, found in zip(rows, read, strict=True) if found != set(row[2] if len(row) > 2 else ())]
    assert wrong == []


def test_a_request_stays_among_the_tokens(nlp) -> None:
    text = "Please segment the dog, thanks"
    found = parse(text, nlp)
    assert [text[t.start : t.end] for t in found.tokens] == ["Please", "segment", "the", "dog", ",", "thanks"]
    assert [t.dep == "request" for t in found.tokens] == [True, True, False, False, True, True]
    assert all(found.tokens[t.governor].dep != "request" for t in found.tokens if t.dep != "request")
    assert found.phrase == "the dog"


@pytest.mark.parametrize(
    ("text", "further", "plural"),
    [
        ("the cat and the dog", ("dog",), False),
        ("a woman, a man and a child", ("man", "child"), False),
        ("cat on the left and dog on the right", ("dog",), False),
        ("woman with hat and glasses", (), False),
        ("a man wearing a red jacket and an orange tie", (), False),
        ("black and white cow", (), False),
        ("two zebras", (), True),
        ("people on the left", (), True),
        ("black pants", (), False),
        ("the taller of the two giraffes", (), False),
        ("group of zebras", (), False),
    ],
)
def test_several_things_are_said_with_what_is_returned(nlp, text, further, plural) -> None:
    found = parse(text, nlp)
    assert (found.further, found.is_plural) == (further, plural)
    told = [note for note in found.notes if "one mask is returned" in note]
    assert len(told) == bool(further or plural)


class _Token:
    """Quacks like a spaCy token, so that each rule of the head can be met with a tree made for it."""

    def __init__(self, i: int, text: str, pos: str, idx: int) -> None:
        self.i, self.text, self.pos_, self.idx = i, text, pos, idx
        self.lemma_ = self.lower_ = text
        self.dep_, self.tag_, self.is_punct = "dep", "NN", False
        self.head, self.children = self, []

    @property
    def left_edge(self):
        return self


class _Doc(list):
    noun_chunks: tuple = ()

    def __getitem__(self, key):
        return _Span(list.__getitem__(self, key)) if isinstance(key, slice) else list.__getitem__(self, key)


class _Span(list):
    @property
    def text(self) -> str:
        return " ".join(t.text for t in self)


class _Chunk(list):
    def __init__(self, tokens, root) -> None:
        super().__init__(tokens)
        self.root, self.start, self.end = root, tokens[0].i, tokens[-1].i + 1


def _doc(*tagged: tuple[str, str, int], chunk: int | None = None):
    doc, at = _Doc(), 0
    for i, (text, pos, _) in enumerate(tagged):
        doc.append(_Token(i, text, pos, at))
        at += len(text) + 1
    for token, (_, _, governor) in zip(list(doc), tagged, strict=True):
        token.head = list.__getitem__(doc, governor)
        if governor != token.i:
            token.head.children.append(token)
    if chunk is not None:
        doc.noun_chunks = (_Chunk([list.__getitem__(doc, chunk)], list.__getitem__(doc, chunk)),)
    return doc


NO_NOUN_CHILD = (("go", "VERB", 0), ("to", "ADP", 0), ("cat", "NOUN", 1), ("dog", "NOUN", 1))


@pytest.mark.parametrize(
    ("doc", "rule", "lemma"),
    [
        (_doc(("dog", "NOUN", 0)), "root", "dog"),
        (_doc(("is", "AUX", 0), ("cat", "NOUN", 0), ("dog", "NOUN", 0)), "first noun child of the root", "cat"),
        (_doc(*NO_NOUN_CHILD, chunk=2), "first noun chunk", "cat"),
        (_doc(*NO_NOUN_CHILD), "last noun", "dog"),
        (_doc(("go", "VERB", 0), ("left", "NOUN", 0)), "none", None),
    ],
    ids=["root", "two nouns under a verb", "no noun child", "no chunk", "a place is no thing"],
)
def test_the_rules_of_the_head_come_in_their_order(doc, rule: str, lemma: str | None) -> None:
    head = parse(" ".join(t.text for t in doc), lambda text: doc).head
    assert (head is None) if lemma is None else (head is not None and (head.lemma, head.rule) == (lemma, rule))


@pytest.mark.parametrize("text", ["left", "bottom right of image", "on the left", "far right", "top left corner"])
def test_a_place_alone_has_no_head(nlp, text: str) -> None:
    result = parse(text, nlp)
    assert result.head is None
    assert result.phrase == ""
    assert result.directions


def test_phrase_and_modifiers_are_the_heads_own(nlp) -> None:
    result = parse("The young man in a red shirt", nlp)
    assert result.phrase == "the young man"
    assert result.modifiers == ("young",)


RELATIONS = [
    ("to the left of", "a lemon to the left of another lemon", "left of", "lemon"),
    ("right of", "stove right of the woman", "right of", "woman"),
    ("above", "cup above the plate", "above", "plate"),
    ("under", "couch under woman", "below", "woman"),
    ("behind", "couch behind white shirt", "behind", "shirt"),
    ("next to", "boy next to the tall girls", "next to", "girl"),
    ("in front of", "man in front of the bus", "in front of", "bus"),
    ("closest to", "purple chair closest to red object", "near", "object"),
    ("on a thing", "cat on the chair", "on", "chair"),
]


@pytest.mark.parametrize(("text", "word", "lemma"), [r[1:] for r in RELATIONS], ids=[r[0] for r in RELATIONS])
def test_a_relation_names_the_other_thing(nlp, text: str, word: str, lemma: str) -> None:
    result = parse(text, nlp)
    assert [(r.word, r.lemma) for r in result.relations] == [(word, lemma)]
    start, end = result.relations[0].span
    assert text[start:end].endswith(result.relations[0].phrase)
    assert result.directions == ()


def test_two_relations_are_both_kept(nlp) -> None:
    result = parse("a stove to the right of a woman and under a sign", nlp)
    assert [(r.word, r.lemma) for r in result.relations] == [("right of", "woman"), ("below", "sign")]


def test_clothes_and_colours_are_no_relation(nlp) -> None:
    assert parse("man in red on the left", nlp).relations == ()


CUES = [
    ("the middle", "man in the middle", "middle", "middle"),
    ("the centre", "center donut", "middle", "middle"),
    ("an extreme in one word", "leftmost sheep", "extreme", "left"),
    ("an extreme in two", "far right guy", "extreme", "right"),
    ("an ordinal from a side", "second bike from the left", "ordinal", "second from left"),
    ("an ordinal typed short", "2nd from right zebra", "ordinal", "second from right"),
    ("a size", "the biggest elephant", "size", "biggest"),
    ("a comparison of size", "the smaller bear", "size", "smallest"),
    ("a clock", "elephant butt 7 o clock", "clock", "7"),
    ("a clock with its apostrophe", "donut at 2 o'clock", "clock", "2"),
    ("a relation", "dog left of the bus", "relation", "left of bus"),
    ("a height", "tallest giraffe", "size", "tallest"),
    ("a height of two", "the shorter one", "size", "shortest"),
    ("a size of one", "little girl", "size", "small"),
    ("in front", "guy in front", "depth", "front"),
    ("front, before the noun", "front bike", "depth", "front"),
    ("in the background", "dog in the background", "depth", "back"),
    ("nearest", "closest cow", "depth", "nearest"),
    ("nearest to the camera", "elephant nearest the camera", "depth", "nearest"),
    ("farthest", "person furthest away", "depth", "farthest"),
    ("furthest back", "man farthest back", "depth", "farthest"),
    ("behind nothing", "woman behind", "depth", "back"),
    ("counted from the front", "second zebra from the front", "ordinal", "second from front"),
    ("a count with on", "second giraffe on the left", "ordinal", "second from left"),
    ("a count in figures", "2 person from left", "ordinal", "second from left"),
    ("a further thing", "the cat and the dog", "coordination", "dog"),
]
NO_CUES = [
    "short hair woman", "back of the chair", "man with his back turned", "truck with a B on the front",
    "from the left", "man from the left", "the third person", "horse closest the fence", "two cats",
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "value"), [r[1:] for r in CUES], ids=[r[0] for r in CUES])
def test_a_cue_for_the_extended_rectifier(nlp, text: str, kind: str, value: str) -> None:
    assert [(c.kind, c.value) for c in parse(text, nlp).cues] == [(kind, value)]


@pytest.mark.parametrize("text", NO_CUES)
def test_what_places_or_measures_nothing_is_no_cue(nlp, text: str) -> None:
    assert [cue for cue in parse(text, nlp).cues if cue.kind != "relation"] == []


def test_between_has_both_its_things(nlp) -> None:
    found = parse("woman between the man and the dog", nlp)
    assert [(r.word, r.lemma) for r in found.relations] == [("between", "man"), ("between", "dog")]


def test_official_reads_what_stands_there(nlp) -> None:
    """No request is taken off, nothing respelt; the kinds of cues of `plus` are not its own."""
    found = parse("segment the big dog in front on theleft", nlp, rule=OFFICIAL)
    assert found.tokens[0].dep != "request"
    assert "theleft" in [t.text for t in found.tokens]
    assert found.cues == ()


def test_an_ordinal_is_a_cue_and_no_direction(nlp) -> None:
    assert parse("second man from left", nlp).directions == ()


OFFICIAL_ROWS = [
    ("letters anywhere", "man in bright shirt", ("right",)),
    ("a laptop is top", "laptop on the left", ("top", "left")),
    ("bottom is not on its list", "bottom dog", ()),
    ("underneath is", "dog underneath", ("bottom",)),
    ("left before right", "left dog, right one", ("left",)),
    ("west", "western house", ("left",)),
]


@pytest.mark.parametrize(("text", "directions"), [r[1:] for r in OFFICIAL_ROWS], ids=[r[0] for r in OFFICIAL_ROWS])
def test_official_words_are_looked_for_as_letters(nlp, text: str, directions: tuple[str, ...]) -> None:
    rule = ParseRule(direction_words="substrings", gate="subject")
    assert parse(text, nlp, rule=rule).directions == directions


def test_paper_is_the_default_and_the_rules_differ_only_by_their_options() -> None:
    assert ParseRule() == PAPER
    assert (OFFICIAL.direction_words, OFFICIAL.gate) == ("substrings", "official")


@pytest.mark.usefixtures("no_shape_checks")
def test_an_unknown_option_lists_the_choices() -> None:
    with pytest.raises(ValueError, match=r"unknown gate 'x'; choose from subject, official"):
        ParseRule(gate="x")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "   ", "\t\n"])
def test_an_empty_text_is_one_clear_error(nlp, text: str) -> None:
    for call in (parse, noun_phrases):
        with pytest.raises(ValueError, match="expected an expression such as 'the left cat', got "):
            call(text, nlp)


@pytest.mark.usefixtures("no_shape_checks")
def test_no_text_is_one_clear_error(nlp) -> None:
    with pytest.raises(TypeError, match="expected an expression as text, got int"):
        parse(3, nlp)  # type: ignore[arg-type]


DEGENERATE = [
    ("no noun", "running very quickly"),
    ("punctuation", "... !!! ??"),
    ("a number", "42"),
    ("emoji", "🐱 on the left 🐶"),
    ("emoji alone", "🐱"),
    ("Chinese", "左边的猫"),
    ("Arabic", "القطة على اليسار"),
    ("German", "die linke Katze"),
    ("spaces inside", "the   left \t cat\n"),
    ("quotes", "the 'left' \"cat\""),
    ("hyphens only", "- - -"),
    ("180 words", "the left cat behind the dog " * 30),
    ("one long word", "a" * 1000),
    ("markup", "<b>left</b> cat & dog"),
    ("ends on of", "left of"),
    ("ends on from", "second from"),
    ("a null character", "left\x00cat"),
]


@pytest.mark.parametrize("text", [r[1] for r in DEGENERATE], ids=[r[0] for r in DEGENERATE])
@pytest.mark.parametrize("rule", [PAPER, OFFICIAL], ids=["paper", "official"])
def test_odd_text_never_crashes(nlp, text: str, rule: ParseRule) -> None:
    result = parse(text, nlp, rule=rule)
    assert result.text == text
    assert all(text[t.start : t.end] == t.text for t in result.tokens)
    noun_phrases(text, nlp)


@pytest.mark.slow
def test_random_text_never_crashes(nlp) -> None:
    rng = np.random.default_rng(0)
    named = {word for name, _ in lexicon.RELATIONS for word in name}
    others = {"cat", "the", "not", ",", "'s", "his", "from", "that", "is"}
    pool = sorted(named | lexicon.DIRECTION_WORDS.keys() | lexicon.FAR | others)
    for _ in range(150):
        text = " ".join(rng.choice(pool, size=rng.integers(1, 12)))
        for rule in (PAPER, OFFICIAL):
            parse(text, nlp, rule=rule)


CAPTIONS = [
    ("a group of people standing in the snow", ("group", "people", "snow"), ("group", "person", "snow")),
    ("two brown dogs and a cat on the beach", ("two brown dogs", "cat", "beach"), ("dog", "cat", "beach")),
    ("a bus parked in front of a building", ("bus", "building"), ("bus", "building")),
    ("It is raining", (), ()),
    ("The woman holds her umbrella.", ("woman", "umbrella"), ("woman", "umbrella")),
]


@pytest.mark.parametrize(("caption", "texts", "lemmas"), CAPTIONS, ids=[c for c, _, _ in CAPTIONS])
def test_noun_phrases_are_bare_and_lower_case(nlp, caption: str, texts: tuple, lemmas: tuple) -> None:
    phrases = noun_phrases(caption, nlp)
    assert tuple(p.text for p in phrases) == texts
    assert tuple(p.lemma for p in phrases) == lemmas
