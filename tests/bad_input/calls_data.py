"""Bad rows, targets and weights."""

import numpy as np
import pandas as pd
from bad_calls import INF, NAN, Bad, flattened
from calls_networks import X, y
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sktune import BayesSearchCV, NetClassifier, NetClassifierCV, NetRegressor, NetRegressorCV

TARGET = X[:, 0].copy()
HALF = np.array([0.5, None] * 12, dtype=object)


def spoilt(values, bad_value):
    copy = np.array(values, dtype=np.float64)
    copy[(3, *[1] * (copy.ndim - 1))] = bad_value
    return copy


def framed(column):
    return pd.DataFrame({"a": np.zeros(24), "b": column})


NO_ROWS = [
    ("NaN", spoilt(X, NAN), "Input X contains NaN"),
    ("inf", spoilt(X, INF), "Input X contains infinity"),
    ("minus inf", spoilt(X, -INF), "Input X contains infinity"),
    ("1-D", X[:, 0], "Expected 2D array, got 1D array instead"),
    ("3-D", X[:, :, np.newaxis], "Found array with dim 3, while dim <= 2 is required"),
    (
        "complex",
        X + 1j,
        "Complex data not supported: X must be real numbers, got complex numbers \\(dtype=complex128\\)",
    ),
    ("strings", np.full((24, 3), "a"), "X must be real numbers, but its column 0 has strings \\('a'\\)\\. Encode it"),
    ("numbers as strings", X.astype(str), "its column 0 has numbers written as strings \\('.*'\\)\\. Convert it"),
    ("bytes", np.full((24, 3), b"a"), "its column 0 has strings \\('a'\\)"),
    ("objects", np.full((24, 3), "red", dtype=object), "its column 0 has strings \\('red'\\)"),
    ("a column of words", framed(["red"] * 24), "its column 'b' has strings \\('red'\\)\\. Encode it first, with"),
    (
        "a column of dates",
        framed(pd.date_range("2024", periods=24)),
        "its column 'b' has dates .* Replace it by numbers",
    ),
    (
        "a column of spans",
        framed(pd.timedelta_range("1D", periods=24)),
        "its column 'b' has time spans .*total_seconds",
    ),
    ("numbers beside words", [[1.0, "red"]] * 24, "its column 1 has strings \\('red'\\)"),
    ("structured", np.zeros(24, [("a", float)]), "got a structured array with the fields \\['a'\\]"),
    ("None", np.full((24, 3), None), "Input X contains NaN"),
    ("dates", np.arange(72).reshape(24, 3).astype("datetime64[D]"), "its column 0 has dates"),
    ("spans", np.arange(72).reshape(24, 3).astype("timedelta64[D]"), "its column 0 has time spans"),
    ("no rows", X[:0], "Found array with 0 sample\\(s\\) \\(shape=\\(0, 3\\)\\) while a minimum of 1 is required"),
    (
        "no columns",
        X[:, :0],
        "Found array with 0 feature\\(s\\) \\(shape=\\(24, 0\\)\\) while a minimum of 1 is required",
    ),
    ("too few rows", X[:-1], "inconsistent numbers of samples: \\[23, 24\\]"),
    ("nothing", None, "Expected 2D array, got scalar array instead"),
    ("a number", 3.0, "Expected 2D array, got scalar array instead"),
]
NO_TARGETS = [
    ("NaN", spoilt(TARGET, NAN), "Input y contains NaN"),
    ("inf", spoilt(TARGET, INF), "Input y contains infinity"),
    ("too few", TARGET[:-1], "inconsistent numbers of samples: \\[24, 23\\]"),
    ("3-D", np.zeros((24, 2, 2)), "Found array with dim 3, while dim <= 2 is required"),
    ("complex", TARGET + 1j, "Complex data not supported: y must be real numbers, got complex numbers"),
    ("nothing", None, "requires y to be passed, but the target y is None"),
]
NO_LABELS = [
    ("NaN", spoilt(y, NAN), "Input y contains NaN"),
    ("inf", spoilt(y, INF), "Input y contains infinity"),
    ("continuous", TARGET, "y must hold class labels of one kind: Unknown label type: continuous"),
    ("mixed", np.array([0, "a"] * 12, dtype=object), "y must hold class labels of one kind: Unknown label type"),
    ("None", np.array([0, None] * 12, dtype=object), "y contains missing labels in 12 of 24 rows, the first in row 1"),
    ("NaN among names", ["a", NAN] * 12, "y contains missing labels in 12 of 24 rows, the first in row 1"),
    ("too few", y[:-1], "inconsistent numbers of samples: \\[24, 23\\]"),
    ("3-D", np.zeros((24, 2, 2)), "Found array with dim 3, while dim <= 2 is required"),
    (
        "columns of classes",
        np.column_stack([y, 2 * y]),
        "y has 2 columns with values beside 0 and 1",
    ),
    ("complex", y + 1j, "Complex data not supported: y must be real numbers, got complex numbers"),
    ("one class", np.zeros(24), "needs at least 2 classes, got 1 class: \\[0\\.0\\]"),
    ("one label", np.full(24, "cat"), "needs at least 2 classes, got 1 class: \\['cat'\\]"),
    ("nothing", None, "requires y to be passed, but the target y is None"),
]
NO_NUMBERS = [
    *NO_TARGETS,
    ("words", np.array(["a", "b"] * 12), "y must be numbers, got dtype=<U1"),
    ("numbers as strings", TARGET.astype(str), "y must be numbers, got dtype=<U32"),
    (
        "words as objects",
        np.array(["a", "b"] * 12, dtype=object),
        "y must be numbers: could not convert string to float",
    ),
    ("None", HALF, "Input y contains NaN"),
    ("dates", np.arange(24).astype("datetime64[D]"), "y must be numbers, got dtype=datetime64\\[D\\]"),
    ("huge", spoilt(TARGET, 1e30), "y has values that are too large for dtype='float32'"),
    ("tiny", TARGET * 1e-40, "y has a standard deviation of .*, too small for dtype='float32'"),
    ("no columns", np.zeros((24, 0)), "Found array with 0 feature\\(s\\)"),
]
ONES = np.ones(24)
NO_WEIGHTS = [
    ("negative", -ONES, "Negative values in data passed to `sample_weight`"),
    ("one negative", spoilt(ONES, -1), "Negative values in data passed to `sample_weight`"),
    ("NaN", spoilt(ONES, NAN), "Input sample_weight contains NaN"),
    ("inf", spoilt(ONES, INF), "Input sample_weight contains infinity"),
    ("zero", ONES * 0, "Sample weights must contain at least one non-zero number"),
    ("too few", ONES[:-1], "sample_weight\\.shape == \\(23,\\), expected \\(24,\\)"),
    ("2-D", ONES[:, np.newaxis], "Sample weights must be 1D array or scalar, got 2D array"),
    ("words", np.array(["a"] * 24), "sample_weight must be non-negative numbers: could not convert string"),
    ("complex", ONES + 1j, "sample_weight must be non-negative numbers: Complex data not supported"),
    ("None", [None] * 24, "Input sample_weight contains NaN"),
]


