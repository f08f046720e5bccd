"""The words of the treebank's grammar, by what they can do in a referring expression. Tables only."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    """Comma-separated entries; an entry may have several words ("teddy bear"), the last one is its head."""
    return tuple(entry.strip() for entry in text.replace("\n", " ").split(",") if entry.strip())


PEOPLE = _words("""
man, woman, boy, girl, guy, dude, lady, gal, kid, child, chick, player, umpire, catcher, batter, pitcher,
person, baby, toddler, male, female, gentleman, skier, snowboarder, skateboarder, surfer, rider, biker, cyclist,
skater, driver, worker, chef, cook, waiter, waitress, server, cop, policeman, officer, police officer, soldier,
fireman, bride, groom, mother, father, mom, dad, grandma, grandpa, gma, gpa, grandmother, grandfather, daughter,
son, brother, sister, teen, teenager, adult, fan, spectator, bystander, referee, ref, coach, goalie, baseball
player, tennis player, soccer player, football player, jockey, cowboy, clown, student, teacher, doctor, nurse,
vendor, customer, pedestrian, passenger, tourist, hiker, musician, drummer, guitarist, dancer, singer, speaker,
photographer, runner, swimmer, figure, fellow, bloke, old man, old lady, little girl, little boy, young man,
youngster, infant, businessman, farmer, fisherman, barista, bartender, shopper, groomsman, bridesmaid, suit guy,
hitter, opponent, kiddo, individual, human, redhead, blonde, brunette, pilot, judge, mechanic, captain, sailor,
priest, monk, king, queen, prince, princess, model, host, friend, couple, family, crowd, team, batboy, linesman,
ball boy, camera man, cameraman, weatherman, salesman, snow boarder, statue, mannequin, doll""")

ANIMALS = _words("""
dog, cat, horse, cow, sheep, elephant, giraffe, zebra, bear, polar bear, bird, duck, goose, chicken, rooster,
goat, pig, lamb, calf, bull, ox, pony, donkey, mule, deer, moose, elk, lion, tiger, leopard, cheetah, monkey,
gorilla, rabbit, bunny, mouse, rat, squirrel, fox, wolf, puppy, pup, kitten, kitty, parrot, pigeon, seagull,
swan, owl, eagle, penguin, fish, shark, whale, dolphin, turtle, frog, snake, lizard, panda, panda bear, brown
bear, grizzly bear, baby elephant, baby giraffe, baby zebra, foal, cub, bee, butterfly, spider, camel, llama,
buffalo, bison, rhino, hippo, ostrich, flamingo, peacock, crow, animal, critter, pet, poodle, labrador, terrier,
bulldog, dalmatian, husky, steer, heifer, ram, ewe, colt, mare, stallion, hen, turkey, beetle, ant, crab,
lobster, seal, walrus, kangaroo""")

VEHICLES = _words("""
car, bus, truck, van, taxi, cab, motorcycle, motorbike, bike, bicycle, scooter, moped, train, train car, plane,
airplane, jet, airliner, helicopter, boat, ship, sailboat, canoe, kayak, raft, ferry, yacht, tractor, trailer,
wagon, cart, carriage, jeep, suv, sedan, minivan, limo, ambulance, fire truck, police car, pickup truck, pickup,
tow truck, dump truck, garbage truck, semi, semi truck, tram, trolley, subway, engine, locomotive, vehicle,
auto, lorry, double decker bus, school bus, tour bus, city bus, race car, sports car, golf cart, shopping cart,
stroller, wheelchair, sled, snowmobile, tank, bulldozer, crane, forklift, hatchback, convertible, coupe, dirt
bike, tricycle, speedboat, barge, tugboat, rowboat, gondola, glider, blimp, rocket""")

FURNITURE = _words("""
chair, couch, sofa, table, desk, bed, bench, stool, bar stool, armchair, recliner, loveseat, futon, ottoman,
dresser, nightstand, cabinet, cupboard, shelf, bookshelf, bookcase, bunk, bunk bed, crib, cradle, mattress,
headboard, coffee table, dining table, end table, side table, picnic table, counter, countertop, island, high
chair, highchair, rocking chair, office chair, lawn chair, folding chair, beach chair, seat, sectional, throne,
drawer, wardrobe, closet, hutch, stand, tv stand, rack, chaise, pew, cushion, pillow, blanket, rug, carpet,
curtain, bedspread, comforter, quilt, sheet, lamp, floor lamp, mirror, hammock, love seat""")

FOOD = _words("""
pizza, sandwich, burger, hamburger, hot dog, hotdog, donut, doughnut, cake, cupcake, muffin, cookie, brownie,
pie, bread, bun, roll, bagel, toast, croissant, biscuit, pancake, waffle, egg, bacon, sausage, ham, steak, meat,
chicken wing, fish fillet, rice, pasta, noodle, spaghetti, salad, soup, stew, broccoli, carrot, potato, tomato,
onion, pepper, cucumber, lettuce, spinach, corn, bean, pea, mushroom, olive, pickle, apple, banana, orange,
lemon, lime, grape, strawberry, blueberry, cherry, peach, pear, plum, mango, kiwi, pineapple, watermelon, melon,
fruit, vegetable, veggie, food, slice, pizza slice, cheese, cheese pizza, french fries, fries, chip, taco,
burrito, nacho, sushi, dumpling, egg roll, spring roll, shrimp, salmon, tofu, sauce, gravy, dip, ketchup,
mustard, butter, jam, syrup, ice cream, chocolate, candy, candy bar, dessert, pastry, pretzel, popcorn, sub, sub
sandwich, wrap, cauliflower, celery, cabbage, squash, pumpkin, avocado, radish, asparagus, zucchini, eggplant,
beet, garlic, herb, frosting, topping, sprinkle, crust, snack, meal, dish, breakfast, lunch, dinner, appetizer,
meatball, omelet, quiche, casserole, cereal, oatmeal, yogurt, pudding, granola, nut, almond, raisin, coconut,
tangerine, grapefruit, clementine, chocolate cake, birthday cake, wedding cake, layer""")

DISHES = _words("""
plate, bowl, cup, mug, coffee mug, coffee cup, glass, wine glass, bottle, wine bottle, water bottle, beer
bottle, beer, wine, coffee, tea, juice, milk, soda, drink, beverage, jar, pitcher, jug, pot, pan, skillet,
frying pan, tray, platter, saucer, dish, fork, spoon, knife, butter knife, utensil, spatula, ladle, whisk,
tongs, chopstick, straw, napkin, lid, can, soda can, beer can, container, tupperware, basket, bucket, vase,
flower vase, flower pot, planter, teapot, tea cup, kettle, blender, mixer, toaster, toaster oven, oven, stove,
microwave, fridge, refrigerator, freezer, sink, dishwasher, cutting board, salt shaker, pepper shaker, thermos,
flask, goblet, tumbler, shot glass, champagne glass, glass bowl, rim, candle, crate, carton, ketchup bottle,
mustard bottle""")

DEVICES = _words("""
laptop, computer, monitor, screen, keyboard, mouse, tv, television, phone, cell phone, cellphone, smartphone,
remote, controller, wii remote, game controller, camera, tablet, ipad, ipod, iphone, speaker, stereo, radio,
clock, watch, printer, router, modem, cord, cable, wire, charger, headphone, microphone, mic, projector,
desktop, computer monitor, laptop screen, laptop keyboard, pc, mac, hair dryer, fan, heater, fax machine,
telephone, cpu, tower, joystick, console, usb stick, flash drive, light, flashlight, lantern""")

THINGS = _words("""
bag, backpack, purse, handbag, suitcase, luggage, briefcase, duffel bag, tote, box, cardboard box, package,
present, gift, umbrella, parasol, kite, ball, soccer ball, tennis ball, baseball, football, basketball, beach
ball, bat, baseball bat, racket, tennis racket, racquet, paddle, glove, baseball glove, mitt, frisbee, disc,
skateboard, board, surfboard, snowboard, ski, ski pole, pole, skate, helmet, goggle, book, magazine, newspaper,
paper, notebook, folder, pen, pencil, marker, crayon, scissors, stapler, tape, brush,
toothbrush, toothpaste, comb, razor, soap, towel, toilet, toilet paper, tissue, sponge, broom, mop, hose,
ladder, hammer, tool, rope, chain, string, ribbon, balloon, flag, banner, sign, stop sign, street sign, poster,
picture, painting, photo, frame, statue, sculpture, toy, teddy, teddy bear, stuffed animal, stuffed bear, plush,
puppet, block, lego, puzzle, card, board game, dice, guitar, piano, drum, violin, trumpet, flute, candle holder,
key, lock, coin, wallet, ring, tag, label, sticker, magnet, badge, trophy, medal, parking meter, meter, fire
hydrant, hydrant, traffic light, stoplight, street light, lamp post, mailbox, trash can, garbage can, bin,
recycling bin, cone, traffic cone, barrel, tire, wheel, steering wheel, engine part, pedal, handle, handlebar,
knob, hook, hanger, faucet, tap, tub, bathtub, shower, shower curtain, urinal, bidet, tile, brick, stone, rock,
log, stick, wood, plank, metal, machine, machinery, equipment, gear, thing, object, item, stuff, one, piece,
part, portion, half, chunk, bunch, pile, stack, row, group, pack, set, pair, line, streak, stripe, spot, area,
section, patch, tent, tarp, net, fence, gate, wall, window, door, stair, step, railing, rail, post, pillar,
column, roof, chimney, awning, bridge, house, building, barn, shed, church, tower, skyscraper, store, shop""")

PLANTS = _words("""
tree, palm tree, christmas tree, flower, rose, tulip, daisy, sunflower, plant, potted plant, bush, shrub, hedge,
leaf, branch, trunk, stem, vine, grass, weed, cactus, fern, ivy, flower arrangement, bouquet, plant pot, log,
root, pine tree, tree trunk, tree branch""")

PLACES = _words("""
street, road, sidewalk, parking lot, field, grass, beach, sand, ocean, sea, lake, river, water, pond, pool,
park, playground, yard, garden, forest, woods, hill, mountain, slope, ski slope, snow, sky, ground, floor, wall,
kitchen, bathroom, bedroom, living room, dining room, room, restaurant, store, office, classroom, stadium,
court, tennis court, baseball field, soccer field, dugout, stands, track, tracks, train station, station,
airport, runway, platform, dock, pier, harbor, bridge, zoo, enclosure, pen, cage, barn, farm, pasture, market,
city, town, village, city street, intersection, corner, crosswalk, driveway, porch, patio, deck, balcony, stage,
skate park, ramp, rail, wave, waves, desert, jungle, meadow, curb, lawn, dirt, mud, ice, highway, traffic,
tunnel, hallway, lobby""")

CLOTHES = _words("""
shirt, t shirt, tshirt, tee, top, tank top, tank, blouse, sweater, sweatshirt, hoodie, jacket, coat, suit coat,
vest, suit, dress, skirt, pants, jeans, shorts, overalls, uniform, jersey, robe, apron, scarf, tie, necktie, bow
tie, hat, cap, ball cap, baseball cap, beanie, helmet, hood, headband, bandana, glasses, sunglasses, goggles,
shoes, sneakers, boots, sandals, flip flops, socks, gloves, mittens, belt, watch, necklace, bracelet, earrings,
ring, backpack, wetsuit, swimsuit, bikini, trunks, swim trunks, leggings, stockings, tights, kimono, gown,
tuxedo, tux, blazer, cardigan, polo, polo shirt, flannel, plaid shirt, button down, turtleneck, pinney, ballcap,
cowboy hat, straw hat, top hat, visor, veil, cape, costume, mask, outfit, clothes, clothing, attire, khakis,
slacks, capris, jumpsuit, snowsuit, raincoat, parka, windbreaker, pullover, fleece, tunic, sari, turban, bib,
diaper, onesie, pajamas, slippers""")

HAIR = _words("""
hair, beard, mustache, moustache, goatee, ponytail, pony tail, pigtails, braid, braids, bun, dreads, dreadlocks,
bangs, mohawk, afro, stubble, sideburns, tattoo, tattoos, freckles, bald head, bald spot, mane, tail, horns,
tusks, spots, stripes, collar, leash""")

BODY = _words("""
hand, arm, leg, foot, head, face, eye, ear, nose, mouth, finger, thumb, shoulder, knee, elbow, back, butt, neck,
trunk, tail, paw, wing, horn, tusk, hoof, beak, belly, chest, wrist, ankle, toe, cheek, chin, lip, hip, thigh,
shin, rear, body, stomach""")

COLOURS = _words("""
red, orange, yellow, green, blue, purple, pink, brown, black, white, gray, grey, tan, beige, gold, silver, navy,
maroon, teal, turquoise, violet, blk, wht, blu, khaki, cream, burgundy, aqua, lavender, magenta, crimson, olive,
charcoal, peach, rust, bronze, copper, ivory, dark blue, light blue, dark green, light green, dark brown, light
brown, dk blue, lt blue, bright red, hot pink, navy blue, neon green, dark red, bright yellow, pale yellow,
light pink, royal blue, reddish, greenish, blueish, yellowish, blond, blonde, blondish, brunette, red and white,
black and white, blue and white, red and black, brown and white, white and gold""")

SIZES = _words("""
big, small, large, little, tiny, huge, tall, short, long, wide, thin, skinny, fat, chubby, bigger, smaller,
larger, taller, shorter, biggest, smallest, largest, tallest, shortest, longest, giant, medium, mini, narrow,
thick, massive, slim, slender, full, whole, half, middle sized, medium sized, main""")

ADJECTIVES = _words("""
old, young, older, younger, elderly, adult, bald, bearded, blurry, clear, shiny, plain, fancy, wooden, metal,
plastic, leather, glass, paper, ceramic, stone, brick, wool, cotton, denim, steel, striped, spotted, dotted,
plaid, checkered, checked, floral, patterned, solid, round, square, rectangular, oval, curved, flat, curly,
straight, wavy, fuzzy, furry, fluffy, hairy, woolly, empty, full, open, opened, closed, broken, cracked, dirty,
clean, wet, dry, new, modern, antique, vintage, rusty, bright, dark, light, pale, faded, cute, pretty, ugly,
happy, sad, smiling, sleeping, sitting, standing, walking, running, parked, moving, flying, upside, asian,
african, american, indian, white, black, caucasian, chinese, pregnant, naked, shirtless, barefoot, blurred,
blurried, tilted, folded, stacked, sliced, cut, chopped, cooked, fried, baked, grilled, toasted, fresh, ripe,
unripe, rotten, green, raw, half eaten, uneaten, frosted, glazed, powdered, sugared, sprinkled, iced, hot, cold,
warm, frozen, tan, pink, sleeveless, hooded, long sleeved, short sleeved, camouflage, camo, colorful,
multicolored, colored, transparent, see through, stainless, stuffed, decorative, lit, unlit, hanging, leaning,
floating, grazing, kneeling, crouching, bent, seated, same, other, different, single, lone, last, first, next,
nearest, closest, farthest, furthest, main, actual, correct, only, entire, visible, partial, partially hidden,
hidden, shadowed, blonde, hatless, bare, soft, hard, rough, smooth, pointy, sharp, dull, heavy, strong, weird,
funny, strange, normal, real, fake, bushy, leafy, muddy, snowy, sandy, grassy, rocky, tattered, wrinkled, messy,
neat, crowded, busy, tropical, designer, electric, digital, wild, polar""")

ADVERBS = _words(
    "mostly, all, partially, really, very, slightly, almost, barely, only, completely, half, brightly, kinda, sort of"
)

# verb phrases: (participle, preposition) pairs and transitive verbs, as -ing forms; base forms are derived from BASE
POSTURES = _words("""
sitting, standing, walking, running, laying, lying, sleeping, kneeling, leaning, squatting, crouching, jumping,
riding, eating, drinking, smiling, waiting, playing, skiing, surfing, skating, grazing, swimming, flying,
driving, parked, stopped, seated, perched, cooking, talking, working, reading, resting, bending, posing,
watching, hanging, floating, climbing, swinging, sliding""")

TRANSITIVE = _words("""
holding, wearing, carrying, eating, riding, playing, using, pulling, pushing, throwing, catching, hitting,
kicking, cutting, feeding, petting, reading, drinking, watching, touching, swinging, facing, showing, making,
cooking, washing, cleaning, driving, serving, opening, walking, flying, filming, hugging, kissing, brushing,
milking, biting, chewing, licking, grabbing, lifting, pointing at, looking at, talking to, talking on, reaching
for, sitting on, leaning on, leaning against, waiting for, staring at""")

PARTICLES = _words("""
bending over, lying down, laying down, sitting down, standing up, looking up, looking down, facing down, facing
up, leaning over, leaning back, bent over, kneeling down, sticking out, looking away, facing away, turned
around, squatting down, sitting up, looking left, looking right, facing left, facing right, facing forward,
looking back, hunched over, cut off, hanging down, pulled up, folded up, dressed up, picked up, walking away,
turned away, stretched out, crouched down, flipped over, rolled up, looking around""")

RELATIONS = _words("""
behind, next to, in front of, beside, near, by, under, above, below, on, in, inside, over, between, against, on
top of, underneath, beneath, close to, closest to, nearest to, across from, around, along, at, near to, right
next to, right behind, directly behind, just above, just below, right in front of, farthest from, furthest from,
away from, to the left of, to the right of, to left of, to right of, left of, right of, just left of, just to
the right of, directly to the left of, on the left of, on the right of, on the left side of, on right side of,
next to the left side of""")

IMAGE_WORDS = (
    "image",
    "picture",
    "photo",
    "pic",
    "frame",
    "screen",
    "photograph",
    "shot",
    "scene",
    "view",
    "page",
    "room",
)
PRONOUNS = ("us", "you", "me", "camera", "the camera", "viewer", "the viewer")

IRREGULAR_PLURALS = {
    "man": "men", "woman": "women", "child": "children", "foot": "feet", "tooth": "teeth", "goose": "geese",
    "mouse": "mice",
    "person": "people", "sheep": "sheep", "deer": "deer", "moose": "moose", "bison": "bison", "fish": "fish",
    "ox": "oxen",
    "knife": "knives", "leaf": "leaves", "calf": "calves", "wolf": "wolves", "half": "halves", "loaf": "loaves",
    "shelf": "shelves",
    "bookshelf": "bookshelves", "scarf": "scarves", "thief": "thieves", "elf": "elves", "wife": "wives",
    "life": "lives",
    "dice": "dice", "aircraft": "aircraft", "hoof": "hooves", "shrimp": "shrimp", "salmon": "salmon", "elk": "elk",
    "cactus": "cacti",
    "potato": "potatoes", "tomato": "tomatoes", "mango": "mangoes", "buffalo": "buffalo", "gentleman": "gentlemen",
    "policeman": "policemen", "fireman": "firemen", "fisherman": "fishermen", "businessman": "businessmen",
    "snowman": "snowmen",
    "salesman": "salesmen", "cameraman": "cameramen", "groomsman": "groomsmen", "linesman": "linesmen",
    "weatherman": "weathermen",
}  # fmt: skip

PLURAL_ONLY = frozenset(
    _words("""
pants, jeans, shorts, overalls, glasses, sunglasses, goggles, shoes, sneakers, boots, sandals, socks, gloves,
mittens, earrings, trunks, leggings, stockings, tights, clothes, khakis, slacks, capris, pajamas, slippers,
scissors, tongs, stands, tracks, woods, waves, fries, pigtails, braids, dreads, dreadlocks, bangs, sideburns,
tattoos, freckles, horns, tusks, spots, stripes, flops""")
)

MASS = frozenset(
    _words("""
luggage, rice, grass, bread, meat, broccoli, lettuce, spinach, corn, cheese, food, sand, snow, water, ketchup,
mustard, butter, jam, syrup, gravy, soap, toothpaste, paper, tissue, wood, metal, machinery, equipment, gear,
stuff, ice, mud, dirt, traffic, hair, clothing, attire, bacon, ham, pasta, spaghetti, toast, garlic, celery,
asparagus, cabbage, milk, juice, tea, coffee, wine, beer, popcorn, cereal, oatmeal, granola, pudding, yogurt,
tofu, sushi, salad, soup, stew, frosting, plush, denim, wool""")
)
