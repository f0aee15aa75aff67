"""Bad dimensions, spaces and points."""

import numpy as np
import pandas as pd
from bad_calls import INF, NAN, bad, flattened
from scipy.stats import norm, uniform

from sktune import Categorical, Integer, Real, Space
from sktune.space import Distribution, check_dimension

NO_WHEN = [
    ([3, "a", {}, [], {3: 1}], "when must be a dict from the name of another dimension to .*, got <value>"),
    ([{"a": []}], "when\\['a'\\] must name at least one value, got an empty list"),
]
NO_NAME = [([3, b"x", ["a"], NAN], "Dimension's name must be either string or None")]  # scikit-optimize's own words
NUMBER = {
    "base": [([1, 0, -2, NAN, INF, "10", None, True], "base must be a number greater than 1, got <value>")],
    "transform": [
        ([3, "onehot", []], "transform should be 'normalize' or 'identity' got <value>"),
        (["normalise"], "got 'normalise'\\. Did you mean 'normalize'\\?"),
    ],
    "name": NO_NAME,
    "when": NO_WHEN,
}
REAL = {
    "low": [
        (
            [NAN, INF, -INF, "0", None, True, 1e301, 1j, [0]],
            "low must be a finite number of at most 1e300, got <value>",
        ),
        ([1, 2.0], "low must be below high: the lower bound [12]\\.0 has to be less than the upper bound 1\\.0"),
    ],
    "high": [
        ([NAN, INF, "1", None, True, 1e301, 1j], "high must be a finite number of at most 1e300, got <value>"),
        ([0, -1.0], "low must be below high: the lower bound 0\\.0 has to be less than the upper bound"),
    ],
    "prior": [
        ([None, 3, [], "power-of-two"], "prior should be 'uniform' or 'log-uniform', got <value>"),
        (["log-unifrom"], "got 'log-unifrom'\\. Did you mean 'log-uniform'\\?"),
        (["log-uniform"], "should not contain 0 or less when using the log-uniform prior, got low=0\\.0"),
    ],
    "dtype": [(["flot", int, "int32", None, str, 3], "dtype must be float or one of .*'float64'.*, got <value>")],
    "step": [
        (
            [0, -1, NAN, INF, "0.1", True, 5],
            "step must be a positive number of at most high - low, or None, got <value>",
        ),
        ([1e-20], "step must be at least .* for float64 to tell the values apart, got 1e-20"),
    ],
}
INTEGER = {
    "low": [
        ([NAN, INF, 0.5, "0", None, True, 1j, [0]], "low must be an integer, got <value>"),
        ([8, 9], "low must be below high: the lower bound [89] has to be less than the upper bound 8"),
    ],
    "high": [
        ([NAN, INF, 1.5, "1", None, True], "high must be an integer, got <value>"),
        ([0, -1], "low must be below high: the lower bound 0 has to be less than the upper bound"),
        ([2**50], "at most 2\\*\\*40 can be told apart: use a larger step"),
    ],
    "prior": [
        ([None, 3, "pow2"], "prior should be 'uniform' or 'log-uniform' or 'power-of-two', got <value>"),
        (["power-of-tow"], "Did you mean 'power-of-two'\\?"),
        (["log-uniform", "power-of-two"], "should not contain 0 or less when using the .* prior, got low=0"),
    ],
    "dtype": [
        (["int3", float, None, str], "dtype must be int or one of .*'int64'.*, got <value>"),
    ],
    "step": [
        ([0.5, NAN, "1", True], "step must be an integer, got <value>"),
        ([0, -1, 9], "step must be a positive number of at most high - low, or None, got <value>"),
    ],
}
CATEGORICAL = {
    "categories": [
        (["abc", 3, None, {}, {"a": 1}, {1}, np.array(3)], "categories must be a list of choices, got <value>"),
        ([[], (), np.array([])], "categories must hold at least one choice, got none"),
        ([["a", "a"], [1, 1], [NAN, NAN], [[1], [1]]], "categories must differ, but number 0 and number 1 are both"),
    ],
    "prior": [
        (
            [3, "a", [1], [True, False], ["a", "b"]],
            "prior must hold one probability for each of the 2 categories, got <value>",
        ),
        ([[0.5, 0.6], [-0.5, 1.5], [NAN, 1], [INF, 0]], "prior must hold probabilities that sum to 1, got <value>"),
    ],
    "transform": [
        ([3, [], "binary"], "Expected transform to be 'identity', .* got <value>"),
        (["one-hot"], "got 'one-hot'\\. Did you mean 'onehot'\\?"),
    ],
    "name": NO_NAME,
    "when": NO_WHEN,
}
DISTRIBUTION = {
    "dist": [
        ([3, None, "norm", {}, norm.pdf], "dist must be a frozen distribution of scipy\\.stats, with .* got "),
        (
            [norm(0, NAN), norm(NAN, 1), uniform(0, -1)],
            "the quantile function of dist must give finite numbers, got nan",
        ),
    ],
    "name": NO_NAME,
    "when": NO_WHEN,
}


