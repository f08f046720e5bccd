"""The stages in a row: ``describe`` an image once, then answer by ``tas`` or a baseline, under a ``variant``."""
