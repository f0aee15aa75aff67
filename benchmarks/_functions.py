"""Functions with known maxima for comparing optimizers: smooth ones, mixed, categorical and conditional spaces.

Branin, Hartmann and Ackley are in every collection of test functions, for example Surjanovic & Bingham, Virtual
Library of Simulation Experiments. Greater is better here, so that they are negated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from sktune.space import Categorical, Integer, Real, Space


@dataclass(frozen=True)
class Problem:
    """A function to maximise over a space.

    Parameters
    ----------
    name : str
    space : Space
    score : callable
        From a dict of parameters to a float, greater is better.
    best : float
        Its maximum.
    """

    name: str
    space: Space
    score: Callable[[dict], float]
    best: float


def branin():
    """Two numbers, three equal maxima."""

    def score(params):
        x, y = params["x"], params["y"]
        valley = y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6
        return -float(valley**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10)

    return Problem("Branin", Space({"x": Real(-5.0, 10.0), "y": Real(0.0, 15.0)}), score, -10 / (8 * np.pi))


def hartmann6():
    """Six numbers, a narrow maximum among others."""
    heights = np.array([1.0, 1.2, 3.0, 3.2])
    widths = np.array(
        [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
    )
    centres = 1e-4 * np.array(
        [
            [1312, 1696, 5569, 124, 8283, 5886],
            [2329, 4135, 8307, 3736, 1004, 9991],
            [2348, 1451, 3522, 2883, 3047, 6650],
            [4047, 8828, 8732, 5743, 1091, 381],
        ]
    )
    names = [f"x{index}" for index in range(6)]

    def score(params):
        x = np.array([params[name] for name in names])
        return float(heights @ np.exp(-(widths * (x - centres) ** 2).sum(1)))

    return Problem("Hartmann6", Space({name: Real(0.0, 1.0) for name in names}), score, 3.322368)


def ackley_mixed():
    """Ackley's function of five variables: three numbers, and two on a grid whose order nobody tells."""
    levels = {letter: 16.384 * step for letter, step in zip("dbeac", (-2, -1, 0, 1, 2), strict=True)}
    numbers, choices = ["x0", "x1", "x2"], ["x3", "x4"]

    def score(params):
        x = np.array([params[name] for name in numbers] + [levels[params[name]] for name in choices])
        return float(20 * np.exp(-0.2 * np.sqrt(np.mean(x**2))) + np.exp(np.mean(np.cos(2 * np.pi * x))) - 20 - np.e)

    dimensions = {name: Real(-32.768, 32.768) for name in numbers}
    dimensions |= {name: Categorical(sorted(levels)) for name in choices}
    return Problem("Ackley-5 mixed", Space(dimensions), score, 0.0)


def categories():
    """Eight choices with effects of their own and in pairs, and a number whose best value depends on a choice."""
    rng = np.random.default_rng(0)
    sizes = {f"c{index}": size for index, size in enumerate((2, 3, 3, 4, 4, 5, 5, 6))}
    names = list(sizes)
    alone = {name: rng.normal(0.0, 1.0, size) for name, size in sizes.items()}
    pairs = [("c0", "c5"), ("c1", "c6"), ("c2", "c7"), ("c3", "c4"), ("c6", "c7")]
    together = {(a, b): rng.normal(0.0, 0.7, (sizes[a], sizes[b])) for a, b in pairs}
    centres = rng.uniform(0.1, 0.9, sizes["c7"])

    def effects(choices):
        own = sum(alone[name][choices[name]] for name in names)
        return own + sum(effect[choices[a], choices[b]] for (a, b), effect in together.items())

    def score(params):
        choices = {name: int(params[name][1:]) for name in names}
        return float(effects(choices) - 8.0 * (params["x"] - centres[choices["c7"]]) ** 2)

    best = max(effects(dict(zip(names, choice, strict=True))) for choice in product(*map(range, sizes.values())))
    dimensions = {name: Categorical([f"v{value}" for value in range(size)]) for name, size in sizes.items()}
    return Problem("8 categories", Space(dimensions | {"x": Real(0.0, 1.0)}), score, float(best))


def branches():
    """Three kinds of model with settings of their own; the best is the one with most to set."""
    tree, net = {"model": "tree"}, {"model": "net"}
    space = Space(
        {
            "model": Categorical(["linear", "tree", "net"]),
            "strength": Real(1e-4, 1e4, "log-uniform", when={"model": "linear"}),
            "depth": Integer(1, 20, when=tree),
            "leaf": Integer(1, 200, "log-uniform", when=tree),
            "share": Real(0.1, 1.0, when=tree),
            "rate": Real(1e-5, 1.0, "log-uniform", when=net),
            "n_layers": Integer(1, 6, when=net),
            "dropout": Real(0.0, 0.9, when=net),
            "solver": Categorical(["sgd", "adam"], when=net),
            "momentum": Real(0.0, 0.99, when={"solver": "sgd"}),
        }
    )

    def score(params):
        if params["model"] == "linear":
            return 0.80 - 0.01 * np.log10(params["strength"] / 3.0) ** 2
        if params["model"] == "tree":
            depth, leaf = (params["depth"] - 9) / 20, np.log(params["leaf"] / 4) / np.log(200)
            return float(0.90 - 0.5 * (depth**2 + leaf**2 + depth * leaf) - 0.2 * (params["share"] - 0.6) ** 2)
        # a solver with momentum takes a smaller rate, a deep network as well
        rate = np.log10(params["rate"]) + 0.2 * (params["n_layers"] - 4)
        fit = 0.02 * (params["n_layers"] - 4) ** 2 + 0.4 * (params["dropout"] - 0.2) ** 2
        if params["solver"] == "adam":
            return float(0.94 - fit - 0.06 * (rate + 3.0) ** 2)
        return float(0.96 - fit - 0.06 * (rate + 1.0 + params["momentum"]) ** 2 - 0.2 * (params["momentum"] - 0.9) ** 2)

    return Problem("3 branches", space, score, 0.96)


PROBLEMS = {
    "branin": branin,
    "hartmann6": hartmann6,
    "ackley": ackley_mixed,
    "categories": categories,
    "branches": branches,
}