def constructor(cls, table, **others):
    return [
        one
        for parameter, rows in table.items()
        for values, message in rows
        for one in bad(cls.__name__, parameter, values, lambda value, p=parameter: cls(**{**others, p: value}), message)
    ]


SGD = {"optimizer": ["adam", "sgd"]}
SPACE = Space({"lr": (0.0, 1.0), "n": (1, 3)})
DIMENSIONS = [
    ([None, 3, "lr", 1.5], "dimensions must be a dict, a list of dimensions or a Space, got <value>"),
    ([{}, [], ()], "a space needs at least one dimension, got none"),
    ([{3: (0, 1)}, {None: (0, 1)}], "names of parameters must be strings, got (3|None)"),
    (
        [{"a": 3}, {"a": "x"}, {"a": None}, {"a": True}],
        "parameter 'a': Invalid dimension .* write \\[.*\\] for a constant",
    ),
    (
        [{"a": {"b": 1}}, {"a": {1, 2}}, {"a": pd.DataFrame({"b": [1]})}, {"a": Real}],
        "parameter 'a': Invalid dimension .* write a list of choices",
    ),
    (
        [{"a": (0, 1, 10)}, {"a": (None, 3)}, {"a": (1,)}],
        "parameter 'a': Invalid dimension .* a tuple with numbers is a range",
    ),
    ([{"a": ()}, {"a": range(0)}], "parameter 'a': categories must hold at least one choice, got none"),
    ([[3]], "parameter 'X_0': Invalid dimension 3"),
    ([[Real(0, 1, name="a"), Real(0, 1, name="a")]], "names of dimensions must differ, but 'a' stands for several"),
    (
        [{"m": Real(0, 1, when={"optmizer": "sgd"}), **SGD}],
        "unknown parameter 'optmizer'; .* Did you mean 'optimizer'\\?",
    ),
    (
        [{"m": Real(0, 1, when={"optimizer": "sdg"}), **SGD}],
        "Invalid value 'sdg' .* 'adam', 'sgd'\\. Did you mean 'sgd'\\?",
    ),
    (
        [{"m": Real(0, 1, when={"lr": 0.5}), "lr": (0.0, 1.0)}],
        "when of parameter 'm' cannot hold: 'lr' has infinitely many values",
    ),
]
POINTS = [
    ([3, {}, None, [3], "ab"], "params must be a list of dicts"),
    ([[{}]], "Missing parameter 'lr' in \\{\\}"),
    ([[{"lr": 0.5}]], "Missing parameter 'n' in"),
    ([[{"lr": 5, "n": 1}]], "Invalid value 5 for parameter 'lr': expected a number from 0\\.0 to 1\\.0"),
    (
        [[{"lr": NAN, "n": 1}], [{"lr": INF, "n": 1}], [{"lr": "x", "n": 1}]],
        "Invalid value .* for parameter 'lr': expected a number",
    ),
    (
        [[{"lr": 1, "n": v}] for v in (9, 1.5, True, NAN, "1")],
        "Invalid value .* for parameter 'n': expected an integer from 1 to 3",
    ),
    ([[{"lr": 1, "n": 1, "m": 1}]], "Unknown parameter 'm': expected lr, n"),
    ([[{"lrr": 1, "n": 1}]], "Unknown parameter 'lrr': expected lr, n\\. Did you mean 'lr'\\?"),
]
SPACES = constructor(Space, {"dimensions": DIMENSIONS}) + flattened(
    [
        bad(
            "Space",
            "constraint",
            [3, "a < b", []],
            lambda value: Space({"a": (0, 1)}, constraint=value),
            "constraint must be callable or None, got <value>",
        ),
        *(bad("Space.to_unit", "params", values, SPACE.to_unit, message) for values, message in POINTS),
        bad(
            "Space.from_unit",
            "u",
            [3, [0.5, 0.5], [[0.5]], None, [[0.1, 0.2, 0.3]]],
            SPACE.from_unit,
            "coordinates must have the shape \\(n, 2\\), got ",
        ),
        bad(
            "Space.from_unit",
            "u",
            [[["a", "b"]], [[0.1, {}]]],
            SPACE.from_unit,
            "coordinates must be numbers of the shape \\(n, 2\\), got <value>",
        ),
        bad("Space.from_unit", "u", [[[NAN, 0.5]]], SPACE.from_unit, "u must hold numbers from 0 to 1, got NaN"),
        bad(
            "Space.zoomed",
            "width",
            [0, -1, 1.1, NAN, INF, "1", None, True],
            lambda value: SPACE.zoomed({"lr": 0.5, "n": 1}, value),
            "width must be a number above 0 and at most 1, got <value>",
        ),
        bad(
            "Space.sample",
            "n_points",
            [-1, 1.5, "3", True, None, NAN],
            lambda value: SPACE.sample(value, np.random.default_rng(0)),
            "n_points must be a non-negative int, got <value>",
        ),
        bad(
            "Space.sample",
            "rng",
            [0, None, "seed"],
            lambda value: SPACE.sample(1, value),
            "rng must be a numpy\\.random\\.Generator, .* got <value>",
        ),
        bad(
            "Space.design",
            "n_points",
            [-1, 1.5, "3", True, None, NAN],
            lambda value: SPACE.design(value, 0),
            "n_points must be a non-negative int, got <value>",
        ),
        bad(
            "Space.design",
            "seed",
            [-1, 1.5, "3", True, None, NAN],
            lambda value: SPACE.design(3, value),
            "seed must be a non-negative int, got <value>",
        ),
        bad(
            "Space.rvs",
            "n_samples",
            [-1, 1.5, "3", True, None, NAN],
            SPACE.rvs,
            "n_samples must be a non-negative int, got <value>",
        ),
        bad(
            "Real.rvs",
            "n_samples",
            [-1, 1.5, "3", True, NAN],
            Real(0, 1).rvs,
            "n_samples must be a non-negative int or None, got <value>",
        ),
        bad(
            "Space.prefixed",
            "prefix",
            [3, None],
            SPACE.prefixed,
            "prefix must be a string such as 'net__', got <value>",
        ),
        bad(
            "Space.set_transformer",
            "transform",
            [["identity"]],
            SPACE.set_transformer,
            "transform must be one for all 2 dimensions, or one for each: <value>",
        ),
        bad(
            "Space.sample",
            "constraint",
            [3, None],
            lambda value: Space({"a": (0.0, 1.0)}, constraint=lambda params: value).sample(1, np.random.default_rng(0)),
            "constraint must return True or False, got <value>",
            TypeError,
        ),
        bad(
            "Categorical.to_unit",
            "values",
            [["rleu"]],
            Categorical(["relu", "tanh"]).to_unit,
            "Invalid value 'rleu': expected one of 'relu', 'tanh'\\. Did you mean 'relu'\\?",
        ),
        bad(
            "check_dimension",
            "spec",
            [3, None, "x", True],
            check_dimension,
            "Invalid dimension <value>: it has to be a list, tuple, .* write \\[<value>\\] for a constant",
        ),
        bad(
            "check_dimension",
            "name",
            [3, b"a"],
            lambda value: check_dimension((0, 1), value),
            "name must be either string",
        ),
    ]
)

TABLE = flattened(
    [
        constructor(Real, {**NUMBER, **REAL}, low=0, high=1),
        constructor(Integer, {**NUMBER, **INTEGER}, low=0, high=8),
        constructor(Categorical, CATEGORICAL, categories=["a", "b"]),
        constructor(Distribution, DISTRIBUTION, dist=norm()),
        SPACES,
    ]
)
