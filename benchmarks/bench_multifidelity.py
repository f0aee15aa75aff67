"""How much pruning saves: LCBench by epochs, real learning curves of 52 epochs, 7 hyperparameters.

    python benchmarks/bench_multifidelity.py --seeds 5

runs our search classes as they would really run, on an estimator that replays learning curves, and prints the mean
normalised regret (0: the best of 20,000 random settings; 1: their median) after so many full trainings' worth of
epochs, twice: of the setting that the search would return then (the best of those that were trained the furthest), and
of the one with the best score seen so far at whatever epoch, as the table in ``../shared/hpo`` has it. Needs the data
there, and onnxruntime (``pip install 'sktune[benchmark]'``). Rows of Optuna are added on request where it is installed.
"""

import argparse
import os
import platform
import sys
import warnings
from importlib import import_module
from importlib.metadata import version

import numpy as np
from _replay import ROWS, SPLIT, Journal, Replayed, best_seen, furthest
from bench_optimizer import lcbench_space, load_lcbench

from sktune import BayesSearchCV

#: full trainings after which regrets are printed
CHECKPOINTS = (3, 5, 10, 20)
_ENDLESS = 10**6


def search_bayes(lcbench, task, seed, journal, n_epochs, **params):
    """Run BayesSearchCV until so many epochs have been trained."""
    estimator = Replayed(read_curve=lcbench.learning_curve, task=task, journal=journal)
    given = {"n_iter": _ENDLESS, "cv": SPLIT, "refit": False, "random_state": seed, **params}
    search = BayesSearchCV(estimator, lcbench_space(lcbench), **given)
    search.fit(ROWS, callback=lambda result: journal.n_epochs >= n_epochs)


def search_optuna(lcbench, task, seed, journal, n_epochs, *, pruner):
    """Run Optuna's TPE with one of its pruners until so many epochs have been trained."""
    optuna = import_module("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruners = {
        "hyperband": lambda: optuna.pruners.HyperbandPruner(1, lcbench.MAX_EPOCHS, 3),
        "median": lambda: optuna.pruners.MedianPruner(5, 3),
    }
    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruners[pruner]())
    distributions = optuna.distributions
    classes = {"int": distributions.IntDistribution, "real": distributions.FloatDistribution}
    space = {name: classes[kind](low, high, log=log) for name, (kind, low, high, log) in lcbench.SPACE.items()}
    while journal.n_epochs < n_epochs:
        trial = study.ask(space)
        estimator = Replayed(read_curve=lcbench.learning_curve, task=task, journal=journal, **trial.params)
        state = optuna.trial.TrialState.COMPLETE
        for epoch in range(1, lcbench.MAX_EPOCHS + 1):
            score = estimator.fit_until(ROWS, None, epoch).score(ROWS)
            trial.report(score, epoch)
            if trial.should_prune():
                state = optuna.trial.TrialState.PRUNED
                break
        study.tell(trial, None if state == optuna.trial.TrialState.PRUNED else score, state=state)


METHODS = {
    "full": (search_bayes, {}),
    "freeze-thaw": (search_bayes, {"pruning": "freeze-thaw", "n_points": 4}),
    "halving": (search_bayes, {"pruning": "halving", "n_points": 4}),
    "optuna-hyperband": (search_optuna, {"pruner": "hyperband"}),
    "optuna-median": (search_optuna, {"pruner": "median"}),
}


def regrets(lcbench, method, task, seed, n_full):
    """Return the regrets at the checkpoints, shape (2, n_checkpoints): returned then, and best seen."""
    run, params = METHODS[method]
    journal = Journal()
    run(lcbench, task, seed, journal, n_full * lcbench.MAX_EPOCHS, **params)
    points = [n for n in CHECKPOINTS if n <= n_full]
    return [
        [journal.regret(n * lcbench.MAX_EPOCHS, lambda score: lcbench.regret(task, score), key) for n in points]
        for key in (furthest, best_seen)
    ]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2, help="seeds per task: 0, 1, ... (default 2)")
    parser.add_argument("--tasks", type=int, default=12, help="number of development tasks (default and most: 12)")
    parser.add_argument("--full", type=int, default=20, help="budget in full trainings (default 20)")
    parser.add_argument("--methods", nargs="+", default=["full", "freeze-thaw", "halving"], choices=list(METHODS))
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    warnings.simplefilter("ignore")
    lcbench = load_lcbench()
    if lcbench is None:
        sys.exit(1)
    tasks = lcbench.TASKS[: arguments.tasks]
    packages = ["numpy", "scipy", "sktune", *(["optuna"] if any("optuna" in m for m in arguments.methods) else [])]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; ", end="")
    print(", ".join(f"{package} {version(package)}" for package in packages))
    print(f"LCBench by epochs: {len(tasks)} tasks x {arguments.seeds} seeds; mean normalised regret (standard error)")
    points = [n for n in CHECKPOINTS if n <= arguments.full]
    print(f"{'returned then':<20}" + "".join(f"{f'@{n}':>16}" for n in points) + "   | best seen")
    for method in arguments.methods:
        runs = [
            [regrets(lcbench, method, task, seed, arguments.full) for seed in range(arguments.seeds)] for task in tasks
        ]
        per_task = np.mean(runs, axis=1)  # (n_tasks, 2, n_points)
        mean, error = per_task.mean(0), per_task.std(0, ddof=min(1, len(tasks) - 1)) / np.sqrt(len(tasks))
        cells = "".join(f"{m:8.3f} ({e:.3f})" for m, e in zip(mean[0], error[0], strict=True))
        print(f"{method:<20}" + cells + "   |" + "".join(f"{m:8.3f}" for m in mean[1]), flush=True)


if __name__ == "__main__":
    main()
