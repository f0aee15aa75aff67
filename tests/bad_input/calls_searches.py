"""Bad parameters of the searches."""

import numpy as np
from bad_calls import BOOLEAN, INF, N_JOBS, NAN, RANDOM_STATE, VERBOSE, among, an_int, bad, flattened, must_be, no_files
from calls_networks import NO_BOOLS, NO_COUNTS, X, y
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge, SGDClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktune import BayesSearchCV, HyperbandSearchCV, NetClassifier, PopulationSearchCV, ZoomSearchCV
from sktune.exceptions import StoreError
from sktune.model_selection import FreezeThaw, SuccessiveHalving

SEARCHES = (BayesSearchCV, HyperbandSearchCV, PopulationSearchCV, ZoomSearchCV)
SPACE = {"alpha": (1e-6, 1e-1, "log-uniform")}
PIPELINE = make_pipeline(StandardScaler(), NetClassifier(max_epochs=2))
LIST = "an instance of 'list' or None"
INITIAL = f"{among('current')}, {LIST}"


class WithoutScore(BaseEstimator):
    def __init__(self, alpha=1.0, max_iter=3):
        self.alpha, self.max_iter = alpha, max_iter

    def fit(self, X, y):
        return self

    def fit_until(self, X, y, n_epochs):
        return self


def _rmse(y_true, y_pred, sample_weight=None):
    raise AssertionError("a metric is no scorer")


def _gain(truth, prediction):
    raise AssertionError("a metric is no scorer")


def _fit(search, parameter="cv", **others):
    def call(value):
        given = {
            "estimator": MLPClassifier((2,), max_iter=9),
            "search_spaces": SPACE,
            "cv": 2,
            **others,
            parameter: value,
        }
        return search(**given).fit(X, y)

    return call


