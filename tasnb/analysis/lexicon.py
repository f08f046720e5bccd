"""The words that make an expression's type. Tables only, all lower case; compiled by hand for this project.

A list holds what English speakers say of things in photos, not every word of the language: a word that is missing
leaves a tag out, and the tag's evidence shows why another one is there.
"""

from __future__ import annotations

from tasnb.stages.expressions import lexicon


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


NOT_SHADES = _set("light lights")  # "the light" is a lamp; as an adjective it is a shade
SIZE_WORDS = _set(
    """big bigger biggest large larger largest small smaller smallest little littlest tiny tiniest huge giant enormous
    massive tall taller tallest short shorter shortest long longer longest wide wider widest narrow thin thinner
    thinnest thick thicker thickest fat fatter fattest skinny slim mini miniature medium sized whole full-size"""
)
SMALL = _set("small smaller smallest little littlest tiny tiniest short shorter shortest")
# only before a noun: "check shirt", "zebra print bag"
MATERIAL_NOUNS = _set(
    """glass stone brick paper cloth spot dot clear pattern fabric plain wood metal check print iron tin clay straw gold
    rubber stripe leopard"""
)
PATTERNS = MATERIAL_NOUNS | _set(
    """striped stripes stripe stripey stripy strips spotted spots polka polkadot polkadots polkadotted dots dotted plaid
    checkered chequered checked checks checkerboard checker floral flowered flowery paisley camo camouflage printed
    patterned patterns zebra-print tiled wooden metallic steel plastic leather concrete cardboard furry fluffy fuzzy
    shiny silver-plated denim knit knitted wool woolen woollen lace wicker rusty ceramic porcelain marble velvet
    transparent argyle gingham houndstooth tartan herringbone pinstripe pinstriped chevron patchwork quilted embroidered
    sequined beaded ribbed mesh satin silk cotton nylon bamboo chrome brass aluminum aluminium speckled mottled dyed
    swirly marbled"""
)
CLOTHING = lexicon.GARMENTS | _set("wearing wears worn dressed shirtless barefoot naked topless tank-top t-shirt")
CLOTHING_UNLESS_PLACE = _set("top tops suit")  # "top" is clothing only with a colour, an article or "tank" before it
BEFORE_CLOTHING = lexicon.COLOURS | lexicon.MATERIALS | _set("tank a halter crop")
NO_ACTION = _set(
    """be is are was were been being have has had having wear wearing wears worn dress dressed see seen show shown cut
    cropped get do does did can will would might may must stripe striped spot spotted dot dotted color colored colour
    coloured pattern patterned locate located situate position place call name make made please click guess mean let
    check checkered flower flowered print printed say left facing"""
)
ACTIONS = _set(
    """standing sitting walking running riding holding eating drinking playing jumping surfing skiing skating
    skateboarding lying laying sleeping kneeling squatting crouching bending leaning looking facing pointing swinging
    hitting batting pitching throwing catching kicking reaching smiling laughing talking reading writing driving flying
    parked floating growing grazing swimming carrying pulling pushing crossing waving posing touching feeding cooking
    cutting texting snowboarding climbing hanging stacked folded opened closed turned seated bent"""
)
RANKS = frozenset(lexicon.ORDINALS)
COUNTS = _set("two three four five six seven eight nine ten eleven twelve both pair couple several dozen half-dozen")
NEGATIONS = lexicon.NEGATORS | _set(
    "no without none non w/o w/out wo withou witout wihout withut sans minus lacking lacks lack missing nothing nobody"
)
# not attributes of the thing itself: these are places, so they make no comparative and no superlative
NO_DEGREE = lexicon.NEAREST.keys() | _set(
    """highest lowest upper lower higher topmost uppermost lowermost leftmost rightmost farther other another water
    corner center under over either later after former inner outer wooden west east lowermost uppermost paper computer
    number never silver rubber leather summer winter younger-looking"""
)
COMPARATIVES = _set(
    """bigger larger smaller taller shorter longer wider thinner thicker fatter darker lighter older younger brighter
    whiter redder cleaner fuller rounder straighter more less heavier closer-looking"""
)
SUPERLATIVES = _set(
    """biggest largest smallest littlest tiniest tallest shortest longest widest thinnest thickest fattest darkest
    lightest oldest youngest brightest whitest cleanest fullest most least best worst heaviest"""
)
# parts only when a whole is named ("piece of cake", "door of the car")
PARTS_OF = _set(
    """slice piece pieces part parts half section portion chunk segment quarter edge rim door window windows screen
    keyboard seat branch leaf leaves roof hood trunk wing handle body back-end front-end bite stem lid collar sleeve"""
)
PARTS = PARTS_OF | _set(
    """hand hands arm arms leg legs foot feet head face eye eyes ear ears nose mouth finger fingers thumb shoulder elbow
    wrist knee paw tail horn horns tusk mane beak hoof wheel wheels tire tires tyre bumper handlebar handlebars
    headlight windshield petal crust torso hair neck butt"""
)
PEOPLE = _set(
    """person people man men woman women guy guys lady ladies girl girls boy boys child children kid kids baby babies
    toddler dude dudes gentleman gentlemen player batter catcher umpire pitcher referee ump skier surfer rider
    skateboarder skater snowboarder player players cop policeman officer fireman soldier chef cook waiter waitress bride
    groom mom mother dad father son daughter brother sister grandma grandpa grandmother grandfather girlfriend boyfriend
    wife husband friend teacher student worker driver passenger spectator spectators audience fan fans crowd adult
    teenager teen youth fellow bloke female male blonde brunette someone somebody anyone he she him her wrestler couple
    family team coach goalie biker cyclist motorcyclist pedestrian jockey cowboy homeboy chick bro hitter baseman runner
    swimmer dancer singer musician doctor nurse businessman businesswoman human santa"""
)
# whose first sense in WordNet is a person, and in photos is none
NO_PEOPLE = _set("bunny doll bear teddy puppy kitten kitty duck chicken pig cow cat dog horse mouse star pitcher model")
SCENES = _set(
    """grass meadow field beach sand street road snow playground ground floor water sky air sidewalk pavement court park
    yard lawn shore sea ocean river hill slope sun shade dirt mud room kitchen wild distance photo picture image
    daylight night rain action motion game"""
)
ARTICLES = _set("the a an")
