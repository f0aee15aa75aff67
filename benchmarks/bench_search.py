"""A cross-validated search, whole: ours on the backend "sktune" against skorch and MLPClassifier in two processes.

    python benchmarks/bench_search.py

prints medians of interleaved repeats, scoring included. Candidates differ in their learning rate alone, so that all
contestants do the same work.
"""

import argparse
import os
import warnings

import joblib
import numpy as np
from _peers import interleaved, make_mlp, make_skorch, make_sktune, print_machine, print_ratios
from sklearn.datasets import load_digits
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
    arguments = parser.parse_args()
    os.environ["PYTHONWARNINGS"] = "ignore"  # of the worker processes
    warnings.simplefilter("ignore")
    print_machine()
    X, y = load_digits(return_X_y=True)
    X = (X / 8 - 1).astype("float32")
    n, epochs = arguments.candidates, {"max_epochs": arguments.epochs}
    for name, shape in SHAPES.items():
        contestants = {
            "sktune": lambda shape=shape: search(
                make_sktune(**shape, **epochs, dropout=0.1), "lr", n, X, y, backend="sktune"
            ),
            "sktune in processes": lambda shape=shape: search(
                make_sktune(**shape, **epochs, dropout=0.1), "lr", n, X, y, backend="loky"
            ),
            "skorch": lambda shape=shape: search(make_skorch(**shape, **epochs, dropout=0.1), "lr", n, X, y),
            "MLPClassifier (no dropout)": lambda shape=shape: search(
                make_mlp(**shape, **epochs), "learning_rate_init", n, X, y
            ),
        }
        title = f"GridSearchCV, {n} candidates x 5 folds, {name}, {arguments.epochs} epochs, 2 cores"
        print_ratios(title, interleaved(contestants, arguments.repeats))


if __name__ == "__main__":
    main()
