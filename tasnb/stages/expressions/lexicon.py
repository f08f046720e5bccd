"""The words that place a thing in a picture, and the words that only look as if they did. Tables only."""

from __future__ import annotations

from tasnb.core.types import Direction


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _readings(text: str) -> dict[str, str]:
    """Every word of a group -> the group's first word, by which it is read."""
    groups = [group.split() for group in text.split(",")]
    return {word: group[0] for group in groups for word in group}


# docs/method.md: the words of each direction
_LISTED: dict[Direction, str] = {
    "left": "left leftmost lefthand west western westernmost lefthandside",
    "right": "right rightmost righthand east eastern easternmost righthandside",
    "top": "top topmost up upper uppermost highest north northern",
    "bottom": "bottom bottommost down low lower lowermost lowest south southern",
}
DIRECTION_WORDS: dict[str, Direction] = {word: d for d, listed in _LISTED.items() for word in listed.split()}
# docs/method.md: parsers keep "people", and WordNet 3.0 knows it as another word than "person"
SINGULARS = {"people": "person"}
# particles and sizes first of all: a direction only beside a firmer word ("up left"), or alone after the noun
WEAK = _set("up down low")

# suoych/TAS, heuristics.py: what their walk through the parse tree knows, whole words
OFFICIAL_SUPERLATIVES = _set(
    """left west leftmost western right rightmost east eastern above north top below south underneath bigger biggest
    larger largest closer closest smaller smallest tinier tiniest further furthest"""
)
OFFICIAL_RELATIONS = _set(
    """left west right east above north top below south under bigger larger closer smaller tinier further inside within
    contained"""
)
OFFICIAL_NULLS = _set("part image side picture half region section")

IMAGE = _set(
    """image images picture photo pic frame screen side photograph photos shot view scene page img pict camera display
    room"""
)
MIDDLE = _set("middle center centre mid central")
SIDE_NOUNS = _set(
    """side corner edge row part half section hand end portion quarter area region quadrant column shelf third sides"""
)
# what may stand in one run with a direction: "far left", "left most", "top left hand corner", "back right"
RUN_WORDS = MIDDLE | _set(
    """far very extreme extremely way most all furthest farthest furthermost absolute immediate close closest nearest
    back front rear near background foreground side corner edge end row hand half part section column"""
)
VIEWER = _set("us you me camera viewer")
SIDE_PREPOSITIONS = _set("on in at to toward towards near of")
DEPTH = _set("front back background foreground rear distance")
NO_THINGS = frozenset(DIRECTION_WORDS) | DEPTH | MIDDLE | IMAGE  # places in a picture, not things in it
DETERMINERS = _set("the a an this that our your my these those")
OTHERS_POSSESSIVE = _set("his her its their 's hers theirs him")

# what says that something is not so; with "n't" at its end any other word does too
NEGATORS = _set(
    """not nt never neither nor isnt arent wasnt werent aint doesnt dont didnt hasnt havent cannot cant except excepting
    excluding unlike"""
)
NEGATING_PAIRS = (("other", "than"), ("rather", "than"), ("instead", "of"), ("anything", "but"), ("all", "but"))
BEFORE_A_PLACE = _set(
    """is are was were be being been standing stand stands stood sitting sit sits sat seated lying lies lie laying
    located placed positioned situated found seen shown really actually quite even just at all"""
)

ORIENTED = _set(
    """facing face faces faced looking look looks pointing points pointed turned turning turn leaning lean leans gazing
    staring tilted tilting headed heading bent bending glancing going moving angled swinging"""
)
MOVING = _set(
    """walking running driving flying riding skiing coming travelling traveling jumping sliding reaching running
    throwing hitting"""
)
AFTER_ADVERB_RIGHT = _set(
    """next behind beside besides by above below under underneath beneath over against outside inside between before
    after where near there here up on across past off along adjacent about at"""
)
AFTER_VERB_LEFT = _set("behind over alone out unattended uneaten open empty untouched standing on in at for to")
EATEN = _set(
    """piece slice cake pizza food half sandwich donut doughnut bread pie cookie meat salad fruit burger bite fries
    dessert bagel muffin egg omelet steak meal leftover leftovers bacon broccoli portion some any more ones pieces
    slices nothing much only"""
)

