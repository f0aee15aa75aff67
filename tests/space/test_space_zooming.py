"""Zooming: the part of a space around a setting."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sktune.space import Categorical, Integer, Real, Space

MIXED = {
    "lr": Real(1e-4, 1e-1, "log-uniform"),
    "momentum": Real(0.0, 1.0),
    "rate": Real(0.0, 0.9, step=0.1),
    "width": Integer(8, 512, "power-of-two"),
    "units": Integer(1, 100, "log-uniform"),
    "depth": Integer(1, 6, step=1),
    "penalty": stats.loguniform(1e-6, 1.0),
    "count": stats.randint(1, 9),
    "optimizer": ["sgd", "adam"],
    "decay": Real(0.0, 1.0, when={"optimizer": "adam"}),
    "second": Integer(1, 9, when={"depth": [2, 3]}),
}


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 1000), width=st.floats(0.01, 1.0))
def test_settings_of_the_part_are_settings_of_the_whole_near_the_middle(seed, width):
    space, rng = Space(MIXED), np.random.default_rng(seed)
    (middle,) = space.from_unit(space.sample(1, rng))
    part = space.zoomed(middle, width)
    assert part.names == space.names
    assert middle in part
    drawn = part.from_unit(part.sample(20, rng))
    assert all(params in space for params in drawn)
    u, drawn_u = space.to_unit([middle])[0], space.to_unit(drawn)
    for name in ("lr", "momentum", "penalty"):
        column = space.names.index(name)
        assert np.abs(drawn_u[:, column] - u[column]).max() <= max(width, width / 2) + 1e-9
        assert np.ptp(drawn_u[:, column]) <= width + 1e-9


def test_widths_are_on_the_scale_of_the_prior():
    part = Space(MIXED).zoomed({**_first(), "lr": 1e-2, "units": 10, "penalty": 1e-3}, 1 / 3)
    bounds = dict(zip(part.names, (dimension.bounds for dimension in part.dimensions), strict=True))
    np.testing.assert_allclose(bounds["lr"], (10**-2.5, 10**-1.5))
    np.testing.assert_allclose(bounds["penalty"], (1e-4, 1e-2), rtol=1e-6)
    np.testing.assert_allclose(bounds["momentum"], (0.0, 1 / 3))  # moved inwards, not cut


def test_choices_and_what_conditions_refer_to_stay_whole():
    part = Space(MIXED).zoomed(_first(), 0.1)
    dimensions = dict(zip(part.names, part.dimensions, strict=True))
    assert dimensions["optimizer"].categories == ("sgd", "adam")
    assert dimensions["depth"].bounds == (1, 6)
    assert dimensions["width"] == Categorical([8])
    assert dimensions["decay"].when == {"optimizer": "adam"}


def test_a_constraint_stays():
    space = Space({"a": (0.0, 1.0), "b": (0.0, 1.0)}, constraint=lambda params: params["a"] < params["b"])
    part = space.zoomed({"a": 0.4, "b": 0.5}, 0.5)
    drawn = part.from_unit(part.sample(50, np.random.default_rng(0)))
    assert all(params["a"] < params["b"] for params in drawn)


def test_the_whole_width_changes_nothing():
    space = Space({name: MIXED[name] for name in ("lr", "momentum", "rate", "width", "units", "optimizer")})
    params = {name: value for name, value in _first().items() if name in space.names}
    assert space.zoomed(params, 1) == space


@pytest.mark.parametrize("width", [0, -1, 1.5, np.nan, "half", None, True])
def test_the_width_is_a_share(width):
    with pytest.raises(ValueError, match="width must be a number above 0 and at most 1"):
        Space({"a": (0.0, 1.0)}).zoomed({"a": 0.5}, width)


def _first():
    return {"lr": 1e-2, "momentum": 0.0, "rate": 0.0, "width": 8, "units": 1, "depth": 1, "penalty": 1e-3, "count": 1,
            "optimizer": "sgd"}  # fmt: skip
