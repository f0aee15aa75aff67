"""Bad calls of the optimizer, of schedules, of the backend, and questions about importance."""

import joblib
import numpy as np
from bad_calls import INF, NAN, bad, flattened
from calls_networks import NO_COUNTS, X, y
from calls_spaces import SPACE, constructor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score

from sktune import NetClassifier, parameter_importance
from sktune.inspection import variance_shares
from sktune.optimize import Optimizer
from sktune.schedules import LRSchedule, PlateauRule

POINT = {"lr": 0.5, "n": 1}
OPTIMIZER = constructor(
    Optimizer,
    {
        "space": [
            ([None, 3, "lr"], "space must be a dict from names to dimensions or a Space, got <value>"),
            ([{}], "a space needs at least one dimension, got none"),
            ([{"lr": 3}], "parameter 'lr': Invalid dimension 3"),
        ],
        "random_state": [
            (["a", -1, 1.5, True, NAN], "random_state must be a non-negative int, a RandomState or None, got <value>")
        ],
        "n_initial_points": [([0, -1, 1.5, "3", True, NAN], "n_initial_points must be a positive int, got <value>")],
        "initial_params": [
            ([None, 3, "abc", POINT], "initial_params must be a sequence of dicts, got <value>"),
            ([[3]], "initial_params must be a sequence of dicts, but one of them is 3"),
            ([[{"lrr": 0.5, "n": 1}]], "initial_params: Unknown parameter 'lrr': .* Did you mean 'lr'\\?"),
            ([[{"lr": 5, "n": 1}]], "initial_params: Invalid value 5 for parameter 'lr': expected a number"),
            ([[{"lr": 0.5}]], "initial_params: Missing parameter 'n'"),
        ],
        "base_estimator": [(["RF", 3, None, ""], "base_estimator must be 'gp' \\(a Gaussian process\\), got <value>")],
    },
    space=SPACE,
)
FRESH = Optimizer(SPACE, random_state=0)
TOLD = Optimizer(SPACE, random_state=0)
TOLD.tell([POINT, {"lr": 0.25, "n": 2}], [1.0, 2.0])
TELL = flattened(
    [
        bad(
            "Optimizer.ask",
            "n_points",
            [0, -1, 1.5, "3", True, NAN],
            FRESH.ask,
            "n_points must be a positive int, got <value>",
        ),
        *(
            table
            for name, method in (("tell", FRESH.tell), ("revise", FRESH.revise))
            for table in (
                bad(
                    f"Optimizer.{name}",
                    "params",
                    [3, "ab", [3]],
                    lambda value, m=method: m(value, [1.0]),
                    "params must be a sequence of dicts",
                ),
                bad(
                    f"Optimizer.{name}",
                    "params",
                    [{"lr": 5, "n": 1}],
                    lambda value, m=method: m(value, 1.0),
                    "params: Invalid value 5 for parameter 'lr'",
                ),
                bad(
                    f"Optimizer.{name}",
                    "params",
                    [{"lrr": 1, "n": 1}],
                    lambda value, m=method: m(value, 1.0),
                    "params: Unknown parameter 'lrr': .* Did you mean 'lr'\\?",
                ),
                bad(
                    f"Optimizer.{name}",
                    "score",
                    ["1", None, True, [1.0], 1j],
                    lambda value, m=method: m(POINT, value),
                    "score must be a number \\(NaN for a failure\\), got <value>",
                    TypeError,
                ),
                bad(
                    f"Optimizer.{name}",
                    "score",
                    [1.0, [], [1.0, 2.0]],
                    lambda value, m=method: m([POINT], value),
                    "score must be (a sequence )?as long as params \\(1\\), got ",
                ),
                bad(
                    f"Optimizer.{name}",
                    "noise",
                    [-1, NAN, INF],
                    lambda value, m=method: m(POINT, 1.0, noise=value),
                    "noise must be a finite standard error of at least 0, got <value>",
                ),
                bad(
                    f"Optimizer.{name}",
                    "noise",
                    ["1", True],
                    lambda value, m=method: m(POINT, 1.0, noise=value),
                    "noise must be a number \\(the standard error of the score\\) or None, got <value>",
                    TypeError,
                ),
                bad(
                    f"Optimizer.{name}",
                    "fidelity",
                    [0, 1.1, NAN, True, -1],
                    lambda value, m=method: m(POINT, 1.0, fidelity=value),
                    "fidelity must be a number above 0 and at most 1, got <value>",
                ),
            )
        ),
        bad("Optimizer.forget", "params", [POINT], FRESH.forget, "takes points that ask\\(\\) proposed .* got <value>"),
        bad("Optimizer.predict", "params", [[POINT]], FRESH.predict, "predict\\(\\) needs at least one score"),
        bad("Optimizer.predict", "params", [3, POINT, "ab"], TOLD.predict, "params must be a sequence of dicts"),
        bad(
            "Optimizer.predict",
            "params",
            [[{"lr": 7, "n": 1}]],
            TOLD.predict,
            "params: Invalid value 7 for parameter 'lr'",
        ),
        bad(
            "Optimizer.predict_change",
            "params",
            [[POINT]],
            lambda value: FRESH.predict_change(value, 1.0),
            "predict_change\\(\\) needs at least one score",
        ),
        bad(
            "Optimizer.predict_change",
            "params",
            [3, POINT, "ab"],
            lambda value: TOLD.predict_change(value, 1.0),
            "params must be a sequence of dicts",
        ),
        bad(
            "Optimizer.predict_change",
            "fidelity",
            [0, 1.1, NAN, True, -1],
            lambda value: TOLD.predict_change([POINT], value),
            "fidelity must be a number above 0 and at most 1, got <value>",
        ),
        bad(
            "Optimizer.predict_change",
            "fidelity",
            [[], [0.5, 0.5], "ab", None],
            lambda value: TOLD.predict_change([POINT], value),
            "fidelity must be (a sequence )?as long as params \\(1\\), got ",
        ),
        bad(
            "Optimizer.ask",
            "fidelity",
            [0, 1.1, NAN, True, -1, "0.5", [0.5]],
            lambda value: TOLD.ask(fidelity=value),
            "fidelity must be a number above 0 and at most 1, got <value>",
        ),
        bad("Optimizer.normalize", "scores", [[1.0]], FRESH.normalize, "normalize\\(\\) needs at least one score"),
        bad(
            "Optimizer.normalize",
            "scores",
            [[NAN], [INF], "12", 3, [], ["1"], None],
            TOLD.normalize,
            "scores must be a sequence of finite numbers, got <value>",
        ),
    ]
)


