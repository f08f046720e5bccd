"""The words that place a thing in a picture, and the words that only look as if they did. Tables only."""

from __future__ import annotations

import re

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
# and smaller taggers take the plural of a part of the body for a singular
SINGULARS = {
    "people": "person", "feet": "foot", "toes": "toe", "cooky": "cookie", "browny": "brownie", "hoody": "hoodie",
    "smoothy": "smoothie",
    **{f"{part}s": part for part in ("hand", "arm", "leg", "eye", "ear", "finger", "shoulder", "knee", "head", "face")},
}  # fmt: skip
# one thing under a plural's name: it is its own dictionary form
PLURAL_ALONE = _set(
    """pants jeans shorts trousers glasses sunglasses eyeglasses goggles scissors binoculars headphones stairs tongs
    pliers tweezers clothes pajamas pyjamas leggings tights overalls trunks bleachers khakis sweatpants specs fries"""
)
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
PICTURE = _set("image images picture photo pic frame photograph photos shot img pict scene")
MIDDLE = _set("middle center centre mid central")
SIDE_NOUNS = _set(
    """side corner edge row part half section hand end portion quarter area region quadrant column shelf third sides"""
)
# what may stand in one run with a direction: "far left", "left most", "top left hand corner", "back right"
RUN_WORDS = MIDDLE | _set(
    """far very extreme extremely way most all furthest farthest furthermost absolute immediate close closest nearest
    back front rear near background foreground side corner edge end row hand half part section column"""
)
VIEWER = _set("us you me camera viewer cam photographer lens viewers observer")  # "closest to us"
SIDE_PREPOSITIONS = _set("on in at to toward towards near of")
# where to in the scene's depth, by its word
DEPTHS = _readings("front foreground forefront frontal, back background rear distance backdrop")
DEPTH = frozenset(DEPTHS)
NEAREST = _readings(
    """nearest closest nearer closer foremost frontmost, farthest furthest farther further backmost rearmost hindmost"""
)
GROUPS = _set("group line row pack crowd herd bunch class pile team stack queue family")
NOT_IN_DEPTH = _set("facing faces face showing shown shows turned against view")  # "back turned", "front view"
NO_THINGS = frozenset(DIRECTION_WORDS) | DEPTH | MIDDLE | IMAGE  # places in a picture, not things in it
DETERMINERS = _set("the a an this that our your my these those")
# what opens a noun phrase, or no noun phrase at all: no "the" is put before it
OPENING = DETERMINERS | _set(
    """his her its their all both each every any some no another either neither it he she they we i you someone somebody
    anyone everyone who whoever what which there here on in at to toward towards by with from near behind under over
    above below beneath next of off between inside outside against around across without"""
)
OTHERS_POSSESSIVE = _set("his her its their 's hers theirs him")

