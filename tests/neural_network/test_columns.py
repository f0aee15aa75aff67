"""Columns and labels as tables have them: which are numbers, which are made numbers, and what is said of the others."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from sktune import BayesSearchCV, NetClassifier, NetClassifierCV
from sktune.neural_network._columns import columns_without_numbers

VALUES = np.arange(12.0) % 5
LABELS = np.arange(12) % 2
NET = NetClassifier(max_epochs=2, n_neurons=4, random_state=0)
DATES = pd.date_range("2024-01-01", periods=12)
SEARCH = {"cv": 2, "n_iter": 2, "random_state": 0}


NUMBERS = {
    "floats as objects": VALUES.astype(object),
    "of several types": np.array([0, 1.0, np.float32(2), Decimal(3), Fraction(4), True] * 2, dtype=object),
    "nullable": pd.array([0, 1, 2, 3, 4, 1] * 2, dtype="Int64"),
    "nullable floats": pd.array([0, 1, 2, 3, 4, 1] * 2, dtype="Float32"),
    "categories": pd.Categorical([0, 1, 2, 3, 4, 1] * 2),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_of_other_types_are_numbers(kind):
    frame = pd.DataFrame({"a": NUMBERS[kind], "b": VALUES > 2})
    plain = np.column_stack([np.array([float(value) for value in NUMBERS[kind]]), VALUES > 2])
    assert not list(columns_without_numbers(frame))
    assert_array_equal(NET.fit(frame, LABELS).predict_proba(frame), NET.fit(plain, LABELS).predict_proba(plain))


NO_NUMBERS = {
    "dates with a zone": (pd.Series(DATES.tz_localize("Europe/Berlin")), "dates"),
    "dates as objects": (np.array([datetime.date(2024, 1, 1), None] * 6, dtype=object), "dates"),
    "numpy's dates as objects": (np.array([np.datetime64("2024"), 1.0] * 6, dtype=object), "dates"),
    "times": (np.array([datetime.time(12)] * 12, dtype=object), "times"),
    "spans": (pd.Series(DATES - DATES[0]), "time spans"),
    "periods": (pd.Series(DATES.to_period("D")), "values of type Period"),
    "strings": (pd.array(["red", None] * 6, dtype="string"), "strings"),
    "digits": (pd.Series(["1", "2.5"] * 6), "numbers written as strings"),
    "categories": (pd.Categorical(["red", "blue"] * 6), "strings"),
    "mixed": (np.array([1.0, "red", 2, "1"] * 3, dtype=object), "strings"),
    "complex": (np.array([1.0, 1j] * 6, dtype=object), "complex numbers"),
}


@pytest.mark.parametrize("kind", NO_NUMBERS)
def test_the_first_column_without_numbers_is_named(kind):
    column, what = NO_NUMBERS[kind]
    frame = pd.DataFrame({"a": VALUES, "bad": column, "also bad": ["x"] * 12})
    fitted = NetClassifier(max_epochs=1).fit(np.ones((12, 3)), LABELS)
    tables = (frame, "'bad'"), (frame.to_numpy(object), "1"), (frame.to_numpy(object).tolist(), "1")
    for table, name in tables:
        for call in (
            lambda X: NET.fit(X, LABELS),
            fitted.predict,
            lambda X: BayesSearchCV(NET, {"lr": [1]}).fit(X, LABELS),
        ):
            with pytest.raises(ValueError, match=f"^X must be real numbers, but its column {name} has {what} \\("):
                call(table)
    with pytest.raises(ValueError, match=f"column 'bad' has {what}"):
        NetClassifierCV(estimator=NET).fit(frame, LABELS)


def test_frames_of_arrow():
    pytest.importorskip("pyarrow")
    for kind, values, what in (
        ("timestamp[ns]", DATES, "dates"), ("date32[day]", DATES, "dates"),
        ("duration[s]", DATES - DATES[0], "time spans"),
        ("string", list("ab") * 6, "strings"), ("string", list("12") * 6, "numbers written as strings"),
    ):  # fmt: skip
        frame = pd.DataFrame({"a": pd.Series(values).astype(f"{kind}[pyarrow]")})
        with pytest.raises(ValueError, match=f"its column 'a' has {what}"):
            NET.fit(frame, LABELS)
    for kind in ("int64", "float", "bool"):
        frame = pd.DataFrame({"a": pd.Series(LABELS).astype(f"{kind}[pyarrow]")})
        plain = LABELS[:, np.newaxis]
        assert_array_equal(NET.fit(frame, LABELS).predict_proba(frame), NET.fit(plain, LABELS).predict_proba(plain))


def test_frames_of_polars():
    polars = pytest.importorskip("polars")
    plain = np.column_stack([VALUES, LABELS])
    frame = polars.DataFrame({"a": VALUES, "b": LABELS == 1})
    assert_array_equal(NET.fit(frame, LABELS).predict_proba(frame), NET.fit(plain, LABELS).predict_proba(plain))
    days = [datetime.datetime(2024, 1, 1) + datetime.timedelta(days=day) for day in range(12)]
    for values, what in (
        (days, "dates"), ([day.date() for day in days], "dates"), ([day.time() for day in days], "times"),
        ([day - days[0] for day in days], "time spans"), (["a", None] * 6, "strings"),
        (["1", "2"] * 6, "numbers written as strings"),
        (polars.Series(["a", "b"] * 6, dtype=polars.Categorical), "strings"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=f"its column 'bad' has {what}"):
            NET.fit(frame.with_columns(bad=polars.Series(values)), LABELS)


COLOURS = pd.DataFrame({"colour": ["red", "blue", "red"] * 4, "size": VALUES})
ENCODER = ColumnTransformer([("colour", OneHotEncoder(), ["colour"])], remainder="passthrough")


@pytest.mark.parametrize(
    ("estimator", "space"),
    [
        (make_pipeline(ENCODER, NET), {"netclassifier__lr": [0.01, 0.1]}),
        (make_pipeline("passthrough", ENCODER, NET), {"netclassifier__lr": [0.01, 0.1]}),
        (make_pipeline(StandardScaler(), NET), {"standardscaler": [ENCODER], "netclassifier__lr": [0.01, 0.1]}),
        (make_pipeline("passthrough", NET), {"passthrough": [ENCODER], "netclassifier__lr": [0.01, 0.1]}),
        (make_pipeline(FunctionTransformer(lambda X: X[["size"]]), NET), {"netclassifier__lr": [0.01, 0.1]}),
    ],
    ids=["encoder", "after nothing", "in the place of a scaler", "in the place of nothing", "function"],
)
def test_searches_over_pipelines_take_words(estimator, space):
    search = BayesSearchCV(estimator, space, **SEARCH).fit(COLOURS, LABELS)
    assert (search.cv_results_["status"] == "ok").all()


@pytest.mark.parametrize("steps", [[], ["passthrough"], [StandardScaler()], [None, StandardScaler()]])
def test_searches_refuse_words_before_any_fit(steps):
    if steps:
        estimator, space = make_pipeline(*steps, NET), {"netclassifier__lr": [0.1]}
    else:
        estimator, space = NET, {"lr": [0.1]}
    with pytest.raises(ValueError, match=r"^X must be real numbers, but its column 'colour' has strings"):
        BayesSearchCV(estimator, space, **SEARCH).fit(COLOURS, LABELS)


PLAIN = {
    "int": (np.array([0, 1] * 6), np.array([0, 1] * 6, dtype=object)),
    "numpy's ints": (np.array([0, 1] * 6), np.array([np.int8(0), 1] * 6, dtype=object)),
    "bool": (np.array([False, True] * 6), np.array([False, True] * 6, dtype=object)),
    "float": (np.array([0.0, 1.0] * 6), pd.Series([0, 1.0] * 6, dtype=object)),
    "nullable": (np.array([0, 1] * 6), pd.Series([0, 1] * 6, dtype="Int64")),
    "str": (np.array(["a", "b"] * 6, dtype=object), pd.Series(["a", "b"] * 6, dtype=object)),
    "string": (np.array(["a", "b"] * 6, dtype=object), pd.Series(["a", "b"] * 6, dtype="string")),
}


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize(
    "model",
    [NET, BayesSearchCV(NET, {"lr": [0.01, 0.1]}, **SEARCH), NetClassifierCV(estimator=NET, n_iter=1, cv=2),
     BayesSearchCV(LogisticRegression(), {"C": [0.1, 1]}, **SEARCH)],
    ids=["network", "search", "self-tuning", "another's"],
)  # fmt: skip
def test_labels_in_columns_of_objects(model, kind):
    plain, labels = PLAIN[kind]
    X = np.column_stack([VALUES, LABELS])
    model.fit(X, labels)
    assert_array_equal(model.classes_, np.unique(plain))
    assert model.classes_.dtype.kind == plain.dtype.kind
    if isinstance(model, NetClassifier):
        assert model.score(X, labels) == model.score(X, plain)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["a", None, "b"] * 4, dtype=object), pd.Series(["a", np.nan, "b"] * 4), [0, np.nan, 1] * 4,
        np.array([0, pd.NA, 1] * 4, dtype=object), pd.Series([0, None, 1] * 4, dtype="Int64"),
        pd.Series(["a", None, "b"] * 4, dtype="string"), pd.Categorical(["a", None, "b"] * 4), ["a", np.nan, "b"] * 4,
        np.array([pd.NaT, "a", "b"] * 4, dtype=object)[[1, 0, 2] * 4],
    ],
    ids=["None", "series", "list", "NA", "nullable", "string", "categories", "NaN among names", "NaT"],
)  # fmt: skip
def test_missing_labels_are_named(labels):
    for model in (NET, BayesSearchCV(NET, {"lr": [0.1]}, cv=2), NetClassifierCV(estimator=NET, cv=2)):
        with pytest.raises(ValueError, match=r"^y contains missing labels in 4 of 12 rows, the first in row 1:"):
            model.fit(np.ones((12, 1)), labels)
