"""Data sets, and loaders that cut them into batches."""

from ferrule.data import transforms
from ferrule.data.collate import default_collate, default_convert
from ferrule.data.columns import ColumnDataset
from ferrule.data.combination import ChainDataset, ConcatDataset, StackDataset
from ferrule.data.corpus import CharacterCorpus
from ferrule.data.csv_file import CSVDataset
from ferrule.data.dataset import Dataset, IterableDataset, TensorDataset
from ferrule.data.digits import digits
from ferrule.data.distributed import DistributedSampler
from ferrule.data.idx import read_idx
from ferrule.data.loader import DataLoader
from ferrule.data.mnist import fashion_mnist, mnist
from ferrule.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from ferrule.data.subset import Subset, random_split
from ferrule.data.workers.failure import WorkerError
from ferrule.data.workers.info import WorkerInfo, get_worker_info

__all__ = [
    "BatchSampler",
    "CSVDataset",
    "ChainDataset",
    "CharacterCorpus",
    "ColumnDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "DistributedSampler",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "WorkerError",
    "WorkerInfo",
    "default_collate",
    "default_convert",
    "digits",
    "fashion_mnist",
    "get_worker_info",
    "mnist",
    "random_split",
    "read_idx",
    "transforms",
]
