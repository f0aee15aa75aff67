"""How good the optimizer's proposals are, and how long they take: LCBench, 7 hyperparameters of a network, real tasks.

    python benchmarks/bench_optimizer.py --seeds 2

prints the mean normalised regret (0: the best of 20,000 random settings; 1: their median) of the best score so far
after 10, 20, ... evaluations, and the milliseconds of one ask and tell on one thread. Needs the data in
``../shared/hpo`` beside the repository, and onnxruntime (``pip install 'sktune[benchmark]'``). Rows of Optuna and
scikit-optimize are added on request where these are installed.
"""

import argparse
import os
import platform
import sys
import time
import warnings
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from sktune.optimize import Optimizer
from sktune.space import Integer, Real, Space

DATA = Path(__file__).resolve().parents[2] / "shared" / "hpo"


def load_lcbench():
    """Import the benchmark's module, or leave with a message that says what is missing."""
    if not (DATA / "lcbench.py").exists():
        sys.exit(f"bench_optimizer needs the LCBench surrogate in {DATA}, which is not there")
    if find_spec("onnxruntime") is None:
        sys.exit("bench_optimizer needs onnxruntime: pip install 'sktune[benchmark]'")
    sys.path.insert(0, str(DATA))
    return import_module("lcbench")


def sktune_space(lcbench):
    """The hyperparameters of the benchmark as dimensions."""
    classes = {"int": Integer, "real": Real}
    return Space(
        {
            name: classes[kind](low, high, "log-uniform" if log else "uniform")
            for name, (kind, low, high, log) in lcbench.SPACE.items()
        }
    )


class SktuneGP:
    """Our optimizer."""

    def __init__(self, lcbench, seed):
        self._optimizer = Optimizer(sktune_space(lcbench), random_state=seed)

    def ask(self):
        return self._optimizer.ask()

    def tell(self, params, score):
        self._optimizer.tell(params, score)


class Random:
    """Independent random settings."""

    def __init__(self, lcbench, seed):
        self._lcbench, self._rng = lcbench, np.random.default_rng([seed, 1])

    def ask(self):
        return self._lcbench.from_unit(self._rng.random(len(self._lcbench.SPACE)))

    def tell(self, params, score):
        pass


class OptunaGP:
    """Optuna's GPSampler."""

    sampler = "GPSampler"

    def __init__(self, lcbench, seed):
        optuna = import_module("optuna")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")  # samplers warn that they are experimental
        sampler = getattr(optuna.samplers, self.sampler)(seed=seed)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        distributions = optuna.distributions
        classes = {"int": distributions.IntDistribution, "real": distributions.FloatDistribution}
        self._space = {
            name: classes[kind](low, high, log=log) for name, (kind, low, high, log) in lcbench.SPACE.items()
        }

    def ask(self):
        self._trial = self._study.ask(self._space)
        return self._trial.params

    def tell(self, params, score):
        self._study.tell(self._trial, score)


class OptunaTPE(OptunaGP):
    """Optuna's TPESampler."""

    sampler = "TPESampler"


class ScikitOptimize:
    """scikit-optimize's Gaussian process, as its BayesSearchCV uses it."""

    def __init__(self, lcbench, seed):
        warnings.simplefilter("ignore")  # it warns where it proposes a point again
        skopt = import_module("skopt")
        classes = {"int": skopt.space.Integer, "real": skopt.space.Real}
        self._names = list(lcbench.SPACE)
        dimensions = [
            classes[kind](low, high, "log-uniform" if log else "uniform", transform="normalize")
            for kind, low, high, log in lcbench.SPACE.values()
        ]
        self._optimizer = skopt.Optimizer(dimensions, base_estimator="GP", random_state=seed)

    def ask(self):
        return dict(zip(self._names, self._optimizer.ask(), strict=True))

    def tell(self, params, score):
        self._optimizer.tell([params[name] for name in self._names], -score)


METHODS = {
    "random": (Random, "numpy"),
    "sktune": (SktuneGP, "sktune"),
    "optuna-gp": (OptunaGP, "optuna"),
    "optuna-tpe": (OptunaTPE, "optuna"),
    "scikit-optimize": (ScikitOptimize, "scikit-optimize"),
}


def run(lcbench, method, task, seed, budget, noise):
    """Tune one task; return the regret of the best score so far, shape (budget,), and seconds in ask and tell."""
    optimizer, rng = METHODS[method][0](lcbench, seed), np.random.default_rng([seed, 2])
    best, median = lcbench.reference(task)
    told, true, seconds = [], [], 0.0
    for _ in range(budget):
        start = time.perf_counter()
        params = optimizer.ask()
        seconds += time.perf_counter() - start
        true.append(float(lcbench.val_accuracy(task, [params])[0]))
        told.append(true[-1] + noise * (best - median) * rng.standard_normal())
        start = time.perf_counter()
        optimizer.tell(params, told[-1])
        seconds += time.perf_counter() - start
    # what a user would be given: the true score of the point that looked best
    chosen = [int(np.argmax(told[: n + 1])) for n in range(budget)]
    return lcbench.regret(task, np.array(true)[chosen]), seconds


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2, help="seeds per task: 0, 1, ... (default 2)")
    parser.add_argument("--tasks", type=int, default=12, help="number of development tasks (default and most: 12)")
    parser.add_argument("--budget", type=int, default=50, help="evaluations per run (default 50)")
    parser.add_argument("--noise", type=float, default=0.0, help="noise of the scores, in units of regret (default 0)")
    parser.add_argument("--methods", nargs="+", default=["random", "sktune"], choices=list(METHODS))
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    lcbench = load_lcbench()
    tasks = lcbench.TASKS[: arguments.tasks]
    checkpoints = list(range(10, arguments.budget + 1, 10)) or [arguments.budget]
    packages = ["numpy", "scipy", *dict.fromkeys(METHODS[method][1] for method in arguments.methods)]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; ", end="")
    print(", ".join(f"{package} {version(package)}" for package in dict.fromkeys(packages)))
    print(f"LCBench: {len(tasks)} tasks x {arguments.seeds} seeds, noise {arguments.noise}; mean normalised regret")
    print(f"{'optimizer':<18}" + "".join(f"{f'@{n}':>9}" for n in checkpoints) + f"{'ms per ask+tell':>18}")
    for method in arguments.methods:
        runs = [
            run(lcbench, method, task, seed, arguments.budget, arguments.noise)
            for task in tasks
            for seed in range(arguments.seeds)
        ]
        regret = np.mean([curve for curve, _ in runs], axis=0)
        milliseconds = 1e3 * np.mean([seconds for _, seconds in runs]) / arguments.budget
        print(f"{method:<18}" + "".join(f"{regret[n - 1]:9.3f}" for n in checkpoints) + f"{milliseconds:18.1f}")


if __name__ == "__main__":
    main()