def of_fit(model, method, rows, targets, weights, target):
    """What ``model.fit`` or ``model.partial_fit`` must refuse."""
    owner = f"{type(model).__name__}.{method}"
    more = {"classes": [0, 1]} if method == "partial_fit" and isinstance(model, NetClassifier) else {}

    def case(parameter, what, message, *arguments, **keywords):
        error = TypeError if "TypeError" in message else ValueError
        call = lambda: getattr(model, method)(*arguments, **more, **keywords)  # noqa: E731
        return Bad(owner, parameter, what, call, message, error)

    return flattened(
        [
            [case("X", what, message, value, target) for what, value, message in rows],
            [case("y", what, message, X, value) for what, value, message in targets],
            [case("sample_weight", what, message, X, target, sample_weight=value) for what, value, message in weights],
        ]
    )


def without(table, *names):
    return [row for row in table if row[0] not in names]


def fit(net, given):
    return net.fit(X, y, **given)


def fit_until(net, given):
    return net.fit_until(X, y, 1, **given)


CLASSIFIER, REGRESSOR = NetClassifier(max_epochs=1), NetRegressor(max_epochs=1)
CLASSIFIER_CV = NetClassifierCV(estimator=CLASSIFIER, n_iter=2, cv=2)
REGRESSOR_CV = NetRegressorCV(estimator=REGRESSOR, n_iter=2, cv=2)
#: with a column for each of `classes`, one class in a piece of the data is no error
IN_PIECES = [
    *without(NO_LABELS, "one class", "one label"),
    ("unseen", y + 1, "y has labels \\[2\\] that are not in classes_"),
]

