"""What it costs to follow a search: lines, progress bars, and callbacks that read the results so far.

    python benchmarks/bench_progress.py

prints seconds, and ratios to the same search without any output. The bars are drawn as on a terminal, into a buffer.
"""

import argparse
import contextlib
import io
import os
import warnings
from functools import partial

from _peers import paired, print_machine, print_paired
from sklearn.callback import ProgressBar
from sklearn.datasets import load_breast_cancer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from sktune import BayesSearchCV, NetClassifier

SPACE = {"netclassifier__lr": (1e-4, 1e-1, "log-uniform"), "netclassifier__dropout": (0.0, 0.5)}


class Reader:
    """Reads the best score so far, or all results, whenever a candidate ends."""

    def __init__(self, *names):
        self.names = names

    def setup(self, estimator, context):
        """Do nothing, as with the other events."""

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context):
        """Read."""
        if context.task_name == "candidate":
            for name in self.names:
                getattr(estimator, name, None)


def search(n_iter, epochs, callbacks=(), **options):
    """Run one search."""
    X, y = load_breast_cancer(return_X_y=True)
    network = make_pipeline(StandardScaler(), NetClassifier(max_epochs=epochs, n_neurons=32))
    one = BayesSearchCV(network, SPACE, n_iter=n_iter, cv=5, random_state=0, **options)
    with contextlib.redirect_stdout(io.StringIO()):
        one.set_callbacks(*callbacks).fit(X, y)


def many(n_iter, callbacks=(), **options):
    """Run a search of many candidates that cost nothing."""
    X, y = load_breast_cancer(return_X_y=True)
    space = {"max_depth": list(range(1, n_iter + 1))}
    kwargs = {"n_initial_points": n_iter}
    one = BayesSearchCV(DecisionTreeClassifier(), space, kwargs, n_iter=n_iter, cv=2, random_state=0, **options)
    with contextlib.redirect_stdout(io.StringIO()):
        one.set_callbacks(*callbacks).fit(X[:60], y[:60])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--candidates", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--many", type=int, nargs="*", default=[100, 400], help="candidates that cost nothing")
    parser.add_argument("--fits", action="store_true", help="also show a bar for each fit")
    arguments = parser.parse_args()
    os.environ["FORCE_COLOR"] = "1"  # rich takes any output for a terminal
    warnings.simplefilter("ignore")
    print_machine()
    ways = {
        "nothing": {},
        "verbose=1": {"verbose": 1},
        "ProgressBar()": {"callbacks": [ProgressBar()]},
        "reading best_score_ at each candidate": {"callbacks": [Reader("best_score_", "best_params_", "best_index_")]},
        "reading cv_results_ at each candidate": {"callbacks": [Reader("cv_results_")]},
    }
    n, epochs = arguments.candidates, arguments.epochs
    if arguments.fits:
        ways["ProgressBar(max_propagation_depth=2)"] = {"callbacks": [ProgressBar(max_propagation_depth=2)]}
    runs = {name: partial(search, n, epochs, **options) for name, options in ways.items()}
    title = f"BayesSearchCV, {n} candidates x 5 folds, 2 x 32, {epochs} epochs"
    print_paired(title, *paired(runs, "nothing", arguments.repeats))
    ways.pop("ProgressBar(max_propagation_depth=2)", None)
    for n in arguments.many:
        runs = {name: partial(many, n, **options) for name, options in ways.items()}
        print_paired(f"BayesSearchCV, {n} candidates x 2 folds, trees", *paired(runs, "nothing", 1))


if __name__ == "__main__":
    main()
