"""A small GPT learns to write Python's manual, letter by letter.

    python examples/character_gpt.py [--steps 3000]

The text is the part of the language reference that comes with Python itself, in the module
pydoc_data.topics: what help("for") prints, some 460,000 characters. Licence: PSF. 200 steps bring
the loss on text that it has not seen below 2.4 nats per character, 2000 below 1.5.
"""

import argparse
import itertools
import math
from pydoc_data.topics import topics

import ferrule as fe
from ferrule import data, optim
from ferrule.models import GPT2Config, GPT2LMHeadModel
from ferrule.nn.functional import cross_entropy

WINDOW = 128

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=200)
steps = parser.parse_args().steps

fe.manual_seed(0)
text = "\n\n".join(topics[name] for name in sorted(topics))
corpus = data.CharacterCorpus.of(text, WINDOW)
train, test = corpus.split(0.95)
letters = len(corpus.vocabulary)
print(f"{len(text):,} characters, {letters} different ones: a guess costs {math.log(letters):.2f}")

model = GPT2LMHeadModel(
    GPT2Config(
        vocab_size=letters, n_positions=WINDOW, n_embd=64, n_layer=2, n_head=4,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, initializer_range=0.06,
    )
)  # fmt: skip
optimizer = optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.1)
schedule = optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps, pct_start=0.1)
loader = data.DataLoader(train, batch_size=16, shuffle=True)
for step, (before, after) in enumerate(itertools.islice(loader, steps), 1):
    loss = cross_entropy(model(before).logits.flatten(0, 1), after.flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % max(1, steps // 5) == 0:
        print(f"step {step}: {loss.item():.2f} nats per character")

model.eval()
with fe.no_grad():
    before, after = test.batch(range(0, len(test), WINDOW))
    loss = cross_entropy(model(before).logits.flatten(0, 1), after.flatten())
print(f"on text that it has not seen: {loss.item():.2f}\n")
start = corpus.encode("The ")[None]
written = model.generate(start, WINDOW - 4, do_sample=True, temperature=0.7, top_p=0.95)
print(corpus.decode(written[0]))
