"""The toy world: how its pictures are drawn, its expressions made, its data set written and its models trained.

Beside the library, which imports nothing of it: ``python data/toyworld/train.py`` rebuilds the shipped weights.
"""
