"""Training loops that can be interrupted: `Trainer`, and what it reports to. See
docs/training.md."""

from ferrule.train.callback import Callback
from ferrule.train.checkpoint import Checkpoint
from ferrule.train.early_stopping import EarlyStopping
from ferrule.train.figures import Accuracy, Figures
from ferrule.train.logs import CSVLog, JSONLog
from ferrule.train.progress_bar import ProgressBar
from ferrule.train.result import Diverged, Result
from ferrule.train.tensorboard import TensorBoard
from ferrule.train.trainer import Trainer

__all__ = [
    "Accuracy",
    "CSVLog",
    "Callback",
    "Checkpoint",
    "Diverged",
    "EarlyStopping",
    "Figures",
    "JSONLog",
    "ProgressBar",
    "Result",
    "TensorBoard",
    "Trainer",
]
