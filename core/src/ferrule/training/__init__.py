"""The training job behind ``ferrule train``."""

from ferrule.training.recipe import DATASETS, MODELS, OPTIMIZERS, Options, Recipe
from ferrule.training.run import Diverged, Epoch, Run, saved_recipe

__all__ = [
    "DATASETS",
    "MODELS",
    "OPTIMIZERS",
    "Diverged",
    "Epoch",
    "Options",
    "Recipe",
    "Run",
    "saved_recipe",
]
