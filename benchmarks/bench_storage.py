"""What a storage costs a search, and what it saves when the search is begun again.

    python benchmarks/bench_storage.py

runs the same search without and with ``storage=``, in turn, then once more over the finished store, and prints medians
and ratios. Each finished (candidate, split) is a transaction that waits for the disk: most of the difference is that.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from _peers import print_machine
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktune import BayesSearchCV, HyperbandSearchCV, NetClassifier

NET = make_pipeline(StandardScaler(), NetClassifier(max_epochs=27, n_neurons=32, batch_size=32))
SPACE = {"netclassifier__lr": (1e-4, 1e-1, "log-uniform"), "netclassifier__dropout": (0.0, 0.5)}
SETTINGS = {"cv": 5, "random_state": 0, "refit": False, "n_jobs": 2}
SEARCHES = {
    "Bayes, 20 candidates": BayesSearchCV(NET, SPACE, n_iter=20, **SETTINGS),
    "Bayes, freeze-thaw, 40": BayesSearchCV(NET, SPACE, n_iter=40, pruning="freeze-thaw", **SETTINGS),
    "Hyperband": HyperbandSearchCV(NET, SPACE, **SETTINGS),
}


def seconds(search, X, y):
    start = time.perf_counter()
    search.fit(X, y)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    print_machine()
    X, y = load_digits(return_X_y=True)
    print(f"{'':<24}{'without, s':>11}{'with, s':>9}{'ratio':>7}{'again, s':>10}{'MB':>6}")
    for name, search in SEARCHES.items():
        rows = []
        for _ in range(arguments.repeats):
            with tempfile.TemporaryDirectory() as folder:
                plain = seconds(search.set_params(storage=None), X, y)
                stored = seconds(search.set_params(storage=Path(folder) / "search.db"), X, y)
                rows.append((plain, stored, stored / plain, seconds(search, X, y)))
                size = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1e6
        plain, stored, ratio, again = map(statistics.median, zip(*rows, strict=True))
        print(f"{name:<24}{plain:11.2f}{stored:9.2f}{ratio:7.2f}{again:10.2f}{size:6.1f}", flush=True)


if __name__ == "__main__":
    main()