SPACES = [
    (
        (None, 3, "alpha", "Auto"),
        "search_spaces must be a dict, a Space, a list of them or 'auto', got <value>",
        TypeError,
    ),
    (("auto",), "search_spaces='auto' is for a NetClassifier or a NetRegressor, .* has no network", ValueError),
    (([],), "search_spaces must hold at least one space, got <value>", ValueError),
    (({},), "search_spaces: a space needs at least one parameter, got <value>", ValueError),
    (
        ({"droput": (0, 1)},),
        "search_spaces: MLPClassifier has no parameter 'droput'; it has activation, ",
        ValueError,
    ),
    (({"alhpa": (0, 1)},), "MLPClassifier has no parameter 'alhpa'\\. Did you mean 'alpha'\\?", ValueError),
    (({"sgd__alpha": (0, 1)},), "has no parameter 'sgd__alpha'\\. Did you mean 'alpha'\\?", ValueError),
    (({3: (0, 1)},), "names of parameters must be strings, got 3", ValueError),
    (
        ({"alpha": 3}, {"alpha": "x"}, {"alpha": None}),
        "parameter 'alpha': Invalid dimension .* for a constant",
        ValueError,
    ),
    (({"alpha": (1, 0)}, {"alpha": (2.0, 1)}), "parameter 'alpha': low must be below high", ValueError),
    (
        ({"alpha": (0, NAN)}, {"alpha": (0, INF)}),
        "'alpha': high must be a finite number of at most 1e300, got (nan|inf)",
        ValueError,
    ),
    (({"alpha": []},), "parameter 'alpha': categories must hold at least one choice, got none", ValueError),
    (
        ({"alpha": (1, 2, "log-unifrom")},),
        "'alpha': prior should be .* got 'log-unifrom'\\. Did you mean 'log-uniform'\\?",
        ValueError,
    ),
]
INITIALS = [
    ([3], "a setting must be a dict, got 3"),
    ([{"alpah": 1e-3}], "Unknown parameter 'alpah': expected alpha\\. Did you mean 'alpha'\\?"),
    ([{"alpha": 5}], "Invalid value 5 for parameter 'alpha': expected a number from 1e-06 to 0\\.1"),
    ([{"alpha": NAN}], "Invalid value nan for parameter 'alpha': expected a number"),
    ([{"alpha": "x"}], "Invalid value 'x' for parameter 'alpha': expected a number"),
    ([{}], "Missing parameter 'alpha' in \\{\\}"),
]
SCORING = [
    (
        (f1_score, {"f1": f1_score}),
        "scoring takes a scorer, .*: write scoring=make_scorer\\(f1_score\\) or scoring='f1'",
    ),
    (
        (_rmse, _gain),
        "scoring takes a scorer, .*, and _\\w+ is a metric: write scoring=make_scorer\\(_\\w+\\), or make_s",
    ),
    (("acuracy",), "The 'scoring' parameter .* Got 'acuracy' instead\\. Did you mean 'accuracy'\\?"),
    ((3, True), "The 'scoring' parameter of .* must be a str among .* Got <value> instead"),
    (([], {}), "scoring=<value>: .*(E|e)mpty"),
    (
        (["accuracy", "acuracy"], {"a": "acuracy"}),
        "scoring=<value>: .* Got 'acuracy' instead\\. Did you mean 'accuracy'\\?",
    ),
    ((["accuracy", "accuracy"], [3], {"a": 3}), "scoring=<value>: .*(Duplicate|Non-string|Got 3)"),
]
CV = "an int in the range \\[2, inf\\), an object implementing 'split' and 'get_n_splits', an iterable or None"
SPLITS = [
    (([],), "No fits were performed\\. Was the CV iterator empty\\? Were there no candidates\\? cv=\\[\\]"),
    ((GroupKFold,), "cv must be an int, a splitter or an iterable of splits, got a class: write cv=GroupKFold\\(\\)"),
    (([3], [(1,)], [([0], [1], [2])]), "cv must be a splitter, an int or an iterable of pairs"),
    (([([0, 1], [99])], [([0, -99], [1])]), "cv must give row numbers below 24, .* split 0 go from -?\\d+ to \\d+"),
    (
        ([([0, 1], [])], [([], [1])], [(y < 0, y > 0)]),
        "cv must leave rows on both sides, but split 0 has no (test|training) rows",
    ),
    (([([0.5, 1], [2])], [([[0, 1]], [2])], [(["a"], [2])]), "cv must give 1d arrays of row numbers, but split 0 has"),
    ((13,), "n_splits=13 cannot be greater than the number of members in each class"),
    ((25,), "Cannot have number of splits n_splits=25 greater than the number of samples: n_samples=24"),
    ((GroupKFold(2),), "The 'groups' parameter should not be None"),
]


