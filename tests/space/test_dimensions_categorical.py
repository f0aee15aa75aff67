"""Categorical: which choices are the same, and where they lie."""

import copy
import functools
import pickle

import cloudpickle
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sktune.space import Categorical

COORDINATES = st.lists(st.floats(0, 1), min_size=1, max_size=20)


def double(x):
    return 2 * x


ODD_CHOICES = [
    None,
    "relu",
    b"relu",
    True,
    1,
    1.0,
    0,
    False,
    float("nan"),
    (64, 32),
    (64.0, 32),
    [64, 32],
    (64, (32, None)),
    (),
    {"a": [1, 2]},
    {"a": [1, True]},
    {1, 2},
    np.array([1, 2]),
    np.array([1.0, 2.0]),
    np.array([[1, 2]]),
    np.array(["a", None], dtype=object),
    SVC(),
    SVC(C=2),
    Ridge(),
    make_pipeline(StandardScaler(), SVC()),
    make_pipeline(StandardScaler(), SVC(gamma=1)),
    KFold(3),
    KFold(4),
    ShuffleSplit(3),
    double,
    functools.partial(double, 1),
    functools.partial(double, 2),
    int,
    np.float32,
    np.random.RandomState(0),
    pd.DataFrame({"a": [1, 2]}),
    pd.DataFrame({"b": [1, 2]}),
    pd.Series([1, 2]),
    torch.tensor([1, 2]),
    torch.tensor([1, 3]),
    torch.nn.ReLU(),
    1 + 2j,
    slice(1, 2),
    range(3),
]


@pytest.mark.parametrize("index", range(len(ODD_CHOICES)))
def test_objects_of_any_kind_are_choices(index):
    dimension = Categorical(ODD_CHOICES)
    choice = ODD_CHOICES[index]
    assert choice in dimension
    u = dimension.to_unit([choice])
    assert u == pytest.approx((index + 0.5) / len(ODD_CHOICES))
    assert dimension.from_unit(u)[0] is choice


@pytest.mark.parametrize("index", range(len(ODD_CHOICES)))
def test_a_copy_of_a_choice_is_the_same_choice(index):
    dimension = Categorical(ODD_CHOICES)
    for copied in (copy.deepcopy(ODD_CHOICES[index]), cloudpickle.loads(cloudpickle.dumps(ODD_CHOICES[index]))):
        assert dimension.to_unit([copied]) == dimension.to_unit([ODD_CHOICES[index]])


def test_the_dimension_survives_copying_pickling_and_cloning():
    dimension = Categorical(ODD_CHOICES, name="odd")
    for copied in (
        copy.copy(dimension),
        copy.deepcopy(dimension),
        pickle.loads(pickle.dumps(dimension)),
        cloudpickle.loads(cloudpickle.dumps(dimension)),
        clone(dimension, safe=False),
    ):
        assert copied == dimension
        assert copied.name == "odd"
        np.testing.assert_array_equal(copied.to_unit(ODD_CHOICES), dimension.to_unit(ODD_CHOICES))


def test_local_functions_are_choices_and_travel_by_cloudpickle():
    dimension = Categorical([lambda x: x, lambda x: 2 * x])
    assert dimension.from_unit([0.9])[0](3) == 6
    assert dimension == copy.deepcopy(dimension)
    assert cloudpickle.loads(cloudpickle.dumps(dimension)).from_unit([0.9])[0](3) == 6


def test_one_true_and_one_point_zero_are_three_choices():
    dimension = Categorical([1, True, 1.0])
    assert [type(dimension.from_unit(dimension.to_unit([value]))[0]) for value in (1, True, 1.0)] == [int, bool, float]
    for choices, foreign in [([1, 2], True), ([1, 2], 1.0), ([True, False], 1), ([0.5, 1.0], 1), ([(1, 2)], (True, 2))]:
        assert foreign not in Categorical(choices)
        assert Categorical(choices) != Categorical([foreign, choices[-1]] if len(choices) > 1 else [foreign])


def test_numpy_scalars_are_pythons_own():
    dimension = Categorical([16, 0.5, "a", True, (1, 2)])
    for value in (np.int64(16), np.float64(0.5), np.str_("a"), np.True_, (np.int8(1), 2)):
        assert value in dimension
    assert Categorical(np.array([16, 32])).categories == (16, 32)
    assert {type(value) for value in Categorical(np.array([16, 32])).categories} == {int}
    assert Categorical(np.array(["a", "b"])).categories == ("a", "b")


def test_the_rows_of_a_matrix_are_its_choices():
    dimension = Categorical(np.array([[1, 2], [3, 4]]))
    assert dimension.n_values == 2
    assert np.array([3, 4]) in dimension


def test_tuples_stay_tuples():
    dimension = Categorical([(64,), (64, 32), (64, 32, 16)])
    values = dimension.from_unit(np.linspace(0, 1, 50))
    assert {type(value) for value in values} == {tuple}
    assert set(dimension.rvs(100, random_state=0)) == {(64,), (64, 32), (64, 32, 16)}


def test_prefitted_estimators_of_equal_parameters_are_different_choices():
    X, y = np.arange(6.0).reshape(-1, 1), np.array([0, 0, 0, 1, 1, 1])
    one, other = (FrozenEstimator(LogisticRegression().fit(X, labels)) for labels in (y, 1 - y))
    assert Categorical([one, other]).n_values == 2


