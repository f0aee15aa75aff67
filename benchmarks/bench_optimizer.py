"""How good the optimizer's proposals are, and how long they take, beside its peers.

    python benchmarks/bench_optimizer.py
    python benchmarks/bench_optimizer.py --parts functions speed --methods sktune optuna-gp optuna-tpe

has four parts:

lcbench    7 hyperparameters of a network on real tasks: the mean normalised regret (0: the best of 20,000 random
           settings; 1: their median) of the best score so far after 10, 20, ... evaluations. Needs the data in
           ``../shared/hpo`` beside the repository, and onnxruntime (``pip install 'sktune[benchmark]'``).
functions  functions with known maxima, among them categorical and conditional spaces: how far below the maximum the
           best of 60 evaluations lies, over 10 seeds.
batches    proposals in batches of 4 against one at a time: after how many evaluations one at a time has reached what
           the batches have at the end, as a share of their number. Of each function there are as many runs as of
           LCBench: with 5 this share is 72 to 100 %, according to the seeds.
speed      milliseconds of one ask and tell on one thread, with 50 and with 300 observations.

Rows of Optuna and of scikit-optimize are added where these are installed.
"""

import argparse
import os
import platform
import sys
import time
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from _functions import PROBLEMS
from _optimizers import METHODS, available

from sktune.space import Integer, Real, Space

DATA = Path(__file__).resolve().parents[2] / "shared" / "hpo"
BATCH = 4


def load_lcbench():
    """Import the benchmark's module, or return None and say what is missing."""
    if not (DATA / "lcbench.py").exists():
        print(f"without LCBench: its surrogate is not in {DATA}")
        return None
    if find_spec("onnxruntime") is None:
        print("without LCBench: it needs onnxruntime, pip install 'sktune[benchmark]'")
        return None
    if str(DATA) not in sys.path:
        sys.path.insert(0, str(DATA))
    return import_module("lcbench")


def lcbench_space(lcbench):
    """The hyperparameters of the benchmark as dimensions."""
    classes = {"int": Integer, "real": Real}
    return Space(
        {
            name: classes[kind](low, high, "log-uniform" if log else "uniform")
            for name, (kind, low, high, log) in lcbench.SPACE.items()
        }
    )


def seeds_of(arguments, n_seeds):
    """Return so many seeds from the first on."""
    return range(arguments.first_seed, arguments.first_seed + n_seeds)


def run(optimizer, score, budget, noise=None):
    """Tune `score`; return the true scores of what looked best so far, shape (budget,), and seconds in ask and tell.

    Parameters
    ----------
    optimizer : object with ask and tell
    score : callable
        From parameters to a float, greater is better.
    budget : int
        Number of evaluations.
    noise : callable, default=None
        Draws the error of what is told.
    """
    told, true, seconds = [], [], 0.0
    for _ in range(budget):
        start = time.perf_counter()
        params = optimizer.ask()
        seconds += time.perf_counter() - start
        true.append(score(params))
        told.append(true[-1] if noise is None else true[-1] + noise())
        start = time.perf_counter()
        optimizer.tell(params, told[-1])
        seconds += time.perf_counter() - start
    # what a user would be given: the true score of the point that looked best
    chosen = [int(np.argmax(told[: n + 1])) for n in range(budget)]
    return np.array(true)[chosen], seconds


def run_in_batches(optimizer, score, budget):
    """Tune `score` in batches; return the best scores so far, shape (budget,)."""
    scores = []
    while len(scores) < budget:
        batch = optimizer.ask_batch(min(BATCH, budget - len(scores)))
        scores += [score(params) for params in batch]
        for params, one in zip(batch, scores[-len(batch) :], strict=True):
            optimizer.tell(params, one)
    return np.maximum.accumulate(scores)


# -- LCBench -----------------------------------------------------------------------------------------------------------


