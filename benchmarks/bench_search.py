"""A cross-validated search, whole: ours on the backend "sktune" against skorch and MLPClassifier in two processes.

    python benchmarks/bench_search.py

prints medians of interleaved repeats, scoring included. Candidates differ in their learning rate alone, so that all
contestants do the same work; scikit-learn's network has no dropout, and is compared with ours without it.
"""

import argparse
import math
import os
import warnings
from functools import partial

import joblib
import numpy as np
from _peers import (
    CALLBACKS_OFF,
    ByHand,
    floor_seconds,
    interleaved,
    load_pixels,
    make_mlp,
    make_skorch,
    make_sktune,
    multiply_large,
    print_machine,
    print_ratios,
)
from sklearn.model_selection import GridSearchCV

SHAPES = {
    "2 x 128, batch 64": {"n_layers": 2, "n_neurons": 128, "batch_size": 64},
    "2 x 32, batch 32": {"n_layers": 2, "n_neurons": 32, "batch_size": 32},
    "3 x 256, batch 256": {"n_layers": 3, "n_neurons": 256, "batch_size": 256},
}


def search(estimator, parameter, n_candidates, X, y, **config):
    """Run one search."""
    grid = {parameter: np.geomspace(1e-3, 1e-2, n_candidates).tolist()}
    with joblib.parallel_config(n_jobs=2, **config):
        GridSearchCV(estimator, grid, cv=5, refit=False).fit(X, y)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--candidates", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--processes", action="store_true", help="also search with ours in worker processes")
    arguments = parser.parse_args()
    os.environ["PYTHONWARNINGS"] = "ignore"  # of the worker processes
    warnings.simplefilter("ignore")
    print_machine()
    X, y = load_pixels()
    n, epochs = arguments.candidates, {"max_epochs": arguments.epochs}
    for name_of_shape, shape in SHAPES.items():
        runs = {
            "sktune": (make_sktune(**shape, **epochs, dropout=0.1), "lr", {"backend": "sktune"}),
            "skorch": (make_skorch(**shape, **epochs, dropout=0.1), "lr", {}),
            "skorch, callbacks off": (make_skorch(**shape, **epochs, dropout=0.1, **CALLBACKS_OFF), "lr", {}),
            "loop by hand": (ByHand(**shape, **epochs, dropout=0.1), "lr", {}),
            "sktune without dropout": (make_sktune(**shape, **epochs, dropout=0.0), "lr", {"backend": "sktune"}),
            "MLPClassifier": (make_mlp(**shape, **epochs), "learning_rate_init", {}),
        }
        if arguments.processes:
            runs["sktune in processes"] = (runs["sktune"][0], "lr", {"backend": "loky"})
        contestants = {name: partial(search, *run[:2], n, X, y, **run[2]) for name, run in runs.items()}
        contestants["large products"] = partial(multiply_large, 2)
        medians = interleaved(contestants, arguments.repeats)
        alike = ["sktune without dropout", "MLPClassifier"]
        n_steps = 5 * n * arguments.epochs * math.ceil(len(X) * 4 // 5 / shape["batch_size"])
        large = medians.pop("large products")
        medians["floor: products of the training"] = floor_seconds(large, n_steps, **shape)
        title = f"GridSearchCV, {n} candidates x 5 folds, {name_of_shape}, {arguments.epochs} epochs, 2 cores"
        print_ratios(f"{title}, dropout 0.1", {name: medians[name] for name in medians if name not in alike})
        print_ratios("  the same without dropout", {name: medians[name] for name in alike}, ours=alike[0])


if __name__ == "__main__":
    main()