def of_every(search):
    """What all searches have in common."""
    name = search.__name__

    def standard(parameter, allowed, values):
        return bad(name, parameter, values, _fit(search, parameter), must_be(name, parameter, allowed))

    return flattened(
        [
            standard("estimator", "an object \\(not a class\\) implementing 'fit'", (None, 3, "svc", SGDClassifier)),
            bad(
                name,
                "estimator",
                [WithoutScore()],
                _fit(search, "estimator"),
                "the estimator passed should have a 'score' method",
                TypeError,
            ),
            standard("n_jobs", N_JOBS, (0, 1.5, "2", NAN, True)),
            standard("refit", f"{BOOLEAN}, an instance of 'str' or a callable", (None, 3, ["accuracy"])),
            bad(
                name,
                "refit",
                [True, "acuracy"],
                _fit(search, "refit", scoring=["accuracy", "f1"]),
                "the parameter refit must be set to a scorer key or a callable .* <value> was passed",
            ),
            standard("cv", CV, ("x", 1, 0, -2, 2.5, True, NAN)),
            *(bad(name, "cv", values, _fit(search, "cv"), message) for values, message in SPLITS),
            standard("verbose", VERBOSE, (-1, "loud", None, 1.5)),
            standard("pre_dispatch", f"{an_int(1)} or an instance of 'str'", (0, -1, None, 1.5, True)),
            bad(
                name,
                "pre_dispatch",
                ["", "0", "many", "2*jobs", "n_jobs*", "0*0"],
                _fit(search, "pre_dispatch"),
                "pre_dispatch must be a positive int, 'all', or an expression of n_jobs such as .* got <value>",
            ),
            standard("random_state", RANDOM_STATE, ("a", -1, 1.5, 2**32, NAN, True)),
            standard("error_score", f"{among('raise')} or an instance of 'float'", ("nan", None, [1])),
            bad(
                name,
                "error_score",
                ["rase"],
                _fit(search, "error_score"),
                "Got 'rase' instead\\. Did you mean 'raise'\\?",
            ),
            standard("return_train_score", BOOLEAN, NO_BOOLS),
            standard("timeout", "a float in the range \\(0\\.0, inf\\) or None", (0, -1, NAN, INF, "1", True)),
            standard(
                "storage", "an instance of 'str', an instance of 'os.PathLike' or None", (0, b"a.db", ["a.db"], True)
            ),
            no_files(name, "storage", _fit(search, "storage")),
            bad(
                name,
                "storage",
                ["no/such/folder/search.db", "."],
                _fit(search, "storage"),
                "storage='.*'(: there is no folder| is not a file)",
                StoreError,
            ),
            standard("keep_curves", BOOLEAN, NO_BOOLS),
            standard("max_epochs_total", f"{an_int(1)} or None", (0, -1, 1.5, NAN, "10", True)),
            *(bad(name, "scoring", values, _fit(search, "scoring"), message) for values, message in SCORING),
            *(
                bad(name, "search_spaces", values, _fit(search, "search_spaces"), message, error)
                for values, message, error in SPACES
                if search is not PopulationSearchCV or values != ([],)
            ),
            standard("initial_params", INITIAL, (3, {"alpha": 1}, "best")),
            bad(name, "initial_params", ["curent"], _fit(search, "initial_params"), "Did you mean 'current'\\?"),
            *(
                bad(
                    name,
                    "initial_params",
                    [value],
                    _fit(search, "initial_params"),
                    f"initial_params\\[0\\] is not in the space: {message}",
                )
                for value, message in INITIALS
            ),
            bad(
                name,
                "search_spaces",
                [{"netclassifier__droput": (0.0, 0.5)}],
                _fit(search, "search_spaces", estimator=PIPELINE),
                "Pipeline has no parameter 'netclassifier__droput'\\. Did you mean 'netclassifier__dropout'\\?",
            ),
            bad(
                name,
                "search_spaces",
                [{"netclasifier__dropout": (0.0, 0.5)}],
                _fit(search, "search_spaces", estimator=PIPELINE),
                "Pipeline has no parameter 'netclasifier__dropout'\\. Did you mean 'netclassifier__dropout'\\?",
            ),
        ]
    )


def of_one(search, table, **others):
    name = search.__name__
    return [
        one
        for parameter, (allowed, values) in table.items()
        for one in bad(name, parameter, values, _fit(search, parameter, **others), must_be(name, parameter, allowed))
    ]


PRUNING = (
    f"{among('halving', 'freeze-thaw')}, an instance of '.*SuccessiveHalving', an instance of '.*FreezeThaw' or None"
)
NO_RESULTS = [
    (
        [3, {"alpha": 1e-3}, True],
        "an instance of 'str', an instance of 'os.PathLike', an instance of 'list' or None",
        ValueError,
    ),
    (
        [[{"alpha": 1e-3}], [({"alpha": 1e-3},)], [(1e-3, 0.5)]],
        "initial_results\\[0\\] must be a pair of a dict and a score, got ",
        ValueError,
    ),
    (
        [[({"alpha": 1e-3}, score)] for score in (INF, "0.5", None, True)],
        "initial_results\\[0\\] must have a finite score, or NaN for a failure, got ",
        ValueError,
    ),
    (
        [[({"alpha": 1e9}, 0.5)], [({"alhpa": 1e-3}, 0.5)]],
        "initial_results\\[0\\] is not in the space: ",
        ValueError,
    ),
    (["no such file.db"], "there is no file 'no such file.db'", StoreError),
    (
        [":memory:", "", "sqlite:///study.db"],
        "initial_results must be the name of a file( and not a URL)?, got <value>",
        ValueError,
    ),
]
WARM_STARTED = flattened(
    bad(search.__name__, "initial_results", values, _fit(search, "initial_results"), message, error)
    for search in (BayesSearchCV, HyperbandSearchCV)
    for values, message, error in NO_RESULTS
)