# what says that something is not so; with "n't" at its end any other word does too
NEGATORS = _set(
    """not nt never neither nor isnt arent wasnt werent aint doesnt dont didnt hasnt havent cannot cant wont couldnt
    wouldnt shouldnt except excepting excluding unlike"""
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

NUMBERED = _set("number no num jersey player")  # "on the left number 247"
BODY = _set(
    """hand hands arm arms leg legs foot feet head face eye eyes ear ears nose mouth finger fingers thumb shoulder
    shoulders knee knees elbow wrist ankle paw paws wing wings horn horns tusk tusks hoof cheek hip thigh shin toe
    toes breast chest body lip lips torso hair tail neck trunk"""
)
# every colour and shade, for the parser and for the types of expressions
COLOURS = _set(
    """red orange yellow green blue purple pink brown black white gray grey tan beige gold golden silver maroon navy
    teal turquoise violet magenta cream ivory blond blonde blondish brunette redhead burgundy khaki peach lavender
    lime aqua reddish bluish greenish yellowish brownish whitish pinkish colored coloured multicolored rainbow blu
    dark darker darkest light lighter lightest bright brighter brightest pale redder whiter yellower crimson scarlet
    fuchsia indigo mauve olive mustard coral salmon charcoal bronze copper rust mint cyan lilac plum aubergine
    orangish purplish grayish greyish blackish multicoloured neon pastel"""
)
# of which everyone has a left and a right one
PAIRED = _set("hand foot arm leg knee ear eye elbow shoulder wrist ankle paw wing horn tusk thumb hip thigh cheek")
GARMENTS = _set(
    """shirt shirts tshirt tshirts tee sweater sweaters sweatshirt hoodie jacket jackets coat coats vest suit suits
    dress dresses skirt pants jeans jean shorts trousers khakis uniform uniforms jersey robe apron scarf tie ties
    necktie bowtie hat hats cap caps helmet helmets hood beanie glasses sunglasses eyeglasses specs specks
    spectacles shades goggles shoe shoes sneakers boots boot sandals flipflops heels sock socks glove gloves mitt
    belt wetsuit swimsuit bikini trunks blouse clothes clothing outfit backpack purse handbag polo gown overalls
    bandana bandanna headband watch necklace bracelet earrings earring costume tux tuxedo leggings stockings pajamas
    visor turban veil sleeve sleeves sweats sweatpants cardigan blazer hijab poncho kimono sari jumpsuit jumper
    pullover fleece parka raincoat windbreaker suspenders attire cloths mittens headscarf shawl top tops"""
)
CLOTHES = GARMENTS | _set("hair beard ponytail tank stripes plaid")
WORN = CLOTHES | COLOURS  # "on left white shirt" begins a new phrase
TOP_OF_SOMETHING = _set(
    """tank table counter lap desk roof stove flat crop tube halter bottle bikini pajama screw pop flip zip tan tip over
    high low hi jacket plaid"""
)
MATERIALS = _set(
    """striped stripey plaid floral flowered flowery paisley polka dotted lace sequin sequined denim leather wool silk
    satin cotton knit knitted velvet mesh sheer sleeveless strapless spaghetti leopard camo printed patterned
    sparkly"""
)
ADJECTIVAL = ("ible", "less", "ous", "ful", "ive", "ted", "red", "led", "ned")  # "convertible top", "sleeveless top"
TOPPED = _set("mountain tree hill big house bell rock stuffed car")  # "hill top"; but "tree top left" is a tree
AFTER_TOP = _set("hat hats knot coat gun heavy down notch")
# what stands before a garment, and what stands behind a thing that has a place of its own: "brown on the top"
BEFORE_A_GARMENT = _set("a an in with wearing wears having has her his their my")
WESTERN_THINGS = _set(
    """toilet style hat boot boots shirt wear dress outfit saddle food clothes attire riders rider theme film face
    airlines african africa american america korean korea asian carolina dakota pole virginia coast ham indian indies
    wing indiaman"""
)
RIGHT_THINGS = _set("angle angles handed hander way size kind turn lane sided footed leaning triangle")
# "right facing train", "left leaning man"; "zebra left facing us" is a place
TURNED = _set("facing looking pointing leaning turned tilted headed heading handed ward wards turning swinging")
AHEAD = _set("us me camera forward forwards away the a to toward towards out straight down up backward backwards you")

POINTS_OF_COMPASS = _set("west east western eastern north south southern northern")
LEVELS = _set("lower upper low down up")
AFTER_LEVEL = _set("cut jacket coat vest rise fat to close side")
REMAINS = _set("over overs handed leaning out unattended uneaten alone")
BEFORE_VERB_LEFT = _set("has have is are was were been being only what just food")

ORDINALS = _readings(
    """first 1st, second 2nd sec, third 3rd, fourth 4th, fifth 5th, sixth 6th, seventh 7th, eighth 8th, ninth 9th,
    tenth 10th, last"""
)
# "2 person from left" counts as "second" does; "two people on the left" does not
COUNTS = _readings(
    """first 1 one, second 2 two, third 3 three, fourth 4 four, fifth 5 five, sixth 6 six, seventh 7 seven,
    eighth 8 eight"""
)
EXTREMES = {
    word: DIRECTION_WORDS[word]
    for word in _set(
        """leftmost rightmost topmost uppermost highest bottommost lowermost lowest westernmost easternmost"""
    )
}
FAR = _set("far furthest farthest very most extreme absolute furthermost")
# of all, or of two; by area, height, length and width
SIZES = _readings(
    """biggest bigger largest larger fattest fatter hugest huger, smallest smaller tiniest tinier littlest littler,
    tallest taller, shortest shorter, longest longer, widest wider broadest broader thickest thicker,
    thinnest thinner narrowest narrower slimmest slimmer skinniest skinnier"""
)
# of one alone; said of the thing itself, right before it
PLAIN_SIZES = _readings(
    """big large huge giant enormous massive fat, small little tiny mini miniature, tall, short, long, wide broad thick,
    thin narrow skinny slim"""
)
HOURS = _readings(
    "1 one, 2 two, 3 three, 4 four, 5 five, 6 six, 7 seven, 8 eight, 9 nine, 10 ten, 11 eleven, 12 twelve"
)

# what people type for a word of place: joined words, and words that no one else means
RESPELT = {
    "rightest": "rightmost", "leftest": "leftmost", "lefter": "left", "righter": "right", "leftish": "left",
    "rightish": "right", "lft": "left", "rt": "right", "rite": "right", "ryt": "right", "lhs": "left side",
    "rhs": "right side", "botom": "bottom", "bottem": "bottom", "buttom": "bottom", "centre": "center",
    "ctr": "center", "w/": "with", "w/o": "without", "w/out": "without",
}  # fmt: skip
JOINED = re.compile(
    "(the|on|in|at|to|from|far|very|top|bottom|upper|lower|front|back|middle|mid|center)?(left|right)"
    "(side|corner|one|edge|of)?"
)
MISSPELT = ("left", "right", "leftmost", "rightmost", "bottom", "middle")  # one letter wrong, but the first
NOT_MISSPELT = _set(
    """lift loft lefts lefty let lent lest leet lett leff leaf leat rights righty righto bottoms botton middles middled
    muddle meddle middler riddle"""
)

# what asks for the thing and names none: "segment the dog", "can you show me the dog", "where is the dog"
_ASKING = r"""please|pls|kindly|ok|okay|hey|hi|hello|(?:can|could|would|will)\s+(?:you|u)|let'?s|let\s+us|
    (?:i|we)\s+(?:want|need|would\s+like|wish|am\s+looking|are\s+looking)(?:\s+(?:you\s+)?to|\s+for)?|
    i'?d\s+like(?:\s+(?:you\s+)?to)?|(?:i'm|im|we're)\s+looking\s+for|help\s+(?:me|us)(?:\s+to)?|try\s+to|
    go\s+ahead\s+and"""
_SURELY = r"""segment(?:\s+out)?|highlight|find(?:\s+me)?|locate|select|identify|detect|locali[sz]e|isolate|outline|
    delineate|pinpoint|(?:show|give|get|bring)\s+(?:me|us)(?:\s+where)?|
    point\s+(?:me\s+|us\s+)?(?:to|at|out|towards?)|look\s+(?:for|at)|search\s+for|
    where(?:\s+is|\s+are|'s|s|'re)|(?:which|what|who)(?:\s+one)?(?:\s+is|\s+are|'s)|click\s+(?:on|at)|tap\s+on|
    zoom\s+in\s+on|draw\s+(?:a|the)\s+(?:mask|box|outline|line|circle)\s+(?:around|on|for|over)|
    put\s+(?:a|the)\s+(?:mask|box)\s+(?:around|on|over)|
    (?:(?:a|the|give\s+me|show\s+me|draw|make|create|get)\s+){0,2}(?:segmentation\s+)?
    (?:mask|segmentation|outline|location|position)\s+(?:of|for)|
    there\s+is|there\s+are|there's|this\s+is|that\s+is|that's"""
_PERHAPS = r"""mask(?:\s+out)?|mark|label|circle|crop(?:\s+out)?|cut\s+out|extract|show|point|click|tap|
    pick(?:\s+out)?|choose|get|box|trace|track|grab|spot|indicate|name|describe|separate|colou?r(?:\s+in)?|shade|cover|
    return|output|see"""
_LEAST = r"\s*[,:;.!]?\s+"
REQUEST = re.compile(
    rf"(?:(?:{_ASKING}){_LEAST})*"
    # a noun may be meant unless a thing follows: "segment of an orange", "mask on the wall"
    rf"(?:(?:{_SURELY}){_LEAST}(?!(?:of|and|is|are|with|'s)\b)|(?:{_PERHAPS}){_LEAST}(?=(?:the|a|an|this|that|these|those|my|"
    r"his|her|its|their|our|your|all|both|every|each|only|just|where)\b)(?:where\s+)?|(?<=\s))"
    rf"(?:(?:only|just|where|me|us)\s+)?",
    re.IGNORECASE | re.VERBOSE,
)
POLITE = re.compile(r"(?:\s*,?\s*(?:\b(?:please|pls|thanks|thank\s+you|for\s+me)|\?|!))+\s*$", re.IGNORECASE)

# what a tagger may take for a noun, and names no thing
NO_NOUNS = (
    (COLOURS - _set("orange peach lime plum blonde blond brunette redhead olive mint salmon coral light cream gold"))
    | SIZES.keys() | PLAIN_SIZES.keys() - {"giant", "miniature"} | NEAREST.keys() | ORDINALS.keys() | COUNTS.keys()
    | FAR | _set("close near same other others all both bald old young way color colour colors colours ai nt")
)  # fmt: skip
NOUNS_IN_ING = _set(
    """building ceiling railing painting drawing clothing earring awning wedding topping topping dressing stuffing
    lettering siding bedding lighting housing opening frosting filling seating parking covering setting pudding sibling
    duckling dumpling sapling darling morning evening string spring viking icing writing marking flooring plumbing
    sling swing sterling herring shilling airing lightning carving carvings coating lining panelling paneling fencing
    molding moulding offering playing-card being human-being wiring tubing padding netting matting grating crossing
    outbuilding starling gosling seedling yearling sting bling ring wing king thing something anything everything"""
)


def is_doing(word: str) -> bool:
    """Whether a word says what a thing does, whatever a tagger says: "standing", but not "building".

    Parameters
    ----------
    word : str
        Lower case.

    Returns
    -------
    bool
        Of words in -ing all but those that name things.
    """
    return word.endswith("ing") and len(word) > 5 and word not in NOUNS_IN_ING


# adjectives of persons that name one where no noun follows: "female eating pizza"
PEOPLE_TOO = _set("male female adult blonde blond brunette redhead elderly teen")
# typed without the apostrophe: "girls racquet"
OWNERS = _set(
    """guys girls boys mans womans mens womens ladys ladies kids persons peoples players childs childrens babys cats
    dogs elephants zebras giraffes horses cows bears birds catchers batters umpires airplanes planes cars trucks"""
)

# words that place or describe a thing, and so never name it
CLAIMED = (
    frozenset(DIRECTION_WORDS) | DEPTH | MIDDLE | RUN_WORDS | COLOURS | FAR | BEFORE_A_PLACE | NEGATORS | ORIENTED
    | MOVING | SIZES.keys() | PLAIN_SIZES.keys() | NEAREST.keys() | ORDINALS.keys() | COUNTS.keys() | OPENING | VIEWER
)  # fmt: skip

# relations to another thing: the reading of each, and how it is said
_SAID = {
    "left of": """to the left of, to left of, on the left of, on left of, left of, left side of, on the left side of,
    to the left side of, to the immediate left of, to the far left of, left hand side of, on left hand side of, on the
    left hand side of, to the left hand side of, lefthand side of, on the lefthand side of, to the lefthand side of""",
    "right of": """to the right of, to right of, on the right of, on right of, right of, right side of, on the right
    side of, to the right side of, to the immediate right of, to the far right of, right hand side of, on right hand
    side of, on the right hand side of, to the right hand side of, righthand side of, on the righthand side of, to the
    righthand side of""",
    "above": "above, over, on top of, on the top of, up above, atop, ontop of",
    "below": """below, under, underneath, beneath, on the bottom of, on bottom of, at the bottom of""",
    "behind": "behind, in back of, in the back of",
    "in front of": "in front of, in the front of",
    "next to": "next to, beside, besides, by, adjacent to, alongside, along side, nest to, nexto",
    "near": """near, close to, closest to, closer to, nearest, nearest to, near to, nearer to, closest, around""",
    "far from": "furthest from, farthest from, far from, away from, further from, farther from",
    "between": "between, in between, inbetween, in the middle of, in middle of",
    "inside": "inside, inside of, within",
    "against": "against",
    "across from": "across from",
    "on": "on",
    "in": "in",
    "at": "at",
}
_NAMES = [(tuple(words.split()), reading) for reading, said in _SAID.items() for words in said.split(",")]
RELATIONS = tuple(sorted(_NAMES, key=lambda entry: -len(entry[0])))  # longest first
SAME_PLACE = frozenset(("on top of", "on the top of", "atop", "ontop of", "inside", "inside of", "within"))
WEAK_RELATIONS = _set("on in at")  # one of these only with a thing that is neither place, colour nor clothing
