"""scikit-learn and SciPy on ferrule tensors, through the Python array API standard.

    python examples/array_api.py

Both ask an array for its namespace and compute with that, so nothing is copied to NumPy. They do so
where the environment variable and the option below are set.
"""

import os

os.environ["SCIPY_ARRAY_API"] = "1"  # SciPy reads it when it is imported

import scipy.fft
import scipy.special
import sklearn
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

import ferrule as fe

fe.manual_seed(0)
hidden = fe.randn(200, 2, dtype=fe.float64)
mixing = fe.randn(2, 6, dtype=fe.float64)
x = hidden @ mixing + 0.05 * fe.randn(200, 6, dtype=fe.float64)
y = hidden @ fe.tensor([3.0, -2.0], dtype=fe.float64)

with sklearn.config_context(array_api_dispatch=True):
    scaled = StandardScaler().fit_transform(x)
    pca = PCA(n_components=2, svd_solver="full").fit(scaled)
    ridge = Ridge(alpha=1e-3, solver="svd").fit(pca.transform(scaled), y)
    fitted = ridge.predict(pca.transform(scaled))

share = pca.explained_variance_ratio_.sum()
error = ((fitted - y) ** 2).mean().sqrt()
print(f"scikit-learn computed with {type(fitted).__module__}.{type(fitted).__name__}")
print(f"two components hold {share:.1%} of the variance; the fit is off by {error:.3f}")
assert isinstance(fitted, fe.Tensor) and share > 0.98 and error < 0.3

spectrum = scipy.fft.rfft(fe.sin(fe.arange(64, dtype=fe.float64) * (2 * fe.pi * 5 / 64)))
assert isinstance(spectrum, fe.Tensor)
print(f"SciPy finds the wave at frequency {spectrum.abs().argmax().item()}")
assert spectrum.abs().argmax().item() == 5

total = scipy.special.logsumexp(fitted)
assert isinstance(total, fe.Tensor) and fe.allclose(total, fe.logsumexp(fitted, 0))
print(f"and the logarithm of the sum of exponentials, {total:.4f}, is ferrule's own")
