"""Bad parameters of the networks that tune themselves."""

from bad_calls import BOOLEAN, INF, N_JOBS, NAN, RANDOM_STATE, VERBOSE, an_int, bad, flattened, must_be, no_files
from calls_networks import NO_BOOLS, NO_COUNTS, X, y
from calls_searches import CV
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import KFold

from sktune import NetClassifier, NetClassifierCV, NetRegressor, NetRegressorCV
from sktune.exceptions import StoreError


def _fit(cls, parameter):
    net = NetClassifier if cls is NetClassifierCV else NetRegressor

    def call(value):
        return cls(**{"estimator": net(max_epochs=1), "n_iter": 2, "cv": 2, parameter: value}).fit(X, y)

    return call


def of_class(cls):
    name = cls.__name__
    net, other = (NetClassifier, NetRegressor) if cls is NetClassifierCV else (NetRegressor, NetClassifier)

    def standard(parameter, allowed, values):
        return bad(name, parameter, values, _fit(cls, parameter), must_be(name, parameter, allowed))

    return flattened(
        [
            bad(
                name,
                "estimator",
                [3, "net", net, other(), Ridge()],
                _fit(cls, "estimator"),
                f"estimator must be a {net.__name__} or None, got <value>",
                TypeError,
            ),
            bad(
                name,
                "estimator",
                [net(dropout=2), net(l1=NAN), net(max_epochs=True)],
                _fit(cls, "estimator"),
                f"The '(dropout|l1|max_epochs)' parameter of {net.__name__} must be .* Got (2|nan|True) instead",
            ),
            bad(
                name,
                "estimator",
                [net(activation="rleu")],
                _fit(cls, "estimator"),
                "Got 'rleu' instead\\. Did you mean 'relu'\\?",
            ),
            standard(
                "search_space", "an instance of 'dict', an instance of '.*Space' or None", (3, [], "lr", [{"lr": [1]}])
            ),
            bad(
                name, "search_space", [{}], _fit(cls, "search_space"), "a space needs at least one dimension, got none"
            ),
            bad(
                name,
                "search_space",
                [{"droput": (0.0, 0.5)}],
                _fit(cls, "search_space"),
                "no parameter 'net__droput'\\. Did you mean 'net__dropout'\\?",
            ),
            bad(
                name,
                "search_space",
                [{"lr": 3}, {"lr": "high"}, {"lr": None}],
                _fit(cls, "search_space"),
                "parameter 'lr': Invalid dimension .*: it has to be a list, tuple",
            ),
            bad(
                name,
                "search_space",
                [{"lr": (1e-2, 1e-3)}],
                _fit(cls, "search_space"),
                "parameter 'lr': low must be below high",
            ),
            standard("n_iter", an_int(1), NO_COUNTS),
            standard("n_points", an_int(1), NO_COUNTS),
            standard("cv", CV, ("x", 1, 0, -2, 2.5, True, NAN)),
            bad(
                name,
                "cv",
                [25],
                _fit(cls, "cv"),
                "Cannot have number of splits n_splits=25 greater than .* n_samples=24",
            ),
            bad(
                name,
                "scoring",
                [3, ["accuracy"], True],
                _fit(cls, "scoring"),
                must_be(name, "scoring", "a str among .*, a callable or None"),
            ),
            bad(
                name,
                "scoring",
                ["acuracy"],
                _fit(cls, "scoring"),
                "Got 'acuracy' instead\\. Did you mean 'accuracy'\\?",
            ),
            bad(
                name,
                "scoring",
                [mean_squared_error],
                _fit(cls, "scoring"),
                "scoring='neg_mean_squared_error' or .*make_scorer\\(mean_squared_error, greater_is_better=False\\)",
            ),
            bad(name, "cv", [KFold], _fit(cls, "cv"), "cv must be an int, .* got a class: write cv=KFold\\(\\)"),
            standard("standardize", BOOLEAN, NO_BOOLS),
            standard("n_jobs", N_JOBS, (0, 1.5, "2", NAN, True)),
            standard("timeout", "a float in the range \\(0\\.0, inf\\) or None", (0, -1, NAN, INF, "1", True)),
            standard(
                "storage", "an instance of 'str', an instance of 'os.PathLike' or None", (0, b"a.db", ["a.db"], True)
            ),
            no_files(name, "storage", _fit(cls, "storage")),
            bad(
                name,
                "storage",
                ["no/such/folder/search.db", "."],
                _fit(cls, "storage"),
                "storage='.*'(: there is no folder| is not a file)",
                StoreError,
            ),
            standard("keep_curves", BOOLEAN, NO_BOOLS),
            standard("random_state", RANDOM_STATE, ("a", -1, 1.5, 2**32, NAN, True)),
            standard("verbose", VERBOSE, (-1, "loud", None, 1.5)),
        ]
    )


TABLE = of_class(NetClassifierCV) + of_class(NetRegressorCV)