def test_what_contains_itself_is_compared():
    loop, other = [1], [1]
    loop.append(loop)
    other.append(other)
    assert other in Categorical([loop, 3])


@pytest.mark.parametrize(
    "choices",
    [
        ["a", "b", "a"],
        [None, None],
        [1, np.int64(1)],
        [(1, 2), (1, 2)],
        [[1], [1]],
        [SVC(), SVC()],
        [np.arange(3), np.arange(3)],
        [float("nan"), float("nan")],
    ],
    ids=repr,
)
def test_duplicates_are_refused(choices):
    with pytest.raises(ValueError, match=r"categories must differ, but number 0 and number [12] are both"):
        Categorical(choices)


@settings(deadline=None, max_examples=100)
@given(weights=st.lists(st.integers(0, 20), min_size=1, max_size=12), u=COORDINATES)
def test_prior_probabilities_are_the_widths_of_the_cells(weights, u):
    total = sum(weights)
    if total == 0:
        weights, total = [1], 1
    prior = [weight / total for weight in weights]
    dimension = Categorical(list(range(len(prior))), prior=prior)
    upper = np.cumsum(prior)
    for one, value in zip(u, dimension.from_unit(u), strict=True):
        assert upper[value] - prior[value] - 1e-12 <= one <= upper[value] + 1e-12
        assert prior[value] > 0
    values = dimension.from_unit(u)
    assert dimension.from_unit(dimension.to_unit(values)) == values
    np.testing.assert_array_equal(dimension.snap(u), dimension.to_unit(values))


def test_a_choice_of_probability_zero_is_never_allowed():
    dimension = Categorical(["a", "b", "c"], prior=[0.5, 0, 0.5])
    assert dimension.n_values == 2
    assert list(dimension.values()) == ["a", "c"]
    assert "b" not in dimension
    with pytest.raises(ValueError, match="Invalid value 'b': expected one of 'a', 'c'"):
        dimension.to_unit(["b"])
    assert Categorical(["a", "b"], prior=[1, 0]).is_constant


def test_a_constant():
    dimension = Categorical([3])
    assert dimension.is_constant
    assert dimension.from_unit([0.0, 0.5, 1.0]) == [3, 3, 3]
    assert dimension.to_unit([3]) == [0.5]


def test_hundreds_of_choices():
    choices = [f"choice {number}" for number in range(500)] + [(number, None) for number in range(500)]
    dimension = Categorical(choices)
    assert dimension.from_unit(dimension.to_unit(choices)) == choices


def test_one_draw_is_bare_and_several_are_a_list():
    dimension = Categorical([(1, 2), None, "x"])
    assert dimension.rvs(random_state=1) in [(1, 2), None, "x"]
    assert type(dimension.rvs(5, random_state=1)) is list


def test_equality_looks_at_choices_order_and_prior():
    assert Categorical(["a", "b"]) == Categorical(("a", "b")) == Categorical(np.array(["a", "b"]))
    assert Categorical(["a", "b"]) == Categorical(["a", "b"], prior=[0.5, 0.5])
    assert Categorical(["a", "b"]) == Categorical(["a", "b"], name="x")
    assert Categorical(["a", "b"]) != Categorical(["b", "a"])
    assert Categorical(["a", "b"]) != Categorical(["a", "b"], prior=[0.4, 0.6])
    assert Categorical(["a", "b"]) != Categorical(["a", "b"], when={"x": 1})
    assert Categorical(["a", "b"]) != ["a", "b"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Categorical([]), "categories must hold at least one choice, got none"),
        (lambda: Categorical("abc"), "categories must be a list of choices, got 'abc'"),
        (lambda: Categorical({"a", "b"}), "categories must be a list of choices"),
        (lambda: Categorical({"a": 1}), "categories must be a list of choices"),
        (lambda: Categorical(3), "categories must be a list of choices, got 3"),
        (lambda: Categorical(np.array(3)), "categories must be a list of choices"),
        (lambda: Categorical(["a", "b"], prior=[1]), "one probability for each of the 2 categories, got \\[1\\]"),
        (lambda: Categorical(["a", "b"], prior=0.5), "one probability for each of the 2 categories, got 0.5"),
        (lambda: Categorical(["a", "b"], prior=["x", "y"]), "one probability for each"),
        (lambda: Categorical(["a", "b"], prior=[0.5, 0.4]), "probabilities that sum to 1"),
        (lambda: Categorical(["a", "b"], prior=[1.5, -0.5]), "probabilities that sum to 1"),
        (lambda: Categorical(["a", "b"], prior=[float("nan"), 1]), "probabilities that sum to 1"),
        (lambda: Categorical(["a", "b"], transform="one-hot"), "Expected transform to be .* got 'one-hot'"),
        (lambda: Categorical([1, "1"], transform="string"), "choices that read differently as strings"),
        (lambda: Categorical(["a"], name=1.0), "Dimension's name must be either string or None."),
        (lambda: Categorical(["a", "b"], name="x").to_unit(["c"]), "Invalid value 'c' for parameter 'x': expected one"),
        (lambda: Categorical(["a", "b"]).transform(["c"]), "'c' is none of the categories"),
        (lambda: Categorical(["a", "b"], transform="label").inverse_transform([2]), "there is no choice at"),
        (lambda: Categorical(["a", "b"], transform="string").inverse_transform(["c"]), "'c' is the string of none"),
    ],
)
def test_bad_arguments_teach(make, message):
    with pytest.raises(ValueError, match=message):
        make()
