"""Whether a pruned search chooses what the full search of the same candidates chooses, and what it costs.

    python benchmarks/bench_agreement.py --seeds 5

evaluates the same candidates with the same seeds, folds and all, with and without pruning, and prints for each rule in
how many runs the winner was the same, or one whose full score is within half a standard error of the best (the standard
error of the difference of the two, fold by fold: what a fold adds to the scores of all candidates is no error), how
much the winners' full scores are below the best, with the standard error over the seeds, and the share of the full
search's epochs that were trained.
"""

import argparse
import warnings

import numpy as np
from _peers import print_machine
from bench_strategies import DATA, SPACE
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sktune import BayesSearchCV, NetClassifier
from sktune.model_selection import FreezeThaw, SuccessiveHalving

RULES = {
    "freeze-thaw": FreezeThaw(),
    "freeze-thaw, careful": FreezeThaw(min_probability=0.01, n_first_splits=3),
    "halving": SuccessiveHalving(),
    "halving, careful": SuccessiveHalving(n_rungs=2, n_first_splits=3),
}


def search(X, y, seed, pruning, max_epochs, n_iter):
    """Evaluate a design of `n_iter` candidates; return ``cv_results_``."""
    net = Pipeline([("scale", StandardScaler()), ("net", NetClassifier(max_epochs=max_epochs))])
    found = BayesSearchCV(
        net,
        {f"net__{name}": spec for name, (_, spec) in SPACE.items()},
        optimizer_kwargs={"n_initial_points": n_iter},  # the same candidates, whatever comes of them
        n_iter=n_iter,
        n_points=n_iter,
        cv=StratifiedKFold(5, shuffle=True, random_state=seed),
        n_jobs=2,
        random_state=seed,
        refit=False,
        pruning=pruning,
    )
    return found.fit(X, y).cv_results_


def n_epochs(results):
    """Return the epochs of all trainings together."""
    splits = np.isfinite([results[f"split{split}_test_score"] for split in range(5)]).sum(axis=0)
    return float(np.nansum(splits * results["n_epochs"]))


def compare(full, pruned):
    """Return whether the winner is the same, whether it is as good, what it loses, and the share of the epochs."""
    assert full["params"] == pruned["params"], "the candidates differ"
    folds = np.array([full[f"split{split}_test_score"] for split in range(5)])
    best, chosen = int(np.argmin(full["rank_test_score"])), int(np.argmin(pruned["rank_test_score"]))
    differences = folds[:, best] - folds[:, chosen]
    lost, error = differences.mean(), differences.std(ddof=1) / np.sqrt(5)
    return chosen == best, lost <= error / 2, lost, n_epochs(pruned) / n_epochs(full)


def _error(values):
    return np.std(values, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["digits", "breast_cancer"], choices=list(DATA))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--candidates", type=int, default=24)
    parser.add_argument("--rules", nargs="+", default=list(RULES), choices=list(RULES))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print_machine()
    for name in arguments.data:
        X, y = DATA[name](return_X_y=True)
        rows = {rule: [] for rule in arguments.rules}
        for seed in range(arguments.seeds):
            full = search(X, y, seed, None, arguments.epochs, arguments.candidates)
            for rule in rows:
                pruned = search(X, y, seed, RULES[rule], arguments.epochs, arguments.candidates)
                rows[rule].append(compare(full, pruned))
        print(f"\n{name}: {arguments.candidates} candidates, {arguments.epochs} epochs, {arguments.seeds} seeds")
        print(f"{'':<24}{'same winner':>12}{'as good':>10}{'lost':>10}{'epochs':>16}")
        for rule, found in rows.items():
            same, good, lost, share = np.transpose(found)
            row = f"{rule:<24}{same.sum():12.0f}{good.sum():10.0f}{lost.mean():10.5f} +- {_error(lost):.5f}"
            print(f"{row}{share.mean():9.2f} +- {_error(share):.2f}", flush=True)


if __name__ == "__main__":
    main()