def lcbench_runs(lcbench, method, tasks, seeds, budget, noise):
    """Return regrets, shape (n_tasks, n_seeds, budget), and mean seconds per evaluation."""
    space, regrets, seconds = lcbench_space(lcbench), [], 0.0
    for task in tasks:
        best, median = lcbench.reference(task)
        for seed in seeds:
            rng = np.random.default_rng([seed, 2])
            scores, spent = run(
                METHODS[method](space, seed),
                lambda params, task=task: float(lcbench.val_accuracy(task, [params])[0]),
                budget,
                (lambda rng=rng, unit=best - median: noise * unit * rng.standard_normal()) if noise else None,
            )
            regrets.append(lcbench.regret(task, scores))
            seconds += spent
    regrets = np.reshape(regrets, (len(tasks), len(seeds), budget))
    return regrets, seconds / regrets.size


def report_lcbench(arguments):
    """Print the table of regrets."""
    lcbench = load_lcbench()
    if lcbench is None:
        return
    tasks, seeds = lcbench.TASKS[: arguments.tasks], seeds_of(arguments, arguments.seeds)
    checkpoints = list(range(10, arguments.budget + 1, 10)) or [arguments.budget]
    print(f"\nLCBench: {len(tasks)} tasks, seeds {seeds[0]} to {seeds[-1]}, noise {arguments.noise}")
    print("mean normalised regret, and its standard error over tasks and seeds")
    print(f"{'optimizer':<16}" + "".join(f"{f'@{n}':>15}" for n in checkpoints) + f"{'ms per ask+tell':>18}")
    for method in available(arguments.methods):
        regrets, seconds = lcbench_runs(lcbench, method, tasks, seeds, arguments.budget, arguments.noise)
        flat = regrets.reshape(-1, arguments.budget)[:, [n - 1 for n in checkpoints]]
        errors = flat.std(0, ddof=1) / np.sqrt(len(flat)) if len(flat) > 1 else np.zeros(len(checkpoints))
        cells = [f"{mean:9.3f} ±{error:.3f}" for mean, error in zip(flat.mean(0), errors, strict=True)]
        print(f"{method:<16}" + "".join(cells) + f"{1e3 * seconds:18.1f}", flush=True)


# -- functions ---------------------------------------------------------------------------------------------------------


def report_functions(arguments):
    """Print how far below the maximum each optimizer ends."""
    seeds, budget = seeds_of(arguments, arguments.function_seeds), arguments.function_budget
    methods = available(arguments.methods)
    print(f"\nDistance to the maximum after {budget} evaluations, seeds {seeds[0]} to {seeds[-1]}")
    print("mean, its standard error, and (median)")
    print(f"{'function':<16}" + "".join(f"{method:>32}" for method in methods) + "   ours / better peer")
    for name in arguments.functions:
        problem, distances = PROBLEMS[name](), {}
        for method in methods:
            if method == "scikit-optimize" and any(dimension.conditions for dimension in problem.space.dimensions):
                continue
            ends = [run(METHODS[method](problem.space, seed), problem.score, budget)[0] for seed in seeds]
            distances[method] = problem.best - np.max(ends, axis=1)
        print(f"{problem.name:<16}" + "".join(_distance_cell(distances.get(method)) for method in methods), end="")
        print(_ratio_cell(distances), flush=True)


def _distance_cell(distances):
    if distances is None:
        return f"{'-':>32}"
    error = distances.std(ddof=1) / np.sqrt(len(distances)) if len(distances) > 1 else 0.0
    return f"{f'{distances.mean():.3g} ±{error:.2g} ({np.median(distances):.3g})':>32}"


def _ratio_cell(distances):
    """Ratios of our mean and median to the smallest of the peers."""
    peers = [own for method, own in distances.items() if method not in ("sktune", "random")]
    if "sktune" not in distances or not peers:
        return ""
    ratios = [
        statistic(distances["sktune"]) / max(min(map(statistic, peers)), 1e-300) for statistic in (np.mean, np.median)
    ]
    return f"   {ratios[0]:.2f} ({ratios[1]:.2f})"


# -- batches and speed -------------------------------------------------------------------------------------------------


