"""Sentences with gold parses, drawn by a grammar of referring expressions: what the toy world's parser learns from.

``words`` says what each word can do, ``phrases`` draws noun phrases, ``places`` where a thing is and next to what,
``modifiers`` what it does and wears, ``sentences`` whole expressions and captions; ``trees`` holds the trees.
"""
