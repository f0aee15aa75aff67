"""Spaces of settings: dicts, keys, errors, and life with scikit-learn."""

import copy
import pickle

import cloudpickle
import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import ParameterSampler, RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from sktune.space import Categorical, Integer, Real, Space

MODELS = {"C": (1e-3, 1e3, "log-uniform"), "kernel": ["rbf", "linear"], "model": Categorical([SVC(), GaussianNB()])}


def small(params):
    return params["C"] < 100


def test_names_are_sorted_in_a_mapping_and_kept_in_a_list():
    assert Space({"b": [1], "a": [2], "B": [3]}).names == ("B", "a", "b")
    assert Space([Real(0, 1, name="b"), (1, 2), Real(0, 1, name="a")]).names == ("b", "X_1", "a")
    assert [dimension.name for dimension in Space([(1, 2), Real(0, 1, name="a")]).dimensions] == ["X_0", "a"]


def test_the_key_of_a_mapping_is_the_name():
    dimension = Real(0, 1, name="something else")
    space = Space({"lr": dimension})
    assert space.names == ("lr",)
    assert space.dimensions[0].name == "lr"
    assert dimension.name == "something else"


def test_settings_come_in_the_order_of_the_names():
    space = Space({"b": (1, 5), "a": (0.0, 1.0), "c": ["x", "y"]})
    assert [list(params) for params in space.from_unit(space.design(4, 0))] == [["a", "b", "c"]] * 4


def test_keys_tell_settings_apart_by_value_and_choice():
    space = Space({"a": (0.0, 1.0), "b": [1, True, 1.0, None, (1, 2), [1, 2]], "c": (1, 5)})
    settings = [
        {"a": a, "b": b, "c": c}
        for a in (0.1, 0.2, 0.1 + 1e-9)
        for b in (1, True, 1.0, None, (1, 2), [1, 2])
        for c in (1, 5)
    ]
    assert len({space.key(params) for params in settings}) == len(settings)
    params = {"a": 0.1 + 0.2, "b": (1, 2), "c": 3}
    assert space.key(params) == space.key({"c": np.int64(3), "a": 0.3, "b": (1, 2)})
    assert space.key(params) == space.key(space.from_unit(space.to_unit([params]))[0])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"C": 1.0, "kernel": "rbf"}, r"Missing parameter 'model' in \{'C': 1.0, 'kernel': 'rbf'\}"),
        ({"C": 1e4, "kernel": "rbf"}, "Invalid value 10000.0 for parameter 'C': expected a number from 0.001 to 1000"),
        ({"C": 1, "kernel": "poly"}, "Invalid value 'poly' for parameter 'kernel': expected one of 'rbf', 'linear'"),
        ({"C": 1, "kernal": "rbf"}, r"Unknown parameter 'kernal': expected C, kernel, model. Did you mean 'kernel'\?"),
        ({"C": 1, 3: "rbf"}, "Unknown parameter 3: expected C, kernel, model"),
        ([1.0, "rbf"], r"params must be a list of dicts, but one of them is \[1.0, 'rbf'\]"),
    ],
)
def test_bad_settings_are_refused_by_name(params, message):
    space = Space(MODELS)
    with pytest.raises(ValueError, match=message):
        space.to_unit([params])
    assert params not in space


def test_a_bare_dict_is_no_list_of_settings():
    with pytest.raises(ValueError, match=r"params must be a list of dicts, got \{'C': 1}"):
        Space(MODELS).to_unit({"C": 1})


@pytest.mark.parametrize("u", [[0.5, 0.5, 0.5], [[0.5]], np.zeros((2, 2)), 0.5])
def test_coordinates_of_another_shape_are_refused(u):
    for method in ("from_unit", "snap", "active", "feasible"):
        with pytest.raises(ValueError, match=r"coordinates must have the shape \(n, 3\), got"):
            getattr(Space(MODELS), method)(u)


def test_no_rows():
    space = Space({"a": (0.0, 1.0), "b": Categorical([1, 2], when={"c": 1}), "c": [1, 2]})
    empty = np.empty((0, 3))
    assert space.from_unit(empty) == []
    assert space.to_unit([]).shape == space.snap(empty).shape == space.active(empty).shape == (0, 3)
    assert space.feasible(empty).shape == (0,)


def test_coordinates_outside_the_cube_count_as_its_surface():
    space = Space({"a": (0.0, 1.0), "b": (1, 5)})
    assert space.from_unit([[-0.1, 1.1]]) == [{"a": 0.0, "b": 5}]
    np.testing.assert_array_equal(space.snap([[-0.1, 1.1]]), [[0.0, 0.9]])
    with pytest.raises(ValueError, match="got NaN"):
        space.snap([[np.nan, 0.5]])


