"""Functions drawn from a Gaussian process, conditioned on its observations: pathwise, anywhere, at linear cost.

Notation (besides that of `_gp`)
--------
g(x)            a draw of the process before the observations,
                u + sum over j of sqrt(s / J) (b_j cos(w_j.x) + c_j sin(w_j.x))
w_j             frequencies, drawn from the spectral density of the Matern 5/2 kernel: Student's t with 5 degrees
b_j, c_j        weights, standard normal
u               its mean, drawn from N(0, m)
n               noise of the observations, drawn from N(0, diag(e + v))

f(x) = g(x) + k_x . K^-1 (y - g(X) - n)

is a draw of the process given y (Matheron's rule). Only g is approximate, as the frequencies are finitely many; close
to the observations the second term corrects it. A category stands for one-hot columns scaled by sqrt(1/2), whose
distances are those that the kernel sees.

Rahimi & Recht (2007), Random Features for Large-Scale Kernel Machines; Wilson, Borovitskiy, Terenin, Mostowsky &
Deisenroth (2020), Efficiently Sampling Functions from Gaussian Process Posteriors.
"""

import numpy as np
from scipy.linalg.lapack import dpotrs

_DEGREES_OF_FREEDOM = 5  # of Matern 5/2
_N_FREQUENCIES = 256


class FunctionDraws:
    """Functions drawn from a Gaussian process given its observations.

    Parameters
    ----------
    gp : GaussianProcess
        Where they are drawn from.
    n_draws : int
        How many functions.
    rng : numpy.random.Generator
        Source of randomness.
    n_categories : int, default=0
        The features that are categories have numbers below this one, or -1.

    Examples
    --------
    >>> import numpy as np
    >>> from sktune.optimize import FunctionDraws, GaussianProcess, Hyperparameters
    >>> gp = GaussianProcess([[0.0], [1.0]], [1.0, 2.0], Hyperparameters([0.5], noise_variance=1e-6))
    >>> draws = FunctionDraws(gp, 1000, np.random.default_rng(0))
    >>> X = np.array([[0.0], [0.5], [9.0]])
    >>> mean, variance = gp.predict(X)
    >>> bool(np.allclose(draws(X).mean(axis=1), mean, atol=0.1))
    True
    >>> bool(np.allclose(draws(X).var(axis=1), variance, atol=0.1))
    True
    """

    def __init__(self, gp, n_draws, rng, *, n_categories=0):
        self._gp = gp
        self._frequencies = self._draw_frequencies(rng, n_categories)
        scale = np.sqrt(gp.hyperparameters.signal_variance / _N_FREQUENCIES)
        self._prior_weights = (scale * rng.standard_normal((2, _N_FREQUENCIES, n_draws))).astype(np.float32)
        deviation = np.sqrt(gp.hyperparameters.noise_variance + gp.known_variance)
        noise = deviation[:, None] * rng.standard_normal((len(gp.y), n_draws))
        mean_variance = gp.hyperparameters.mean_variance
        self._means = np.sqrt(mean_variance) * rng.standard_normal(n_draws) if mean_variance else np.zeros(n_draws)
        residual = gp.y[:, None] - self._prior(gp.X) - noise
        self._weights = dpotrs(gp._cholesky, residual, lower=1)[0]

    def __call__(self, X):
        """Return the values of the functions at the rows of `X`, shape (n_points, n_draws)."""
        return self._prior(X) + self._gp._covariance(X).T @ self._weights

    def _draw_frequencies(self, rng, n_categories):
        """For each feature w_jf, shape (J,), or one row for each category, from -1 on, shape (n_categories + 1, J)."""
        layout, length_scales = self._gp.layout, self._gp._length_scales
        stretch = np.sqrt(_DEGREES_OF_FREEDOM / rng.chisquare(_DEGREES_OF_FREEDOM, _N_FREQUENCIES))
        frequencies = []
        for group, is_categorical in zip(layout.groups, layout.is_categorical, strict=True):
            shape = (n_categories + 1, _N_FREQUENCIES) if is_categorical else _N_FREQUENCIES
            scale = (np.sqrt(0.5) if is_categorical else 1.0) / length_scales[group]
            frequencies.append((scale * stretch * rng.standard_normal(shape)).astype(np.float32))
        return frequencies

    def _prior(self, X):
        # single precision: six digits do for a random function, and sines and cosines take a fraction of the time
        angles = np.zeros((len(X), _N_FREQUENCIES), dtype=np.float32)
        for x, frequency, is_categorical in zip(X.T, self._frequencies, self._gp.layout.is_categorical, strict=True):
            angles += frequency[x.astype(np.intp) + 1] if is_categorical else x.astype(np.float32)[:, None] * frequency
        of_cosine, of_sine = self._prior_weights
        return self._means + (np.cos(angles) @ of_cosine + np.sin(angles) @ of_sine).astype(np.float64)