SCHEDULES = constructor(
    LRSchedule,
    {
        "name": [
            ([None, 3, "warm"], "name must be one of constant, step, .* got <value>"),
            (["cosin"], "got 'cosin'\\. Did you mean 'cosine'\\?"),
        ],
        "n_epochs": [(NO_COUNTS, "n_epochs must be an int of at least 1, got <value>")],
        "steps_per_epoch": [(NO_COUNTS, "steps_per_epoch must be an int of at least 1, got <value>")],
        "decay": [([0, 1.1, NAN, "a", None, True], "decay must be a finite number above 0 and at most 1, got <value>")],
        "step_size": [(NO_COUNTS, "step_size must be an int of at least 1, got <value>")],
        "warmup": [
            ([-0.1, 1, NAN, "a", True], "warmup must be a finite number of at least 0 and below 1, got <value>")
        ],
    },
    **{"name": "cosine", "n_epochs": 2, "steps_per_epoch": 2},
) + constructor(
    PlateauRule,
    {
        "decay": [([0, 1.1, NAN, "a", None, True], "decay must be a finite number above 0 and at most 1, got <value>")],
        "patience": [([-1, 1.5, "a", NAN, True], "patience must be an int of at least 0, got <value>")],
        "tol": [([-1, NAN, INF, "a", True], "tol must be a finite number of at least 0, got <value>")],
    },
    **{"decay": 0.5, "patience": 1, "tol": 0.0},
)


SCORES = {"params": [{"a": i, "b": j} for i in range(4) for j in range(4)], "mean_test_score": np.arange(16.0)}


def _importance(parameter):
    return lambda value: parameter_importance(**{"search": SCORES, parameter: value})


def _first(u):
    return u[:, 0]


