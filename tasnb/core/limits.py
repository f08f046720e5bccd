"""The limits on what is read, one table: each is asked before memory or time is taken, and what is above it is refused.

A file says how large its content is; here stands how large it may be. Nothing honest that is known comes near.
"""

# pictures, and masks at their size. Medium-format cameras make 102 megapixels, phones 108; a larger picture would take
# more than 1 GB while it is read
MAX_PIXELS = 1 << 27
MAX_COSTLY_PIXELS = 1 << 26  # of WebP and AVIF, whose decoders hold a picture three times, and of 32-bit grays
MAX_PICTURE_BYTES = 1 << 30  # 8 bytes a pixel of the largest picture: 16 bits, four channels, not packed

# run-length codes: a mask of pure noise at 4096 x 2048; a real one of the largest picture has a tenth
MAX_RUNS = 1 << 23

# polygons: COCO's code walks the rim in steps of a fifth of a pixel and keeps 16 bytes of each, so 84 MB at this rim.
# The pixels of all rims of one mask; a box around the farthest points has 800,000
MAX_RIM = 1 << 20
FARTHEST = 100_000.0  # pixels from the picture's corner, on either axis

# files of annotations, bytes by suffix: COCO's instances_train2017.json has 470 MB, LVIS's 1.2 GB; RefCOCO's pickle
# 26 MB; all its sentences as a table 10 MB. Lists and objects of JSON take 72 bytes each at least; PhraseCut has a list
# for each point. A row of a table takes a kilobyte once it is read; RefCOCO has 142,209 sentences
MAX_FILE_BYTES = {".json": 2_000_000_000, ".p": 100_000_000, ".csv": 200_000_000}
MAX_JSON_CONTAINERS = 60_000_000
MAX_ROWS = 1_000_000
# all masks of one image, a byte a pixel: 200 of 40 megapixels
MAX_MASK_BYTES = 8_000_000_000

# pickles; RefCOCO's has 50,000 refs, 142,000 sentences, about 4 million values, 5 levels. Containers, which one byte
# makes: it may make 1 million, 2 million in protocol 4. Bytes of memory for them: for each byte of the file (RefCOCO's:
# 7, 19 in protocol 4), and what any file may take. Those that stand in several places: it has none
PICKLE_CONTAINERS = 5_000_000
PICKLE_DENSITY = 40
PICKLE_FREE = 4_000_000
PICKLE_SHARED = 100_000
PICKLE_VALUES = 50_000_000
PICKLE_DEPTH = 64
