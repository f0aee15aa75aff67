"""Bad parameters of the networks."""

import numpy as np
from bad_calls import BOOLEAN, INF, NAN, RANDOM_STATE, VERBOSE, among, an_int, bad, flattened, must_be
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from skorch.callbacks import Checkpoint, EarlyStopping, LRScheduler

from sktune import NetClassifier, NetRegressor, default_search_space

X = np.random.default_rng(0).normal(size=(24, 3))
y = np.arange(24) % 2
LABELS = np.c_[y, np.arange(24) % 3 == 0].astype(int)

ACTIVATION = among("relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "identity")
SCHEDULE = among("constant", "step", "exponential", "linear", "cosine", "onecycle", "plateau")
SHARE = "a float in the range \\[0\\.0, 1\\.0\\)"
STRENGTH = "a float in the range \\[0\\.0, inf\\)"
POSITIVE = "a float in the range \\(0\\.0, inf\\)"
NO_STRENGTHS = (-1, -1e-9, NAN, INF, "0.1", None, True, 1j)
NO_SHARES = (1, 1.5, -0.1, NAN, "0.1", None, True, [0.1])
NO_COUNTS = (0, -1, 1.5, NAN, INF, "3", None, True, 3j)
NO_BOOLS = ("yes", 1, 0.0, None)

#: parameter -> what is allowed, and what is not
OF_BOTH = {
    "n_layers": (f"{an_int(0)} or None", (-1, 1.5, "2", True, NAN, [2])),
    "n_neurons": (
        f"{an_int(1)}, an instance of 'tuple' or an instance of 'list'",
        (0, -3, 2.5, "8", True, None, NAN, np.array([8, 8])),
    ),
    "activation": (ACTIVATION, (None, 3, True)),
    "normalization": (f"{among('batch', 'layer')} or None", ("group", 1, True)),
    "dropout": (SHARE, (*NO_SHARES, np.float32(1))),
    "weight_decay": (STRENGTH, NO_STRENGTHS),
    "l1": (STRENGTH, NO_STRENGTHS),
    "mixup": (STRENGTH, NO_STRENGTHS),
    "input_noise": (STRENGTH, NO_STRENGTHS),
    "optimizer": (among("adamw", "adam", "sgd", "rmsprop"), ("lion", None, 3)),
    "lr": (POSITIVE, (0, *NO_STRENGTHS, np.float64("nan"))),
    "momentum": (SHARE, NO_SHARES),
    "clip_norm": (f"{POSITIVE} or None", (0, -1, NAN, INF, "1", True)),
    "lr_schedule": (SCHEDULE, ("warm", None, 1)),
    "lr_decay": ("a float in the range \\(0\\.0, 1\\.0\\]", (0, 1.1, NAN, "0.5", None, True)),
    "lr_step": (an_int(1), NO_COUNTS),
    "lr_warmup": (SHARE, NO_SHARES),
    "batch_size": (an_int(1), NO_COUNTS),
    "max_epochs": (an_int(1), NO_COUNTS),
    "early_stopping": (BOOLEAN, NO_BOOLS),
    "validation_fraction": ("a float in the range \\(0\\.0, 1\\.0\\)", (0, 1, NAN, "0.1", None, True)),
    "validation_split": (among("random", "last", "group"), ("stratified", None, 3, True)),
    "patience": (an_int(1), NO_COUNTS),
    "tol": (STRENGTH, NO_STRENGTHS),
    "eval_train_loss": (BOOLEAN, NO_BOOLS),
    "eval_valid_loss": (BOOLEAN, NO_BOOLS),
    "device": ("an instance of 'str' or an instance of 'torch\\.device'", (1, None)),
    "dtype": (among("float32", "float64"), ("half", np.float32, None)),
    "callbacks": ("an instance of 'list', an instance of 'tuple' or None", (3, "EarlyStopping", {"a": 1})),
    "warm_start": (BOOLEAN, NO_BOOLS),
    "random_state": (RANDOM_STATE, ("seed", -1, 1.5, 2**32, NAN, True)),
    "verbose": (VERBOSE, (-1, "loud", None, 1.5)),
}
OF_CLASSIFIER = {
    "loss": (among("log_loss", "focal"), ("hinge", None, 3, True)),
    "focal_gamma": (STRENGTH, NO_STRENGTHS),
    "label_smoothing": (SHARE, NO_SHARES),
    "class_weight": (f"an instance of 'dict', an instance of 'list', {among('balanced')} or None", ("even", 3)),
}
OF_REGRESSOR = {
    "loss": (
        among("squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"),
        ("mse", "pinball", None, 3, True),
    ),
    "quantile": ("a float in the range \\(0\\.0, 1\\.0\\)", (0, 1, -0.1, NAN, "0.5", None, True, [0.1, 0.9])),
    "huber_delta": (POSITIVE, (0, *NO_STRENGTHS)),
}
#: typing errors, and what was meant
MISSPELT = {
    "activation": {"rleu": "relu", "ReLU": "relu", "sigmod": "sigmoid"},
    "normalization": {"bacth": "batch", "layr": "layer"},
    "optimizer": {"adamm": "adam", "SGD": "sgd"},
    "validation_split": {"groups": "group", "randm": "random"},
    "lr_schedule": {"cosin": "cosine", "one-cycle": "onecycle"},
    "dtype": {"flaot32": "float32"},
}


def _fit(network, parameter):
    return lambda value: network(**{parameter: value}).fit(X, y)


def of_network(network, table):
    name = network.__name__
    return [
        one
        for parameter, (allowed, values) in table.items()
        for one in bad(name, parameter, values, _fit(network, parameter), must_be(name, parameter, allowed))
    ]


def misspelt(network):
    name = network.__name__
    return [
        one
        for parameter, spellings in MISSPELT.items()
        for wrong, right in spellings.items()
        for one in bad(
            name,
            parameter,
            [wrong],
            _fit(network, parameter),
            must_be(name, parameter, "a str among .*") + f" Did you mean '{right}'\\?",
        )
    ]


def inside(network):
    """What is wrong inside a parameter, or in two together."""
    name, fit = network.__name__, lambda parameter: _fit(network, parameter)
    return flattened(
        [
            bad(
                name,
                "n_neurons",
                [[8, 0], (8, 2.5), [8, True], [8, "8"], [NAN, 8]],
                fit("n_neurons"),
                "each entry of n_neurons must be an int of at least 1, got .* in <value>",
            ),
            bad(
                name,
                "n_neurons",
                [[], [8], (8, 8, 8)],
                fit("n_neurons"),
                "n_neurons=<value> has \\d entries but n_layers=2: give one entry per layer",
            ),
            bad(
                name,
                "n_layers",
                [None],
                fit("n_layers"),
                "n_layers=None needs one entry of n_neurons per layer, got n_neurons=128",
            ),
            bad(
                name,
                "device",
                ["cdua", "gpu", "", "meta", "cuda:99"],
                fit("device"),
                "device=<value> cannot be used here .* Allowed are 'auto', 'cpu' and the accelerators",
            ),
            bad(
                name,
                "callbacks",
                [[EarlyStopping()], [("stop", EarlyStopping)], [Checkpoint()]],
                fit("callbacks"),
                "callbacks has (EarlyStopping|Checkpoint), which watches 'valid_loss(_best)?', but there are no rows "
                "to validate on: set eval_valid_loss=True or early_stopping=True",
            ),
            bad(
                name,
                "callbacks",
                [[3], [("a", 3)], ["EarlyStopping"], (None,)],
                fit("callbacks"),
                "callbacks must be skorch callbacks or \\(name, callback\\) pairs, got .* among them",
                TypeError,
            ),
            bad(
                name,
                "callbacks",
                [[LRScheduler()], [("schedule", LRScheduler())], (LRScheduler,)],
                lambda callbacks: network(lr_schedule="cosine", callbacks=callbacks).fit(X, y),
                "callbacks has a skorch LRScheduler, but the learning rate follows lr_schedule and lr_warmup: "
                "set lr_schedule='constant' and lr_warmup=0",
            ),
            bad(
                name,
                "batch_size",
                [1],
                lambda size: network(normalization="batch", batch_size=size).fit(X, y),
                "normalization='batch' needs batches of at least 2 rows, got batch_size=1",
            ),
        ]
    )


BAD_WEIGHTS = bad(
    "NetClassifier",
    "class_weight",
    [{0: -1}, {0: NAN}, {0: INF}, {1: "2"}, {0: True}, {0: None}],
    _fit(NetClassifier, "class_weight"),
    "each class_weight must be a finite number of at least 0, got .* for [01]",
) + flattened(
    [
        bad(
            "NetClassifier",
            "class_weight",
            [{"cat": 2}, {0: 1, 7: 2}],
            _fit(NetClassifier, "class_weight"),
            "class_weight has the label ('cat'|7), which y has not: it has \\[0, 1\\]",
        ),
        bad(
            "NetClassifier",
            "class_weight",
            [{"cta": 2}],
            lambda weight: NetClassifier(class_weight=weight).fit(X, np.array(["cat", "dog"])[y]),
            "class_weight has the label 'cta', .* Did you mean 'cat'\\?",
        ),
        *(
            bad(
                "NetClassifier",
                "class_weight",
                values,
                lambda weight, labels=labels: NetClassifier(class_weight=weight).fit(X, labels),
                message,
            )
            for labels, values, message in (
                (y, [[1, 2], [{0: 1}]], "class_weight=<value> is a list, as for several labels, but y has one column"),
                (LABELS, [{0: 1, 1: 2}], "class_weight must be 'balanced' or a list of dicts, .* y has 2 labels, got"),
                (
                    LABELS,
                    [[], [{0: 1}], [1, 2]],
                    "class_weight must list one dict for each of the 2 labels, got <value>",
                ),
                (LABELS, [[{0: -1}, {}]], "each class_weight must be a finite number of at least 0, got -1 for 0"),
                (LABELS, [[{}, {"yes": 1}]], "class_weight has the label 'yes', which y has not: it has \\[0, 1\\]"),
            )
        ),
        *(
            bad("NetClassifier", "y", [labels], lambda labels: NetClassifier().fit(X, labels), message)
            for labels, message in (
                (
                    np.c_[y, 2 * y],
                    "y has 2 columns with values beside 0 and 1, such as \\['2'\\]: multiclass-multioutput",
                ),
                (np.c_[y, y].astype(str).astype(object), "y has 2 columns with values beside 0 and 1"),
                (np.c_[y, 0.5 * y], "y has 2 columns with values beside 0 and 1, such as \\['0.5'\\]"),
                (np.c_[y, np.where(y, np.nan, 0.0)], "Input y contains NaN"),
            )
        ),
        bad(
            "NetClassifier.partial_fit",
            "classes",
            [[0, 1, 2], ["a", "b"], [1, 2]],
            lambda classes: NetClassifier().partial_fit(X, LABELS, classes=classes),
            "classes must be the numbers of the 2 labels of y, np.arange\\(2\\), or None, got <value>",
        ),
        bad(
            "NetClassifier",
            "class_weight",
            [{0: 0, 1: 0}],
            _fit(NetClassifier, "class_weight"),
            "class_weight=<value> leaves no row with a weight above 0",
        ),
    ]
)

BAD_TARGETS = flattened(
    [
        bad(
            "NetRegressor",
            "y",
            values,
            lambda y, loss=loss: NetRegressor(loss=loss).fit(X, y),
            message,
        )
        for loss, values, message in (
            ("poisson", [y - 1, -1.0 * y], "loss='poisson' needs targets of at least 0, but y has -1"),
            ("poisson", [0 * y, np.c_[y, 0 * y]], "loss='poisson' needs targets that are not all 0"),
            ("gamma", [y, y - 0.5], "loss='gamma' needs targets above 0, but y has (0|-0.5)"),
        )
    ]
)

UNKNOWN = flattened(
    [
        bad(
            "NetClassifier",
            "droput",
            [0.1],
            lambda value: NetClassifier(droput=value),
            "has no parameter 'droput'\\. Did you mean 'dropout'\\?",
            TypeError,
        ),
        bad(
            "NetClassifier.set_params",
            "droput",
            [0.1],
            lambda value: NetClassifier().set_params(droput=value),
            "NetClassifier has no parameter 'droput'\\. Did you mean 'dropout'\\?",
        ),
    ]
    + [
        bad(
            f"{network.__name__}.default_search_space",
            name,
            values,
            lambda value, name=name, network=network: network.default_search_space(
                **{"n_samples": 10, "n_features": 3, name: value}
            ),
            message,
        )
        for network in (NetClassifier, NetRegressor)
        for name, values, message in (
            ("n_samples", [0, 1.5, "9", True, NAN, None], "n_samples must be an int of at least 1, got <value>"),
            ("n_features", [0, 1.5, "9", True, NAN, None], "n_features must be an int of at least 1, got <value>"),
            ("prefix", [3, None, b"net__"], "prefix must be a string such as 'net__', got <value>"),
        )
    ]
)

SELECTING = make_pipeline(SelectKBest(k=1), NetClassifier())
TABLE_NEEDED = "X must be a table of shape \\(n_samples, n_features\\) for a search space, got "
OF_DATA = flattened(
    [
        bad(
            "default_search_space",
            "X",
            [None, 3, "abc", [], [1.0, 2.0], ["a"], [[1.0], [1.0, 2.0]], np.zeros((2, 2, 2))],
            default_search_space,
            TABLE_NEEDED,
        ),
        bad(
            "default_search_space",
            "y",
            [None, [0]],
            lambda value: default_search_space(X, value, estimator=SELECTING),
            "requires y to be passed|inconsistent numbers of samples",
        ),
        bad(
            "default_search_space",
            "estimator",
            [3, "net", NetClassifier],
            lambda value: default_search_space(X, estimator=value),
            "estimator must be an estimator with a network, or None, got <value>",
            TypeError,
        ),
        bad(
            "default_search_space",
            "estimator",
            [SVC()],
            lambda value: default_search_space(X, estimator=value),
            "estimator is for a NetClassifier or a NetRegressor, .* has no network",
        ),
    ]
)
TABLE = flattened(
    [
        OF_DATA,
        *(
            table
            for network in (NetClassifier, NetRegressor)
            for table in (of_network(network, OF_BOTH), misspelt(network), inside(network))
        ),
        of_network(NetClassifier, OF_CLASSIFIER),
        of_network(NetRegressor, OF_REGRESSOR),
        BAD_TARGETS,
        BAD_WEIGHTS,
        UNKNOWN,
    ]
)