BAYES = of_one(
    BayesSearchCV,
    {
        "n_iter": (an_int(1), NO_COUNTS),
        "n_points": (an_int(1), NO_COUNTS),
        "optimizer_kwargs": ("an instance of 'dict' or None", (3, "gp", [])),
        "fit_params": ("an instance of 'dict' or None", (3, "sample_weight", [])),
        "iid": (BOOLEAN, ("x", 3, None)),
        "pruning": (PRUNING, (3, True, FreezeThaw, "median")),
    },
) + flattened(
    [
        bad("BayesSearchCV", "pruning", ["halvin"], _fit(BayesSearchCV, "pruning"), "Did you mean 'halving'\\?"),
        bad(
            "BayesSearchCV",
            "optimizer_kwargs",
            [{"base_estimtor": "gp"}],
            _fit(BayesSearchCV, "optimizer_kwargs"),
            "optimizer_kwargs has the unknown key 'base_estimtor'; it may have .* Did you mean 'base_estimator'\\?",
        ),
        bad(
            "BayesSearchCV",
            "optimizer_kwargs",
            [{"space": SPACE}, {"random_state": 0}],
            _fit(BayesSearchCV, "optimizer_kwargs"),
            "optimizer_kwargs must not have '.*': BayesSearchCV has a parameter for it",
        ),
        bad(
            "BayesSearchCV",
            "optimizer_kwargs",
            [{"base_estimator": "RF"}, {"base_estimator": None}],
            _fit(BayesSearchCV, "optimizer_kwargs"),
            "base_estimator must be 'gp' .* got ('RF'|None)",
        ),
        bad(
            "BayesSearchCV",
            "optimizer_kwargs",
            [{"n_initial_points": 0}, {"n_initial_points": NAN}],
            _fit(BayesSearchCV, "optimizer_kwargs"),
            "n_initial_points must be a positive int, got (0|nan)",
        ),
        bad(
            "BayesSearchCV",
            "fit_params",
            [{"sample_wieght": [1]}],
            _fit(BayesSearchCV, "fit_params"),
            "MLPClassifier\\.fit takes no 'sample_wieght'\\. Did you mean 'sample_weight'\\?",
            TypeError,
        ),
        bad(
            "BayesSearchCV",
            "fit_params",
            [{"sample_weight": [1.0, 2.0]}],
            _fit(BayesSearchCV, "fit_params"),
            "sample_weight must have one entry for each of the 24 rows of X, got 2",
        ),
        bad(
            "BayesSearchCV",
            "search_spaces",
            [[SPACE, 3]],
            _fit(BayesSearchCV, "search_spaces"),
            "each element of search_spaces must be a dict, a Space or a pair \\(dict, int\\), got 3",
            TypeError,
        ),
        bad(
            "BayesSearchCV",
            "search_spaces",
            [[(SPACE, n)] for n in (0, 2.5, True, NAN)],
            _fit(BayesSearchCV, "search_spaces"),
            "the number of evaluations of a space must be an int >= 1, got ",
        ),
        bad(
            "BayesSearchCV",
            "initial_params",
            [[{"alpha": 1e-3}] * 3],
            _fit(BayesSearchCV, "initial_params", n_iter=2),
            "initial_params holds 3 settings for a space of which n_iter=2",
        ),
        bad(
            "BayesSearchCV.total_iterations",
            "n_iter",
            [0, NAN, "3"],
            lambda n: BayesSearchCV(SGDClassifier(), SPACE, n_iter=n).total_iterations,
            must_be("BayesSearchCV", "n_iter", an_int(1)),
        ),
        bad(
            "BayesSearchCV.fit",
            "callback",
            [3, [3], "stop"],
            lambda value: BayesSearchCV(SGDClassifier(), SPACE).fit(X, y, callback=value),
            "callback must be a callable or a list of callables, got <value>",
        ),
        bad(
            "BayesSearchCV.fit",
            "groups",
            [[1, 2]],
            lambda value: BayesSearchCV(SGDClassifier(), SPACE, cv=GroupKFold(2)).fit(X, y, groups=value),
            "inconsistent numbers of samples: \\[24, 24, 2\\]",
        ),
    ]
)

