"""Data sets, and loaders that cut them into batches."""

from ferrule.data.collate import default_collate
from ferrule.data.dataset import Dataset, Subset, TensorDataset, random_split
from ferrule.data.digits import digits
from ferrule.data.idx import read_idx
from ferrule.data.loader import DataLoader, RandomSampler, SequentialSampler
from ferrule.data.mnist import fashion_mnist, mnist

__all__ = [
    "DataLoader",
    "Dataset",
    "RandomSampler",
    "SequentialSampler",
    "Subset",
    "TensorDataset",
    "default_collate",
    "digits",
    "fashion_mnist",
    "mnist",
    "random_split",
    "read_idx",
]
