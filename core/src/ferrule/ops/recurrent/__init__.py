"""Recurrent networks: one step of each, and whole sequences."""

from ferrule.ops.recurrent.cells import gru_cell, lstm_cell, rnn_cell
from ferrule.ops.recurrent.gru import gru_scan, gru_scan_backward
from ferrule.ops.recurrent.lstm import lstm_scan, lstm_scan_backward
from ferrule.ops.recurrent.rnn import rnn_scan, rnn_scan_backward

__all__ = [
    "gru_cell",
    "gru_scan",
    "gru_scan_backward",
    "lstm_cell",
    "lstm_scan",
    "lstm_scan_backward",
    "rnn_cell",
    "rnn_scan",
    "rnn_scan_backward",
]
