"""One fit: ours, skorch, a loop written by hand, scikit-learn's MLPClassifier; stacks against the floor; prediction.

    python benchmarks/bench_fit.py

prints medians of interleaved repeats. Each fit has one thread, except where its name says otherwise. The floor is the
matrix products alone, at the rate at which as many cores multiply large matrices in the same turns.

Where the time of a stack of 25 goes (2 x 128, batch 64, 5 learning rates, one thread; torch's profiler, on a Zen 4):
69 % matrix products, at nine tenths of the large ones' rate; 8 % Adam, 4 % copies, the rest in parts below 2 %. On an
older processor, whose caches deliver less: 53 %, Adam 17 %. The products of the output layer, which has few columns,
took three times as long before it was transposed: then the whole was 2.1 instead of 1.7 times the floor. Smaller stacks
stay in nearer caches, but spend more on the calls themselves, and two threads then wait for each other's turn in
Python. Dropout adds a fifth to a third.
"""

import argparse
import os
import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from _peers import (
    CALLBACKS_OFF,
    ByHand,
    floor_seconds,
    interleaved,
    load_pixels,
    make_mlp,
    make_skorch,
    make_sktune,
    multiply_large,
    print_machine,
    print_ratios,
)

from sktune._utils.threads import torch_threads
from sktune.engine import Rows, fit_plans, plans_go_to

SHAPE = {"n_layers": 2, "n_neurons": 128, "batch_size": 64}


def one_fit(X, y, n_repeats, epochs=30):
    """Compare one fit of each kind."""
    settings = {**SHAPE, "max_epochs": epochs, "dropout": 0.1}
    contestants = {
        "sktune": lambda: make_sktune(**settings).fit(X, y),
        "skorch, default callbacks": lambda: make_skorch(**settings).fit(X, y),
        "skorch, callbacks off": lambda: make_skorch(**settings, **CALLBACKS_OFF).fit(X, y),
        "loop by hand": lambda: ByHand(**settings).fit(X, y),
    }
    print_ratios(f"one fit, 2 x 128, batch 64, dropout 0.1, {epochs} epochs", interleaved(contestants, n_repeats))
    contestants = {
        "sktune": lambda: make_sktune(**SHAPE, max_epochs=epochs, dropout=0.0).fit(X, y),
        "MLPClassifier": lambda: make_mlp(**SHAPE, max_epochs=epochs).fit(X, y),
    }
    print_ratios("the same without dropout", interleaved(contestants, n_repeats))


def stacks(X, y, n_repeats, epochs=20, n_models=60):
    """Compare the training of many networks, as 5 folds of several learning rates, with the floor."""
    print(f"\n{n_models} networks, per network and step")
    for dropout in (0.0, 0.1):
        plans = [plan_of(X, y, dropout, epochs, 1e-3 * (1 + number // 5)) for number in range(n_models)]
        n_steps = sum(plan.n_batches * plan.n_epochs for plan in plans)
        for n in (1, 2):
            runs = {"ours": partial(fit_plans, plans, n_threads=n), "products": partial(multiply_large, n)}
            medians = interleaved(runs, n_repeats)
            floor = floor_seconds(medians["products"], n_steps, **SHAPE)
            us = medians["ours"] / n_steps * 1e6
            print(f"  dropout {dropout}, {n} thread(s): {us:6.1f} us, {medians['ours'] / floor:.2f} x the floor")


def prediction(n_repeats, n_rows=1_000_000, n_features=64):
    """Compare `predict` on many rows, checks included, with the module called on one tensor, both on all cores."""
    X = np.random.default_rng(0).standard_normal((n_rows, n_features), dtype=np.float32)
    net = make_sktune(**SHAPE, max_epochs=1, dropout=0.0).fit(X[:1000], X[:1000, 0] > 0)
    module, tensor = net.net_.module_.eval(), torch.as_tensor(X)
    contestants = {"sktune": lambda: net.predict_proba(X), "the module, one tensor": lambda: module(tensor)}
    with torch_threads(os.cpu_count()), torch.inference_mode():
        print_ratios(f"prediction of {n_rows} rows of {n_features} features", interleaved(contestants, n_repeats))


def plan_of(X, y, dropout, epochs, lr):
    """Return the plan of a fit."""
    plans = []

    def keep(plan, reporter, state):
        plans.append(plan)
        return fit_plans([plan])[0]

    with plans_go_to(keep):
        make_sktune(**SHAPE, max_epochs=epochs, dropout=dropout).set_params(lr=lr).fit(X[:200], y[:200])
    return replace(plans[0], train=Rows(X, y))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    n_repeats = parser.parse_args().repeats
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    print_machine()
    X, y = load_pixels()
    one_fit(X, y, n_repeats)
    stacks(X, y, n_repeats)
    prediction(n_repeats)


if __name__ == "__main__":
    main()
