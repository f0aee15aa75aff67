"""Predictions of a fitted network beside scikit-learn's `MLPClassifier`: one row, 100 rows, 10,000 rows.

    python benchmarks/bench_predict.py

prints medians of interleaved repeats with one thread, in one process, and their ratios to ``MLPClassifier.predict``:
of the network as fitted, and after `net_` was in the user's hands, when each prediction first looks whether its
weights have changed. Both sides check their input with scikit-learn's `validate_data`, and both multiply in float64.
"""

import argparse
import os
import warnings
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")

from _peers import interleaved, print_machine
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from sktune import NetClassifier
from sktune._utils.threads import torch_threads

SIZES = [(2, 128), (3, 256), (3, 1024)]
N_ROWS = {1: 20, 100: 5, 10_000: 1}  # rows: calls in a repeat


def fitted_pair(n_layers, n_neurons, X, y):
    """Return both networks after one epoch: how good they are makes no difference to how long they take."""
    net = NetClassifier(n_layers=n_layers, n_neurons=n_neurons, max_epochs=1, random_state=0).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mlp = MLPClassifier((n_neurons,) * n_layers, max_iter=1, random_state=0).fit(X, y)
    return net, mlp


def compare(n_layers, n_neurons, X, y, n_repeats):
    """Print the medians for each number of rows, and their ratios to scikit-learn's."""
    net, mlp = fitted_pair(n_layers, n_neurons, X[:200], y[:200])
    in_hand, _ = fitted_pair(n_layers, n_neurons, X[:200], y[:200])
    in_hand.net_  # noqa: B018 - made at the first access
    for n_rows, n_calls in N_ROWS.items():
        methods = {
            "MLPClassifier.predict": mlp.predict,
            "predict": net.predict,
            "predict_proba": net.predict_proba,
            "predict, net_ in hand": in_hand.predict,
        }
        contestants = {name: partial(repeat, method, X[:n_rows], n_calls) for name, method in methods.items()}
        medians = interleaved(contestants, 1 if n_rows * n_neurons > 1_000_000 else n_repeats)
        base = medians["MLPClassifier.predict"]
        print(f"\n{n_layers} x {n_neurons}, {n_rows} rows")
        for name, seconds in medians.items():
            print(f"  {name:<24} {seconds / n_calls * 1e6:10.0f} us {seconds / base:6.2f} x", flush=True)


def repeat(method, rows, n_calls):
    """Call a method several times: one call of one row is too short to be timed alone."""
    for _ in range(n_calls):
        method(rows)


def main():
    """Read the command line and compare all sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    n_repeats = parser.parse_args().repeats
    print_machine()
    X, y = make_classification(10_000, n_features=20, n_informative=10, n_classes=3, random_state=0)
    with threadpool_limits(1), torch_threads(1):
        for n_layers, n_neurons in SIZES:
            compare(n_layers, n_neurons, X, y, n_repeats)


if __name__ == "__main__":
    main()