IN_PIECES = [
    (Ridge(), "Ridge cannot be trained in pieces: that takes fit_until and max_epochs, or a class of which"),
    (SGDClassifier(), "SGDClassifier cannot be trained in pieces: that takes fit_until and max_epochs, or a class of"),
    (MLPClassifier(max_iter=0), "max_iter of MLPClassifier must be an int of at least 1, got 0"),
    (MLPClassifier(max_iter=NAN), "max_iter of MLPClassifier must be an int of at least 1, got nan"),
    (MLPClassifier(early_stopping=True), "its partial_fit has no early stopping, set early_stopping=False"),
]
PACED = flattened(
    bad(search.__name__, "estimator", [estimator], _fit(search, "estimator", scoring="r2"), message)
    for search in (HyperbandSearchCV, PopulationSearchCV, ZoomSearchCV)
    for estimator, message in IN_PIECES
) + flattened(
    bad(
        search.__name__,
        "search_spaces",
        [[SPACE, SPACE], [(SPACE, 3)]],
        _fit(search, "search_spaces"),
        f"search_spaces of {search.__name__} must be (one|a single) dict or Space, got <value>",
    )
    for search in (HyperbandSearchCV, PopulationSearchCV, ZoomSearchCV)
)

HYPERBAND = of_one(
    HyperbandSearchCV,
    {
        "reduction_factor": (an_int(2), (1, 0, 2.5, NAN, "3", None, True)),
        "min_epochs": (an_int(1), NO_COUNTS),
        "n_rounds": (an_int(1), NO_COUNTS),
        "n_first_splits": (f"{an_int(1)} or None", (0, 1.5, "1", True, NAN)),
        "sampler": (among("bayes", "random"), ("sobol", 3, None)),
    },
) + flattened(
    [
        bad("HyperbandSearchCV", "sampler", ["bays"], _fit(HyperbandSearchCV, "sampler"), "Did you mean 'bayes'\\?"),
        bad(
            "HyperbandSearchCV",
            "min_epochs",
            [10],
            _fit(HyperbandSearchCV, "min_epochs"),
            "min_epochs=10 is more than the 9 epochs of a whole training",
        ),
    ]
)

ZOOM = of_one(
    ZoomSearchCV,
    {
        "n_rounds": (an_int(1), NO_COUNTS),
        "n_candidates": (
            f"{an_int(1)}, an instance of 'list' or an instance of 'tuple'",
            (0, 2.5, "27", None, True, np.array([9, 3, 1])),
        ),
        "n_carried": (an_int(1), NO_COUNTS),
        "zoom_factor": ("a float in the range \\(0\\.0, 1\\.0\\]", (0, 1.5, NAN, "0.5", None, True)),
        "reduction_factor": ("a float in the range \\(1\\.0, inf\\)", (1, 0.5, INF, NAN, "3", None, True)),
        "n_first_splits": (f"{an_int(1)} or None", (0, 1.5, "1", True, NAN)),
        "sampler": (among("bayes", "grid", "random", "sobol"), ("halton", 3, None)),
    },
) + flattened(
    [
        bad(
            "ZoomSearchCV",
            "n_candidates",
            [[], [1], (1, 2, 0), [1, 2, 3, 4], [3, 2.5, 1], [True] * 3, [3, NAN, 1]],
            _fit(ZoomSearchCV, "n_candidates"),
            "n_candidates must be an int or one positive int for each of n_rounds=3, got <value>",
        ),
        bad(
            "ZoomSearchCV",
            "reduction_factor",
            [1e10],
            _fit(ZoomSearchCV, "reduction_factor"),
            "reduction_factor must be a number above 1 and below 1e9, got <value>",
        ),
        bad("ZoomSearchCV", "sampler", ["sobl"], _fit(ZoomSearchCV, "sampler"), "Did you mean 'sobol'\\?"),
    ]
)