@pytest.mark.parametrize(
    ("dimensions", "message"),
    [
        ({}, "a space needs at least one dimension"),
        ([], "a space needs at least one dimension"),
        ({1: [2]}, "names of parameters must be strings, got 1"),
        ([Real(0, 1, name="a"), Real(0, 2, name="a")], "names of dimensions must differ, but 'a' stands for several"),
        ("abc", "dimensions must be a dict, a list of dimensions or a Space, got 'abc'"),
        (3, "dimensions must be a dict, a list of dimensions or a Space, got 3"),
    ],
)
def test_bad_spaces_are_refused(dimensions, message):
    with pytest.raises(ValueError, match=message):
        Space(dimensions)


def test_spaces_survive_copying_pickling_and_cloning():
    space = Space({**MODELS, "gamma": Real(0.1, 1, when={"kernel": "rbf"})}, constraint=small)
    rows = space.design(10, 0)
    for copied in (
        copy.deepcopy(space),
        pickle.loads(pickle.dumps(space)),
        cloudpickle.loads(cloudpickle.dumps(space)),
        clone(space, safe=False),
        Space(space),
    ):
        assert copied == space
        np.testing.assert_array_equal(copied.to_unit(space.from_unit(rows)), rows)
    lambdas = Space({"a": (1, 3)}, constraint=lambda params: params["a"] > 1)
    assert len(list(cloudpickle.loads(cloudpickle.dumps(lambdas)).enumerate())) == 2


def test_spaces_differ_by_names_dimensions_and_constraint():
    assert Space({"a": (1, 3)}) == Space({"a": Integer(1, 3)})
    assert Space({"a": (1, 3)}) != Space({"b": (1, 3)})
    assert Space({"a": (1, 3)}) != Space({"a": (1, 4)})
    assert Space({"C": (1, 3)}) != Space({"C": (1, 3)}, constraint=small)
    assert Space(Space({"C": (1, 300)}, constraint=small)).constraint is small
    assert Space({"a": (1, 3)}) != {"a": (1, 3)}


def test_a_search_of_scikit_learn_takes_our_dimensions_for_distributions():
    X, y = load_iris(return_X_y=True)
    space = {
        "scale": Categorical([StandardScaler(), MinMaxScaler(), "passthrough"]),
        "model__alpha": Real(1e-3, 1e3, "log-uniform"),
        "model__max_iter": Integer(200, 400, step=100),
        "model__class_weight": Categorical([None, "balanced"]),
    }
    pipeline = Pipeline([("scale", StandardScaler()), ("model", RidgeClassifier())])
    searches = [
        RandomizedSearchCV(pipeline, space, n_iter=6, cv=3, random_state=0, error_score="raise").fit(X, y)
        for _ in range(2)
    ]
    scores = [search.cv_results_["mean_test_score"] for search in searches]
    np.testing.assert_array_equal(*scores)
    for params in searches[0].cv_results_["params"]:
        assert params in Space(space)
        assert type(params["model__max_iter"]) is int
    assert searches[0].best_score_ > 0.8
    assert clone(searches[0]).get_params()["param_distributions"] == space


def test_parameter_sampler_draws_from_the_prior():
    space = {"kind": Categorical(["a", "b"], prior=[0.9, 0.1]), "x": Real(1, 100, "log-uniform")}
    drawn = list(ParameterSampler(space, n_iter=2000, random_state=0))
    share = np.mean([params["kind"] == "a" for params in drawn])
    assert share == pytest.approx(0.9, abs=0.03)
    logs = np.log10([params["x"] for params in drawn]) / 2
    assert stats.kstest(logs, "uniform").pvalue > 0.01


@pytest.mark.parametrize(
    "dimensions",
    [
        {
            "a": Real(1e-5, 1, "log-uniform", base=2, when={"d": "x"}),
            "b": Integer(1, 9, step=2),
            "c": Integer(16, 512, "power-of-two", dtype="int32", transform="normalize"),
            "d": Categorical(["x", "y"], [0.2, 0.8]),
            "e": list(range(20)),
            "f": [None, True, (64, 64), 0.1],
        },
        [(0.0, 1.0), (1, 3), ["a", 1]],
    ],
)
def test_what_is_printed_can_be_copied_into_a_program(dimensions):
    space = Space(dimensions)
    assert eval(repr(space)) == space
    assert len(repr(space).splitlines()) == space.n_dims + 2