BODY = _set(
    """hand hands arm arms leg legs foot feet head face eye eyes ear ears nose mouth finger fingers thumb shoulder
    shoulders knee knees elbow wrist ankle paw paws wing wings horn horns tusk tusks hoof cheek hip thigh shin toe
    toes breast chest body lip lips torso hair tail neck"""
)
CLOTHES = _set(
    """shirt tshirt tee top sweater sweatshirt hoodie jacket coat vest suit dress skirt pants jeans shorts uniform
    jersey robe apron scarf tie necktie hat cap helmet glasses sunglasses goggles shoes shoe sneakers boots boot
    socks sock gloves glove belt wetsuit swimsuit bikini blouse clothes clothing outfit hair beard ponytail backpack
    tank trunks polo gown stripes plaid blue red white black green yellow pink purple orange grey gray brown tan"""
)
COLOURS = _set("blue red white black green yellow pink purple orange grey gray brown tan tank jacket plaid")
TOP_OF_SOMETHING = _set(
    "tank table counter lap desk roof stove flat crop tube halter bottle bikini pajama screw pop flip zip tan tip over"
)
TOPPED = _set("mountain tree hill big house bell rock stuffed car")  # "hill top"; but "tree top left" is a tree
AFTER_TOP = _set("hat hats knot coat gun heavy down notch")
WESTERN_THINGS = _set(
    """toilet style hat boot boots shirt wear dress outfit saddle food clothes attire riders rider theme film face
    airlines"""
)
RIGHT_THINGS = _set("angle angles handed hander way size kind turn lane sided footed leaning")

POINTS_OF_COMPASS = _set("western eastern north south southern northern")
LEVELS = _set("lower upper low down up")
AFTER_LEVEL = _set("cut jacket coat vest rise fat to close side")
REMAINS = _set("over overs handed leaning out unattended uneaten alone")
BEFORE_VERB_LEFT = _set("has have is are was were been being only what just food")

ORDINALS = _readings("first 1st, second 2nd, third 3rd, fourth 4th, fifth 5th, sixth 6th, last, next")
EXTREMES = {
    word: DIRECTION_WORDS[word]
    for word in _set(
        """leftmost rightmost topmost uppermost highest bottommost lowermost lowest westernmost easternmost"""
    )
}
FAR = _set("far furthest farthest very most extreme absolute furthermost")
SIZES = _readings("biggest largest bigger larger tallest taller, smallest smaller tiniest littlest shortest shorter")
HOURS = _readings(
    "1 one, 2 two, 3 three, 4 four, 5 five, 6 six, 7 seven, 8 eight, 9 nine, 10 ten, 11 eleven, 12 twelve"
)

# relations to another thing: the reading of each, and how it is said
_SAID = {
    "left of": """to the left of, to left of, on the left of, on left of, left of, left side of, on the left side of,
    to the left side of, to the immediate left of, to the far left of""",
    "right of": """to the right of, to right of, on the right of, on right of, right of, right side of, on the right
    side of, to the right side of, to the immediate right of, to the far right of""",
    "above": "above, over, on top of, up above, atop",
    "below": "below, under, underneath, beneath, on the bottom of, on bottom of, at the bottom of",
    "behind": "behind, in back of, in the back of",
    "in front of": "in front of, in the front of",
    "next to": "next to, beside, besides, by, adjacent to, alongside, along side, nest to, nexto",
    "near": """near, close to, closest to, closer to, nearest, nearest to, near to, nearer to, closest, around""",
    "far from": "furthest from, farthest from, far from, away from, further from, farther from",
    "between": "between, in between, inbetween, in the middle of",
    "inside": "inside, inside of, within",
    "against": "against",
    "across from": "across from",
    "on": "on",
    "in": "in",
    "at": "at",
}
_NAMES = [(tuple(words.split()), reading) for reading, said in _SAID.items() for words in said.split(",")]
RELATIONS = tuple(sorted(_NAMES, key=lambda entry: -len(entry[0])))  # longest first
WEAK_RELATIONS = _set("on in at")  # one of these only with a thing that is neither place, colour nor clothing
