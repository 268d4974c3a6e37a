"""Optimizers; in `lr_scheduler` schedules of their rates; in `swa_utils` averages of models."""

from ferrule.optim import lr_scheduler, swa_utils
from ferrule.optim.adadelta import Adadelta
from ferrule.optim.adafactor import Adafactor
from ferrule.optim.adagrad import Adagrad
from ferrule.optim.adam import Adam, AdamW
from ferrule.optim.adamax import Adamax
from ferrule.optim.asgd import ASGD
from ferrule.optim.lamb import LAMB
from ferrule.optim.lbfgs import LBFGS
from ferrule.optim.lion import Lion
from ferrule.optim.muon import Muon
from ferrule.optim.nadam import NAdam
from ferrule.optim.optimizer import Optimizer
from ferrule.optim.radam import RAdam
from ferrule.optim.rmsprop import RMSprop
from ferrule.optim.rprop import Rprop
from ferrule.optim.sgd import SGD

__all__ = [
    "ASGD",
    "LAMB",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
    "swa_utils",
]