NOT_FITTED = [
    Bad(
        f"{type(model).__name__}.{method}",
        "self",
        "not fitted",
        lambda m=model, n=method: getattr(m, n)(X),
        "This Net\\w+ instance is not fitted yet",
        NotFittedError,
    )
    for model in (CLASSIFIER, REGRESSOR, CLASSIFIER_CV, REGRESSOR_CV)
    for method in ("predict", "predict_proba", "predict_log_proba")
    if hasattr(model, method)
] + [
    Bad(
        "BayesSearchCV.predict",
        "self",
        "not fitted",
        lambda: BayesSearchCV(CLASSIFIER, {"lr": [1]}).predict(X),
        "This BayesSearchCV instance is not fitted yet",
        NotFittedError,
    ),
    Bad(
        "NetClassifier.score", "self", "not fitted", lambda: CLASSIFIER.score(X, y), "is not fitted yet", NotFittedError
    ),
    Bad("NetClassifier.net_", "self", "not fitted", lambda: CLASSIFIER.net_, "not fitted yet", AttributeError),
]

CLASSES = [
    Bad("NetClassifier.partial_fit", "classes", value, lambda v=value: NetClassifier().partial_fit(X, y, v), message)
    for value, message in (
        (None, "the first call of partial_fit needs classes, the array of all labels"),
        ([0], "needs at least 2 classes, got 1 class: \\[0\\]"),
        ([], "needs at least 2 classes, got 1 class: \\[\\]"),
        ([[0, 1]], "classes must be a 1d array of all labels, got \\[\\[0, 1\\]\\]"),
        (3, "classes must be a 1d array of all labels, got 3"),
        ("ab", "classes must be a 1d array of all labels, got 'ab'"),
        ([0, NAN], "classes must be a 1d array of all labels, got \\[0, nan\\]"),
        ([0, 2], "y has labels \\[1\\] that are not in classes_ \\[0 2\\]"),
        (["a", "b"], "y has labels \\[0, 1\\] that are not in classes_"),
    )
]
PIECES = [
    Bad(
        "NetClassifier.fit_until",
        "n_epochs",
        value,
        lambda v=value: CLASSIFIER.fit_until(X, y, v),
        "n_epochs must be an int from 1 to max_epochs=1, got ",
    )
    for value in (0, 2, -1, 1.0, "1", True, NAN, None)
] + [
    Bad(
        "NetRegressor.fit",
        "early_stopping",
        "one row",
        lambda: NetRegressor(early_stopping=True).fit(X[:1], TARGET[:1]),
        "early_stopping=True sets rows aside and needs at least 2 rows, got 1",
    ),
    Bad(
        "NetRegressor.fit",
        "normalization",
        "one row",
        lambda: NetRegressor(normalization="batch").fit(X[:1], TARGET[:1]),
        "normalization='batch' needs at least 2 rows to train on, got 1",
    ),
    Bad("NetClassifier.fit", "X", "one row", lambda: CLASSIFIER.fit(X[:1], y[:1]), "needs at least 2 classes, got 1"),
    Bad(
        "NetClassifier.partial_fit",
        "early_stopping",
        True,
        lambda: NetClassifier(early_stopping=True).partial_fit(X, y, [0, 1]),
        "set early_stopping=False",
    ),
    Bad(
        "NetClassifier.fit",
        "sample_weight",
        "a class without weight",
        lambda: CLASSIFIER.fit(X, y, y * 1.0),
        "needs at least 2 classes, got 1 class: \\[1\\] \\(rows of sample_weight 0 are not counted\\)",
    ),
    Bad(
        "NetClassifierCV.fit",
        "sample_weight",
        "a class without weight",
        lambda: CLASSIFIER_CV.fit(X, y, y * 1.0),
        "needs at least 2 classes, got 1 class: \\[1\\] \\(rows of sample_weight 0 are not counted\\)",
    ),
]

