"""Recurrent layers: whole sequences, and single steps."""

from ferrule.nn.recurrent.cells import GRUCell, LSTMCell, RNNCell, RNNCellBase
from ferrule.nn.recurrent.layers import GRU, LSTM, RNN
from ferrule.nn.recurrent.stack import RNNBase

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]