def report_batches(arguments):
    """Print what batches lose against one proposal at a time."""
    budget, n_runs = arguments.budget, arguments.tasks * arguments.seeds
    print(f"\nBatches of {BATCH} against one by one, after {budget} evaluations, {n_runs} runs of each")
    print(f"{'':<16}{'one at a time':>15}{'batches':>12}{'as good after':>16}{'efficiency':>12}")
    for name, space, objectives in _batch_problems(arguments.tasks):
        sequential, batched = [], []
        for score, regret in objectives:
            for seed in seeds_of(arguments, n_runs // len(objectives)):
                sequential.append(regret(run(METHODS["sktune"](space, seed), score, budget)[0]))
                batched.append(regret(run_in_batches(METHODS["sktune"](space, seed), score, budget)))
        sequential, batched = np.mean(sequential, axis=0), np.mean(batched, axis=0)
        reached = int(np.argmax(sequential <= batched[-1])) + 1 if sequential[-1] <= batched[-1] else budget
        print(f"{name:<16}{sequential[-1]:15.3g}{batched[-1]:12.3g}{reached:16d}{reached / budget:11.0%}", flush=True)


def _batch_problems(n_tasks):
    """Triples of a name, a space, and pairs of a score and what turns the best scores into regrets."""
    lcbench = load_lcbench()
    if lcbench is not None:
        yield (
            "LCBench",
            lcbench_space(lcbench),
            [
                (
                    lambda params, task=task: float(lcbench.val_accuracy(task, [params])[0]),
                    lambda scores, task=task: lcbench.regret(task, scores),
                )
                for task in lcbench.TASKS[:n_tasks]
            ],
        )
    for name in ("hartmann6", "categories", "branches"):
        problem = PROBLEMS[name]()
        yield problem.name, problem.space, [(problem.score, lambda scores, best=problem.best: best - scores)]


def report_speed(arguments):
    """Print milliseconds of one ask and tell."""
    problem = PROBLEMS["hartmann6"]()
    print("\nMilliseconds of one ask and tell (Hartmann6, median of 10)")
    print(f"{'optimizer':<16}{'50 observations':>18}{'300 observations':>18}")
    for method in available(arguments.methods):
        cells = [f"{1e3 * _seconds_with(METHODS[method], problem, n):18.1f}" for n in (50, 300)]
        print(f"{method:<16}" + "".join(cells), flush=True)


def _seconds_with(optimizer_class, problem, n_observations, n_repeats=10):
    """Median seconds of an ask and a tell with about so many observations, the first half of them random."""
    optimizer, seconds = optimizer_class(problem.space, 0), []
    n_asked = min(20, n_observations // 2)
    for params in problem.space.from_unit(problem.space.sample(n_observations - n_asked, np.random.default_rng(0))):
        optimizer.add(params, problem.score(params))
    for _ in range(n_asked + n_repeats):
        start = time.perf_counter()
        params = optimizer.ask()
        optimizer.tell(params, problem.score(params))
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[n_asked:]))


PARTS = {
    "lcbench": report_lcbench,
    "functions": report_functions,
    "batches": report_batches,
    "speed": report_speed,
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument(
        "--methods", nargs="+", default=["random", "sktune", "optuna-gp", "optuna-tpe"], choices=METHODS
    )
    parser.add_argument("--tasks", type=int, default=12, help="number of development tasks (default and most: 12)")
    parser.add_argument("--seeds", type=int, default=5, help="seeds per task, also for the batches (default 5)")
    parser.add_argument("--first-seed", type=int, default=0, help="the first of all seeds (default 0)")
    parser.add_argument("--budget", type=int, default=50, help="evaluations per run, also of the batches (default 50)")
    parser.add_argument("--noise", type=float, default=0.0, help="noise of LCBench, in units of regret (default 0)")
    parser.add_argument("--functions", nargs="+", default=list(PROBLEMS), choices=list(PROBLEMS))
    parser.add_argument("--function-seeds", type=int, default=10, help="seeds per function (default 10)")
    parser.add_argument("--function-budget", type=int, default=60, help="evaluations per function (default 60)")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    packages = ["numpy", "scipy", *(METHODS[method].package for method in available(arguments.methods))]
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; ",
        end="",
    )
    print(", ".join(f"{package} {version(package)}" for package in dict.fromkeys(packages)))
    for part in arguments.parts:
        PARTS[part](arguments)


if __name__ == "__main__":
    main()
