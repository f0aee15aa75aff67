"""Settings and points of the unit cube, against brute force."""

import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.model_selection import ParameterSampler

from sktune.space import Categorical, Distribution, Integer, Real, Space

FINITE = {
    "optimizer": ["adam", "sgd", None],
    "momentum": Integer(0, 3, when={"optimizer": "sgd"}),
    "nesterov": Categorical([True, False], when={"momentum": [2, 3]}),
    "widths": [(8,), (8, 4)],
    "constant": [3],
}
MIXED = {
    "lr": Real(1e-4, 1e-1, prior="log-uniform"),
    "batch_size": Integer(16, 512, prior="power-of-two"),
    "n": Integer(1, 1000, prior="log-uniform"),
    "dropout": Real(0.0, 0.5, step=0.1),
    "loss": Distribution(stats.norm(3, 2)),
    "kind": Categorical(["a", "b"], prior=[0.9, 0.1]),
    "depth": Integer(2, 8, step=3, when={"kind": "b"}),
}


def brute_force(spec):
    """Every setting of FINITE, by the conditions' plain meaning."""
    for optimizer, widths in itertools.product(spec["optimizer"], spec["widths"]):
        base = {"optimizer": optimizer, "widths": widths, "constant": 3}
        if optimizer != "sgd":
            yield base
            continue
        for momentum in range(4):
            if momentum < 2:
                yield {**base, "momentum": momentum}
            else:
                yield from ({**base, "momentum": momentum, "nesterov": flag} for flag in (True, False))


def canonical(params):
    return tuple(sorted((name, repr(value)) for name, value in params.items()))


def test_enumerate_and_n_points_against_brute_force():
    space = Space(FINITE)
    expected = {canonical(params) for params in brute_force(FINITE)}
    listed = [canonical(params) for params in space.enumerate()]
    assert len(listed) == len(set(listed)) == space.n_points == len(expected)
    assert set(listed) == expected
    assert {canonical(params) for params in space.from_unit(space.sample(3000, np.random.default_rng(0)))} == expected
    assert Space(MIXED).n_points == math.inf


@pytest.mark.parametrize("spec", [FINITE, MIXED], ids=["finite", "mixed"])
@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_points_and_settings_belong_to_each_other(spec, data):
    space = Space(spec)
    u = np.array([data.draw(st.lists(st.floats(0, 1), min_size=space.n_dims, max_size=space.n_dims))])
    (params,) = space.from_unit(u)
    snapped = space.snap(u)
    np.testing.assert_array_equal(space.to_unit([params]), snapped)
    np.testing.assert_array_equal(space.snap(snapped), snapped)
    assert space.from_unit(snapped) == [params]
    assert params in space
    active = space.active(u)[0]
    assert set(params) == {name for name, is_active in zip(space.names, active, strict=True) if is_active}
    assert (snapped[0][~active] == 0.5).all()


def test_values_lie_within_their_bounds_at_both_ends():
    space = Space(MIXED)
    for corner in (0.0, 1.0):
        (params,) = space.from_unit(np.full((1, space.n_dims), corner))
        assert 1e-4 <= params["lr"] <= 1e-1
        assert params["batch_size"] in (16, 512)
        assert params["n"] in (1, 1000)
        assert 0 <= params["dropout"] <= 0.5
        assert params["kind"] == ("a" if corner == 0 else "b")
        assert type(params["n"]) is int
        assert type(params["lr"]) is float


def test_priors_shape_the_sample():
    space = Space(MIXED)
    drawn = space.from_unit(space.sample(8000, np.random.default_rng(0)))
    column = lambda name: np.array([params[name] for params in drawn if name in params])  # noqa: E731
    assert stats.kstest(np.log10(column("lr")), stats.uniform(-4, 3).cdf).pvalue > 1e-3
    assert stats.kstest(column("loss"), stats.norm(3, 2).cdf).pvalue > 1e-3
    assert abs((column("kind") == "a").mean() - 0.9) < 0.015
    counts = np.bincount(np.log2(column("batch_size")).astype(int))[4:10]
    assert stats.chisquare(counts).pvalue > 1e-3
    assert set(column("depth").tolist()) == {2, 5, 8}


