"""Where to look for a good network, from the size of the data."""

import numbers

from ..space import Integer, Real

#: most rows -> (most hidden layers, most units per layer): larger tables carry larger networks
_CAPACITY = ((500, 2, 64), (2_000, 3, 128), (20_000, 4, 256), (100_000, 4, 512), (float("inf"), 5, 1024))


def default_search_space(n_samples, n_features, *, prefix=""):
    """Return a search space for networks on a table of this size.

    Parameters
    ----------
    n_samples : int
        Number of rows.
    n_features : int
        Number of columns.
    prefix : str, default=""
        Put before every name, such as ``"clf__"`` for the step ``clf`` of a pipeline.

    Returns
    -------
    space : dict of str to dimension
        For `BayesSearchCV`, and for ``RandomizedSearchCV`` as well.

    Notes
    -----
    ================ ====================================== ==========================================================
    parameter        range                                  why
    ================ ====================================== ==========================================================
    lr               1e-4 ... 3e-2, log                     the one that matters most
    n_layers         1 ... 2 to 5                           up to 500, 2,000, 100,000 rows: 2, 3, 4 layers; above 5
    n_neurons        16 ... 64 to 1024, powers of two       up to 500, 2,000, 20,000, 100,000 rows: 64, 128, 256, 512;
                                                            at most 64 units where there are fewer than 4 features
    dropout          0 ... 0.5                              against overfitting
    weight_decay     1e-5 ... 1, log                        against overfitting; decoupled, so that 1 is not extreme
    batch_size       16 ... 32 to 512, powers of two        at least 8 steps an epoch; from 20,000 rows on not below 64,
                                                            where small batches only cost time
    lr_schedule      constant, cosine, onecycle
    normalization    None, batch, layer
    activation       relu, gelu, tanh
    ================ ====================================== ==========================================================
    """
    for name, value in (("n_samples", n_samples), ("n_features", n_features)):
        if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} must be an int of at least 1, got {value!r}")
    if not isinstance(prefix, str):
        raise ValueError(f"prefix must be a string such as 'net__', got {prefix!r}")
    max_layers, max_neurons = next(size for limit, *size in _CAPACITY if n_samples <= limit)
    if n_features < 4:
        max_neurons = min(max_neurons, 64)
    min_batch = 16 if n_samples < 20_000 else 64
    max_batch = min(max(2 * min_batch, n_samples // 8), 512)
    space = {
        "lr": Real(1e-4, 3e-2, prior="log-uniform"),
        "n_layers": Integer(1, max_layers),
        "n_neurons": Integer(16, max_neurons, prior="power-of-two"),
        "dropout": Real(0.0, 0.5),
        "weight_decay": Real(1e-5, 1.0, prior="log-uniform"),
        "batch_size": Integer(min_batch, max_batch, prior="power-of-two"),
        "lr_schedule": ["constant", "cosine", "onecycle"],
        "normalization": [None, "batch", "layer"],
        "activation": ["relu", "gelu", "tanh"],
    }
    return {prefix + name: dimension for name, dimension in space.items()}