QUESTIONS = flattened(
    [
        bad(
            "parameter_importance",
            "search",
            [None, 3, "a", [], GridSearchCV],
            _importance("search"),
            "search must be a fitted search, .* got ",
            TypeError,
        ),
        bad(
            "parameter_importance",
            "search",
            [{}, {"params": []}],
            _importance("search"),
            "search must be cv_results_ of a finished search, a dict with 'params' and 'mean_test_score'",
        ),
        bad(
            "parameter_importance",
            "search",
            [
                {**SCORES, "params": SCORES["params"][:3]},
                {**SCORES, "mean_test_score": ["a"] * 16},
                {**SCORES, "mean_test_score": 3.0},
            ],
            _importance("search"),
            "search\\['mean_test_score'\\] must hold one number for each of the \\d+ dicts in search\\['params'\\]",
        ),
        bad(
            "parameter_importance",
            "search",
            [{**SCORES, "params": [3] * 16}],
            _importance("search"),
            "search\\['params'\\] must be a list of dicts, but one of them is 3",
        ),
        bad(
            "parameter_importance",
            "search",
            [{**SCORES, "mean_test_score": [NAN] * 16}],
            _importance("search"),
            "search has no candidate that succeeded, of 16",
        ),
        bad(
            "parameter_importance",
            "search",
            [{**SCORES, "params": [{"a": 1}] * 16}],
            _importance("search"),
            "search has no parameter that varies",
        ),
        bad(
            "parameter_importance",
            "space",
            [3, "a", []],
            _importance("space"),
            "space must be a Space, a dict or None, got <value>",
        ),
        bad(
            "parameter_importance",
            "space",
            [{"a": (0, 9)}, {"a": (0, 1), "b": (0, 9)}, {"A": (0, 9), "b": (0, 9)}],
            _importance("space"),
            "space must hold all candidates of search, and does not: (Unknown|Invalid value)",
        ),
        bad(
            "parameter_importance",
            "metric",
            ["accuracy", 3],
            _importance("metric"),
            "metric must be one of 'score', got <value>",
        ),
        bad("parameter_importance", "metric", ["scor"], _importance("metric"), "got 'scor'\\. Did you mean 'score'\\?"),
        bad(
            "parameter_importance",
            "scale",
            ["log", 3, None],
            _importance("scale"),
            "scale must be 'normal' or 'raw', got <value>",
        ),
        bad(
            "parameter_importance", "scale", ["norml"], _importance("scale"), "got 'norml'\\. Did you mean 'normal'\\?"
        ),
        bad(
            "parameter_importance",
            "n_draws",
            [0, 1, 1.5, "9", True, NAN, None],
            _importance("n_draws"),
            "n_draws must be an int of at least 2, got <value>",
        ),
        bad(
            "parameter_importance",
            "random_state",
            ["a", -1, 1.5, NAN, 2**32],
            _importance("random_state"),
            "random_state must be an int from 0 to 2\\*\\*32 - 1, a RandomState or None, got <value>",
        ),
        bad(
            "variance_shares",
            "function",
            [3, None, "f"],
            lambda value: variance_shares(value, 2),
            "function must be a callable that takes points of shape .* got <value>",
            TypeError,
        ),
        bad(
            "variance_shares",
            "n_dims",
            [*NO_COUNTS],
            lambda value: variance_shares(_first, value),
            "n_dims must be a positive int, got <value>",
        ),
        bad(
            "variance_shares",
            "n_dims",
            [20_000],
            lambda value: variance_shares(_first, value),
            "n_dims must be at most 10600, got 20000",
        ),
        bad(
            "variance_shares",
            "n_samples",
            [*NO_COUNTS],
            lambda value: variance_shares(_first, 2, n_samples=value),
            "n_samples must be a positive int, got <value>",
        ),
        bad(
            "variance_shares",
            "n_samples",
            [3, 100],
            lambda value: variance_shares(_first, 2, n_samples=value),
            "n_samples must be a power of two, got <value>",
        ),
        bad(
            "variance_shares",
            "seed",
            [-1, 1.5, "3", True, None, NAN],
            lambda value: variance_shares(_first, 2, seed=value),
            "seed must be a non-negative int, got <value>",
        ),
        bad(
            "variance_shares",
            "result",
            [3, "a", np.zeros(5), np.zeros((1024, 1, 1)), np.full(1024, 1j)],
            lambda value: variance_shares(lambda u: value, 2),
            "function must return numbers of shape \\(1024,\\) or \\(1024, n_functions\\) for 1024 points, got",
        ),
        bad(
            "variance_shares",
            "result",
            [NAN, INF],
            lambda value: variance_shares(lambda u: u[:, 0] * 0 + value, 2),
            "function must return finite numbers, got NaN or infinity",
        ),
    ]
)


def _under_backend(n_jobs):
    with joblib.parallel_config("sktune", n_jobs=n_jobs):
        return cross_val_score(NetClassifier(), X, y, error_score="raise")


BACKEND = bad("SktuneBackend", "n_jobs", [0], _under_backend, "n_jobs == 0 in Parallel has no meaning")
NOT_FITTED = bad(
    "parameter_importance", "search", [GridSearchCV(Ridge(), {"alpha": [1]})], _importance("search"), "not fitted yet"
)

TABLE = [*OPTIMIZER, *TELL, *SCHEDULES, *QUESTIONS, *BACKEND, *NOT_FITTED]