ABOUT = "X_val, y_val and sample_weight_val: "
#: what of the validation data is wrong, beside X and y of 24 rows
VALIDATION = {
    "X_val": [
        ("alone", {"X_val": X[:4]}, "X_val is provided, but y_val was not provided"),
        (
            "a column more",
            {"X_val": np.ones((4, 4)), "y_val": y[:4]},
            f"{ABOUT}X has 4 features, but Net",
        ),
        ("NaN", {"X_val": np.full((4, 3), NAN), "y_val": y[:4]}, f"{ABOUT}Input X contains NaN"),
        (
            "strings",
            {"X_val": X[:4].astype(str), "y_val": y[:4]},
            f"{ABOUT}X must be real numbers, but its column 0 has numbers",
        ),
        ("no rows", {"X_val": X[:0], "y_val": y[:0]}, f"{ABOUT}Found array with 0 sample"),
    ],
    "y_val": [
        ("alone", {"y_val": y[:4]}, "y_val is provided, but X_val was not provided"),
        ("a row less", {"X_val": X[:4], "y_val": y[:3]}, f"{ABOUT}.*inconsistent numbers of samples: \\[4, 3\\]"),
    ],
    "sample_weight_val": [
        ("alone", {"sample_weight_val": y[:4]}, "sample_weight_val is provided, but X_val and y_val were not"),
        ("a row less", {"X_val": X[:4], "y_val": y[:4], "sample_weight_val": [1, 2, 3]}, f"{ABOUT}sample_weight"),
        ("negative", {"X_val": X[:4], "y_val": y[:4], "sample_weight_val": [1, -2, 3, 1]}, f"{ABOUT}Negative values"),
        ("all 0", {"X_val": X[:4], "y_val": y[:4], "sample_weight_val": np.zeros(4)}, f"{ABOUT}"),
    ],
    "groups": [
        (
            "a row less",
            {"groups": y[:23]},
            "groups must have one entry for each of the 24 rows of X, got ",
        ),
        ("NaN", {"groups": np.full(24, NAN)}, "groups: Input contains NaN"),
        ("two columns", {"groups": np.ones((24, 2))}, "groups must have one entry for each .* got shape \\(24, 2\\)"),
    ],
}
VALIDATED = (
    [
        Bad(f"{type(net).__name__}.{call.__name__}", parameter, what, lambda n=net, c=call, g=given: c(n, g), message)
        for parameter, cases in VALIDATION.items()
        for what, given, message in cases
        for net in (CLASSIFIER, REGRESSOR)
        for call in (fit, fit_until)
    ]
    + [
        Bad(
            f"{type(tuner).__name__}.fit",
            "groups",
            "a row less",
            lambda t=tuner: t.fit(X, y, groups=y[:23]),
            "groups must have one entry for each of the 24 rows of X, got ",
        )
        for tuner in (CLASSIFIER_CV, REGRESSOR_CV)
    ]
    + [
        Bad(
            "NetClassifier.fit",
            "y_val",
            "a label that y has not",
            lambda: CLASSIFIER.fit(X, y, X_val=X[:4], y_val=[0, 1, 2, 0]),
            "y_val: y has labels \\[2\\] that are not in classes_",
        ),
        Bad(
            "NetRegressor.fit",
            "y_val",
            "two columns",
            lambda: REGRESSOR.fit(X, TARGET, X_val=X[:4], y_val=np.ones((4, 2))),
            "y_val must have as many columns as y, got shape \\(4, 2\\) beside \\(24,\\)",
        ),
        Bad(
            "NetRegressor.fit",
            "y_val",
            "a column less",
            lambda: REGRESSOR.fit(X, np.column_stack([TARGET] * 3), X_val=X[:4], y_val=TARGET[:4]),
            "y_val must have as many columns as y, got shape \\(4,\\) beside \\(24, 3\\)",
        ),
        Bad(
            "NetClassifier.fit",
            "class_weight",
            "nothing to validate on",
            lambda: NetClassifier(class_weight={0: 0.0}).fit(X, y, X_val=X[:2], y_val=[0, 0]),
            "y_val: class_weight=\\{0: 0.0\\} leaves no row",
        ),
        Bad(
            "NetClassifier.fit",
            "validation_split",
            "no groups",
            lambda: NetClassifier(early_stopping=True, validation_split="group").fit(X, y),
            "validation_split='group' needs the groups of the rows: call fit\\(X, y, groups=groups\\)",
        ),
        Bad(
            "NetRegressor.fit",
            "validation_split",
            "one group",
            lambda: NetRegressor(eval_valid_loss=True, validation_split="group").fit(X, TARGET, groups=np.ones(24)),
            "validation_split='group' needs at least 2 groups, got 1",
        ),
        Bad(
            "NetClassifier.fit",
            "validation_split",
            "a label of the last rows",
            lambda: NetClassifier(early_stopping=True, validation_split="last").fit(X, np.arange(24) // 23),
            "sets the last 2 of 24 rows aside, and they have the labels \\[1\\], which the rows before have not",
        ),
        Bad(
            "NetRegressor.fit",
            "eval_valid_loss",
            "one row",
            lambda: NetRegressor(eval_valid_loss=True).fit(X[:1], TARGET[:1]),
            "eval_valid_loss=True sets rows aside and needs at least 2 rows, got 1",
        ),
        Bad(
            "NetRegressor.partial_fit",
            "eval_valid_loss",
            True,
            lambda: NetRegressor(eval_valid_loss=True).partial_fit(X, TARGET),
            "set eval_valid_loss=False",
        ),
    ]
)


SEARCHED = [
    Bad(
        "BayesSearchCV.fit",
        parameter,
        what,
        lambda c=call: c(BayesSearchCV(CLASSIFIER, {"lr": [0.1]}, cv=2)),
        message,
        error,
    )
    for parameter, what, call, message, error in (
        (
            "device",
            "cuda:99",
            lambda search: clone(search).set_params(estimator__device="cuda:99").fit(X, y),
            "device='cuda:99' cannot be used",
            ValueError,
        ),
        ("X", "words", lambda search: search.fit(framed(["red"] * 24), y), "its column 'b' has strings", ValueError),
        (
            "y",
            None,
            lambda search: search.fit(X),
            "NetClassifier requires y to be passed, but the target y",
            ValueError,
        ),
        (
            "y",
            "NaN",
            lambda search: search.fit(X, ["a", NAN, "b"] * 8),
            "y contains missing labels in 8 of",
            ValueError,
        ),
        ("X", None, lambda search: search.fit(None, y), "X must be an array-like .* got None", ValueError),
        ("X", "no rows", lambda search: search.fit(X[:0], y[:0]), "Found array with 0 sample", ValueError),
        ("X", "one row", lambda search: search.fit(X[:1], y[:1]), "n_splits=2 greater than .* n_samples=1", ValueError),
        (
            "y",
            "too few",
            lambda search: search.fit(X, y[:-1]),
            "inconsistent numbers of samples: \\[24, 23\\]",
            ValueError,
        ),
        (
            "sample_weight",
            "too few",
            lambda search: search.fit(X, y, sample_weight=ONES[:3]),
            "sample_weight must have one entry for each of the 24 rows of X, got 3",
            ValueError,
        ),
        (
            "y_val",
            "too few",
            lambda search: search.fit(X, y, X_val=X, y_val=y[:3]),
            "X_val and y_val must have as many rows, got 24 and 3",
            ValueError,
        ),
        (
            "sampel_weight",
            "unknown",
            lambda search: search.fit(X, y, sampel_weight=ONES),
            "NetClassifier\\.fit takes no 'sampel_weight'\\. Did you mean 'sample_weight'\\?",
            TypeError,
        ),
    )
]

TABLE = flattened(
    [
        of_fit(CLASSIFIER, "fit", NO_ROWS, NO_LABELS, NO_WEIGHTS, y),
        of_fit(REGRESSOR, "fit", NO_ROWS, NO_NUMBERS, NO_WEIGHTS, TARGET),
        of_fit(CLASSIFIER, "partial_fit", NO_ROWS, IN_PIECES, NO_WEIGHTS, y),
        of_fit(REGRESSOR, "partial_fit", NO_ROWS, NO_NUMBERS, NO_WEIGHTS, TARGET),
        of_fit(CLASSIFIER_CV, "fit", NO_ROWS, NO_LABELS, NO_WEIGHTS, y),
        of_fit(REGRESSOR_CV, "fit", NO_ROWS, NO_NUMBERS, NO_WEIGHTS, TARGET),
        NOT_FITTED,
        CLASSES,
        PIECES,
        VALIDATED,
        SEARCHED,
    ]
)
