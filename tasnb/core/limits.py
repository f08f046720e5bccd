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
