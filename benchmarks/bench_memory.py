"""Peak memory of a search: 60 candidates x 5 folds on 50,000 x 100 numbers of float32.

    python benchmarks/bench_memory.py

prints the peak of this process beside three times the data plus 1 GiB, which it is meant to stay under. Each task in
flight holds rows of its own, as scikit-learn cuts them out; the broker limits their number by their bytes, and equal
training sets become one before they are trained on.
"""

import argparse
import resource
import sys

import joblib
import numpy as np
from _peers import print_machine
from sklearn.model_selection import GridSearchCV

from sktune import NetClassifier


def peak_mib():
    """Return the largest resident size of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--candidates", type=int, default=60)
    parser.add_argument("--epochs", type=int, default=2)
    arguments = parser.parse_args()
    print_machine()
    X = np.random.default_rng(0).standard_normal((arguments.rows, 100), dtype=np.float32)
    y = X[:, 0] + X[:, 1] * X[:, 2] > 0
    data_mib = X.nbytes / (1 << 20)
    print(f"data {data_mib:.0f} MiB; before the search {peak_mib():.0f} MiB")
    net = NetClassifier(n_layers=2, n_neurons=32, batch_size=512, max_epochs=arguments.epochs, random_state=0)
    with joblib.parallel_config("sktune", n_jobs=2):
        GridSearchCV(net, {"lr": np.geomspace(1e-4, 1e-1, arguments.candidates).tolist()}, cv=5).fit(X, y)
    print(f"peak {peak_mib():.0f} MiB; 3 x the data + 1 GiB is {3 * data_mib + 1024:.0f} MiB")


if __name__ == "__main__":
    main()
