"""Forecast the carbon dioxide over Mauna Loa with an LSTM: co2_forecast.py [PICTURE.png]

statsmodels has the series: weekly means by Keeling and Whorf, 1958 to 2001. The last ten years are
held out and forecast a year at a time. The network sees how far each of 104 weeks lay above the
same week a year before, and tells the same of the 52 to come.
"""

import sys
import tempfile

from matplotlib.figure import Figure
from statsmodels.datasets import co2

import ferrule as fe
from ferrule import data, nn, optim

PICTURE = sys.argv[1] if len(sys.argv) > 1 else f"{tempfile.gettempdir()}/co2_forecast.png"
NAMES = ("as a year ago", "and the usual rise", "LSTM")
YEAR, PAST, TEST = 52, 104, 520  # weeks
series = co2.load_pandas().data["co2"].interpolate()  # pyright: ignore[reportOptionalSubscript]
ppm = fe.tensor(series.to_numpy("float32"))
start = len(ppm) - TEST
usual = (ppm[YEAR:start] - ppm[: start - YEAR]).mean()
rise = ppm[YEAR:] - ppm[:-YEAR] - usual


def examples(weeks: range) -> data.TensorDataset:
    """The rises before each week, and those of the year from it on."""
    both = rise[fe.tensor(weeks)[:, None] + fe.arange(-YEAR - PAST, 0)]
    return data.TensorDataset(both[:, :PAST], both[:, PAST:])


def year(past: fe.Tensor) -> fe.Tensor:
    """The rises to come: those of the last year on average, and what the network adds."""
    return past[:, -YEAR:].mean(1, True) + head(rnn(past[..., None])[0][:, -1])


fe.manual_seed(0)
rnn, head = nn.LSTM(1, 32, batch_first=True), nn.Linear(32, YEAR)
optimizer = optim.AdamW([*rnn.parameters(), *head.parameters()], lr=3e-3, weight_decay=0.1)
for _ in range(20):
    train = examples(range(YEAR + PAST, start - YEAR + 1, 2))
    for past, future in data.DataLoader(train, batch_size=64, shuffle=True):
        optimizer.zero_grad()
        nn.functional.mse_loss(year(past), future).backward()
        optimizer.step()

naive, truth = ppm[start - YEAR : -YEAR], ppm[start:]
lstm = naive + usual + year(examples(range(start, len(ppm), YEAR)).tensors[0]).detach().flatten()
axes = (figure := Figure(figsize=(11, 5), layout="constrained")).subplots()
axes.plot(series.index[-TEST:], truth.numpy(), "k", label="measured")
for name, forecast in zip(NAMES, (naive, naive + usual, lstm)):
    error = (forecast - truth).abs().mean().item()
    print(f"{name}: off by {error:.2f} ppm")
    axes.plot(series.index[-TEST:], forecast.numpy(), lw=1, label=f"{name}: off by {error:.2f}")
axes.set(ylabel="carbon dioxide (ppm)", title="Mauna Loa, each year forecast from those before")
axes.legend()
figure.savefig(PICTURE)
print(f"see {PICTURE}")