POPULATION = of_one(
    PopulationSearchCV,
    {
        "population_size": (an_int(2), (1, 0, 2.5, "20", NAN, None, True)),
        "n_generations": (an_int(1), NO_COUNTS),
        "quantile": ("a float in the range \\(0\\.0, 0\\.5\\]", (0, 0.6, 1, NAN, "0.2", None, True)),
        "resample_probability": ("a float in the range \\[0\\.0, 1\\.0\\]", (-0.1, 1.1, NAN, "0.2", None, True)),
        "perturbation": ("a float in the range \\(0\\.0, 1\\.0\\]", (0, 1.1, NAN, "0.2", None, True)),
        "fixed_params": (LIST, ("alpha", 3, ("alpha",), {"alpha"})),
    },
) + flattened(
    [
        bad(
            "PopulationSearchCV",
            "fixed_params",
            [["alpah"]],
            _fit(PopulationSearchCV, "fixed_params"),
            "fixed_params names 'alpah', which search_spaces does not have\\. Did you mean 'alpha'\\?",
        ),
        bad(
            "PopulationSearchCV",
            "fixed_params",
            [[3], ["penalty"]],
            _fit(PopulationSearchCV, "fixed_params"),
            "fixed_params names .*, which search_spaces does not have\\. It has alpha",
        ),
        bad(
            "PopulationSearchCV",
            "fixed_params",
            [["alpha"]],
            _fit(PopulationSearchCV, "fixed_params"),
            "of those in search_spaces none can change: alpha",
        ),
        bad(
            "PopulationSearchCV",
            "search_spaces",
            [{"random_state": [1, 2]}],
            _fit(PopulationSearchCV, "search_spaces"),
            "of those in search_spaces none can change: random_state",
        ),
        bad(
            "PopulationSearchCV",
            "search_spaces",
            [{"max_iter": (1, 9)}, {**SPACE, "max_iter": (1, 9)}],
            _fit(PopulationSearchCV, "search_spaces"),
            "search_spaces must not have 'max_iter': it is the length of all",
        ),
        bad(
            "PopulationSearchCV",
            "initial_params",
            [[{"alpha": 1e-3}] * 3],
            _fit(PopulationSearchCV, "initial_params", population_size=2),
            "initial_params holds 3 settings for a space of which population_size=2",
        ),
    ]
)

RULES = flattened(
    [
        *(
            table
            for rule in (SuccessiveHalving, FreezeThaw)
            for table in (
                bad(
                    rule.__name__,
                    "reduction_factor",
                    [1, 0, -3, NAN, INF, "3", None, True, 1e10],
                    lambda value, rule=rule: rule(reduction_factor=value),
                    "reduction_factor must be a number above 1 and below 1e9, got <value>",
                ),
                bad(
                    rule.__name__,
                    "n_rungs",
                    [*NO_COUNTS],
                    lambda value, rule=rule: rule(n_rungs=value),
                    "n_rungs must be an int of at least 1, got <value>",
                ),
                bad(
                    rule.__name__,
                    "n_first_splits",
                    [0, 1.5, "1", True, NAN],
                    lambda value, rule=rule: rule(n_first_splits=value),
                    "n_first_splits must be an int of at least 1, got <value>",
                ),
                bad(
                    f"{rule.__name__}.ladder",
                    "n_splits",
                    [*NO_COUNTS],
                    rule().ladder,
                    "n_splits must be an int of at least 1, got <value>",
                ),
            )
        ),
        bad(
            "FreezeThaw",
            "min_probability",
            [0, 0.5, -1, NAN, INF, "0.1", None, True],
            lambda value: FreezeThaw(min_probability=value),
            "min_probability must be a number above 0 and below 0\\.5, got <value>",
        ),
    ]
)

TABLE = flattened([*map(of_every, SEARCHES), WARM_STARTED, BAYES, PACED, HYPERBAND, ZOOM, POPULATION, RULES])
