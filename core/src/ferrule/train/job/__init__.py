"""The training job behind ``ferrule train``."""

from ferrule.train.job.recipe import DATASETS, MODELS, OPTIMIZERS, Options, Recipe
from ferrule.train.job.run import Epoch, Run, saved_recipe
from ferrule.train.result import Diverged

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
