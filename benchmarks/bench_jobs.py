"""How long a search takes with two jobs, and with all cores, against one: never longer, whatever is searched.

    python benchmarks/bench_jobs.py

prints medians of ratios of searches that take turns. Scores are the same for any number of jobs, which is checked.
"""

import argparse
import os
import warnings
from functools import partial

import numpy as np
from _peers import paired, print_machine, print_paired
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.svm import SVC

from sktune import BayesSearchCV, NetClassifier

RATE = {"lr": (1e-4, 1e-1, "log-uniform")}


def network(n_layers, n_neurons, epochs):
    """Return a network and what to search."""
    return NetClassifier(n_layers=n_layers, n_neurons=n_neurons, max_epochs=epochs), RATE


def contestants(share):
    """Return by name the estimator, the space, and the rows and candidates that make a search of some seconds."""

    def some(number):
        return max(1, round(share * number))

    return {
        "small network, 2 x 32": (*network(2, 32, some(20)), 600, 8),
        "middle network, 2 x 128": (*network(2, 128, some(15)), 1000, 8),
        "large network, 3 x 512": (*network(3, 512, some(4)), 1000, 8),
        "SVC, small table": (SVC(), {"C": (1e-2, 1e2, "log-uniform")}, 300, 16),
        "SVC, large table": (SVC(), {"C": (1e-2, 1e2, "log-uniform")}, some(4000), 16),
        "histogram boosting": (
            HistGradientBoostingClassifier(max_iter=some(100)),
            {"learning_rate": (1e-2, 1.0, "log-uniform")},
            4000,
            8,
        ),
    }


def search(estimator, space, X, y, scores, n_iter, n_points, n_jobs):
    """Run one search; keep its scores."""
    one = BayesSearchCV(estimator, space, n_iter=n_iter, n_points=n_points, n_jobs=n_jobs, random_state=0, refit=False)
    scores[n_jobs] = one.fit(X, y).cv_results_["mean_test_score"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--points", type=int, nargs="+", default=[1, 2, 8])
    parser.add_argument("--only", default="", help="contestants with this in their names")
    parser.add_argument("--share", type=float, default=1.0, help="of the usual lengths of the trainings")
    arguments = parser.parse_args()
    os.environ["PYTHONWARNINGS"] = "ignore"  # of the worker processes
    warnings.simplefilter("ignore")
    print_machine()
    for name, (estimator, space, n_rows, n_iter) in contestants(arguments.share).items():
        if arguments.only not in name:
            continue
        X, y = make_classification(n_rows, 20, n_informative=8, random_state=0)
        for n_points in arguments.points:
            scores = {}
            settings = {"n_iter": n_iter, "n_points": n_points}
            runs = {
                f"n_jobs={n_jobs}": partial(search, estimator, space, X, y, scores, n_jobs=n_jobs, **settings)
                for n_jobs in (None, 2, -1)
            }
            title = f"{name}: {n_iter} candidates x 5 folds, {n_rows} rows, n_points={n_points}"
            print_paired(title, *paired(runs, "n_jobs=None", arguments.repeats))
            assert all(np.array_equal(one, scores[None]) for one in scores.values())


if __name__ == "__main__":
    main()