def test_designs_are_even_distinct_and_repeat():
    space = Space({"a": (0.0, 1.0), "b": Integer(1, 64), "c": ["x", "y"]})
    design = space.design(32, 5)
    np.testing.assert_array_equal(design, space.design(32, 5))
    assert not np.array_equal(design, space.design(32, 6))
    assert len(np.unique(design, axis=0)) == 32
    assert (np.histogram(design[:, 0], bins=8, range=(0, 1))[0] == 4).all()  # as even as a Sobol sequence
    small = Space({"a": [1, 2], "b": [1, 2, 3]})
    assert len(np.unique(small.design(6, 0), axis=0)) == 6


def test_constraints_hold_everywhere():
    space = Space({"a": Integer(1, 20), "b": Integer(1, 20)}, constraint=lambda params: params["a"] < params["b"])
    for u in (space.sample(200, np.random.default_rng(0)), space.design(50, 0)):
        assert all(params["a"] < params["b"] for params in space.from_unit(u))
    assert {"a": 3, "b": 2} not in space
    assert len(list(space.enumerate())) == 190
    with pytest.raises(RuntimeError, match="constraint"):
        Space({"a": (0.0, 1.0)}, constraint=lambda params: False).sample(1, np.random.default_rng(0))


def never_below_two(params):
    return params["a"] >= 2


def test_prefixed_spaces_mean_the_same():
    space = Space({**FINITE, "a": (1, 3)}, constraint=never_below_two).prefixed("net__")
    plain = Space({**FINITE, "a": (1, 3)}, constraint=never_below_two)
    expected = {canonical({f"net__{name}": value for name, value in params.items()}) for params in plain.enumerate()}
    assert {canonical(params) for params in space.enumerate()} == expected
    assert {canonical(params) for params in pickle.loads(pickle.dumps(space)).enumerate()} == expected


def test_a_list_is_always_a_set_of_choices():
    space = Space({"a": [64, 128], "b": [1.0, 2.0, "log-uniform"], "c": np.array([1, 2]), "d": [(1, 2), None]})
    assert all(dimension.is_categorical for dimension in space.dimensions)
    assert {params["d"] for params in space.from_unit(space.sample(20, np.random.default_rng(0)))} == {(1, 2), None}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"a": 3}, "3"),
        ({"a": "relu"}, "relu"),
        ({"a": ("x", 1)}, "a tuple with numbers is a range"),
        ({"a": (3, 1)}, "3"),
        ({"a": (0.0, 1.0, "log-uniform")}, "log-uniform"),
        ({"a": (0.0, np.nan)}, "nan"),
        ({"a": []}, "at least one|empty|no "),
        ({"a": [1, 1]}, "1"),
        ({}, "at least one|empty|no "),
        ({"a": [1, 2], "b": Integer(1, 2, when={"c": 1})}, "c"),
        ({"a": [1, 2], "b": Integer(1, 2, when={"a": 3})}, "3"),
        ({"a": Integer(1, 2, when={"b": 1}), "b": Integer(1, 2, when={"a": 1})}, "a"),
    ],
)
def test_bad_spaces_are_refused(spec, message):
    with pytest.raises(ValueError, match=message):
        Space(spec)


def test_bad_settings_are_named():
    space = Space(FINITE)
    good = {"optimizer": "adam", "widths": (8,), "constant": 3}
    assert good in space
    for change, message in [
        ({"optimizer": "lion"}, "'lion' for parameter 'optimizer'"),
        ({"widhts": 1}, "Unknown parameter 'widhts'.*widths"),
        ({"optimizer": "sgd"}, "Missing parameter 'momentum'"),
    ]:
        with pytest.raises(ValueError, match=message):
            space.to_unit([{**good, **change}])


def test_scikit_learn_samples_our_dimensions():
    dimensions = {name: dimension for name, dimension in MIXED.items() if name != "depth"}
    for params in ParameterSampler(dimensions, n_iter=20, random_state=0):
        assert params in Space(dimensions)
