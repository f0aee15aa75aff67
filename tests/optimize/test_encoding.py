"""Features of points: what is near, what is far, and how they change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sktune.optimize._encoding import FeatureEncoder
from sktune.optimize._kernel import pairwise_squared_differences
from sktune.space import Categorical, Integer, Real, Space

SPACE = Space(
    {
        "constant": [3],
        "kind": Categorical(["a", "b", "c"], prior=[0.7, 0.1, 0.2]),
        "lr": Real(1e-4, 1.0, "log-uniform"),
        "momentum": Real(0.0, 1.0, when={"kind": "b"}),
        "norm": Categorical(["none", "batch"], when={"kind": ["a", "b"]}),
        "n_layers": Integer(1, 5),
    }
)
GROUPS = {name: group for group, name in enumerate(name for name in SPACE.names if name != "constant")}


def squared_differences(first, second):
    """Squared difference of two points in each dimension that can vary."""
    encoder = FeatureEncoder(SPACE)
    X = encoder.encode(SPACE.to_unit([first, second]))
    return dict(zip(GROUPS, pairwise_squared_differences(X, encoder.layout)[:, 0], strict=True))


BASE = {"constant": 3, "kind": "b", "lr": 0.01, "momentum": 0.5, "norm": "none", "n_layers": 2}


def test_numbers_differ_by_their_coordinates():
    differences = squared_differences(BASE, {**BASE, "lr": 1.0, "n_layers": 4})
    assert_allclose(differences["lr"], 0.25)
    assert_allclose(differences["n_layers"], 0.16)
    assert differences["kind"] == differences["momentum"] == differences["norm"] == 0.0


@pytest.mark.parametrize("kinds", [("a", "b"), ("a", "c"), ("b", "c")])
def test_categories_differ_by_one_whatever_their_probabilities(kinds):
    first, second = ({**BASE, "kind": kind} for kind in kinds)
    assert squared_differences(first, second)["kind"] == 1.0


@pytest.mark.parametrize("momentum", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_inactive_is_one_away_from_every_value(momentum, norm):
    active, inactive = {**BASE, "momentum": momentum, "norm": norm}, {**BASE, "kind": "c"}
    differences = squared_differences(active, inactive)
    assert_allclose([differences["momentum"], differences["norm"]], [1.0, 1.0])


def test_what_is_inactive_carries_no_information():
    first, second = {**BASE, "kind": "c", "momentum": 0.1}, {**BASE, "kind": "c", "momentum": 0.9, "norm": "batch"}
    assert set(squared_differences(first, second).values()) == {0.0}


def test_conditional_numbers_differ_by_about_their_coordinates():
    for momentum in (0.0, 0.45, 1.0):
        difference = squared_differences(BASE, {**BASE, "momentum": momentum})["momentum"]
        assert_allclose(np.sqrt(difference), abs(momentum - 0.5), rtol=0.02)


def test_constants_have_no_feature():
    encoder = FeatureEncoder(Space({"a": [1], "b": ["x"], "c": (0.0, 1.0)}))
    assert_array_equal(encoder.encode(np.array([[0.5, 0.5, 0.2]])), [[0.2]])
    assert encoder.layout.n_groups == 1


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_relaxed_features_equal_encoded_ones_and_pull_gradients_back(seed):
    rng = np.random.default_rng(seed)
    encoder = FeatureEncoder(SPACE)
    u = SPACE.sample(1, rng)[0]
    numbers = [not dimension.is_categorical and dimension.n_values > 1 for dimension in SPACE.dimensions]
    dims = np.flatnonzero(np.array(numbers) & SPACE.active(u[None])[0])
    points = encoder.relax(u[None], np.isin(np.arange(SPACE.n_dims), dims)[None])
    assert_allclose(points.features(u[dims]), encoder.encode(u[None]))
    moved, values = u.copy(), rng.random(len(dims))
    moved[dims] = values
    assert_allclose(points.features(values), encoder.encode(moved[None]))

    slopes = rng.standard_normal(len(encoder.layout.groups))  # of a linear function of the features
    expected = [
        slopes @ (points.features(values + step) - points.features(values - step))[0] / 2e-6
        for step in 1e-6 * np.eye(len(dims))
    ]
    assert_allclose(points.pull_back(values, slopes[None]), expected, rtol=1e-6, atol=1e-8)
