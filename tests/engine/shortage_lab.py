"""A process of its own whose address space is limited while it trains, more and more.

    MALLOC_MMAP_THRESHOLD_=65536 python shortage_lab.py

(with which the C library gives memory back at once) prints, for each limit, what came of it, as a line of JSON: how
many networks were trained, how often a stack was divided, and whether the trained ones are those that were trained one
by one without a limit.
"""

import json
import resource
import warnings

import numpy as np
import torch

from sktune.engine import FitPlan, OutOfMemoryWarning, Rows, _division, fit_plans
from sktune.modules import NetworkSpec

N_PLANS = 16
MIB = 2**20
#: Bytes for the training: a stack of all networks takes about 170 MiB, and one network is trained in few.
ROOM = [400 * MIB, 140 * MIB, 100 * MIB, 60 * MIB]


def make_plans():
    rng = np.random.default_rng(0)
    rows = Rows(rng.normal(size=(64, 20)).astype(np.float32), rng.integers(0, 3, 64))
    network = NetworkSpec(20, 3, (600, 600))
    return [FitPlan(network=network, train=rows, batch_size=32, n_epochs=2, seed=n) for n in range(N_PLANS)]


def used():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def fit_within(room):
    """Train all plans with so many bytes more than the process has now."""
    resource.setrlimit(resource.RLIMIT_AS, (used() + room, resource.RLIM_INFINITY))
    try:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            return fit_plans(make_plans()), [w for w in seen if issubclass(w.category, OutOfMemoryWarning)]
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def same(result, other):
    weights, others = result.state.weights, other.state.weights
    return result.history == other.history and all(torch.equal(weights[name], others[name]) for name in weights)


def main():
    _division._WORKING_SET = 2**40  # one stack, however large
    torch.set_num_threads(1)
    alone = [fit_plans([plan])[0] for plan in make_plans()]
    for room in ROOM:
        results, divisions = fit_within(room)
        trained = [(result, other) for result, other in zip(results, alone, strict=True) if result.error is None]
        report = {"room": room, "n_trained": len(trained), "n_divisions": len(divisions)}
        print(json.dumps({**report, "are_same": all(same(*pair) for pair in trained)}), flush=True)


if __name__ == "__main__":
    main()
