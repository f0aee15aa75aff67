"""The table of importances reads well, and becomes a data frame where pandas is installed."""

import dataclasses
import sys

import numpy as np
import pytest

from sktune.inspection import ParameterImportance


def make(**changes):
    fields = {
        "names": ("net__lr", "n"),
        "first_order": np.array([0.5, 0.1]),
        "first_order_std": np.array([0.1, 0.01]),
        "total": np.array([0.75, 0.0]),
        "total_std": np.array([0.2, 0.0]),
        "interaction": 0.4,
        "interaction_std": 0.05,
        "loo_r2": 0.9,
        "n_candidates": 30,
        "n_failed": 0,
        "scale": "raw",
    }
    return ParameterImportance(**{**fields, **changes})


def test_the_table_is_what_a_notebook_shows():
    text = str(make())
    assert repr(make()) == text
    lines = text.splitlines()
    assert lines[0] == "Importance of 2 parameters, from 30 candidates"
    assert lines[2].split() == ["net__lr", "0.75", "±", "0.20", "0.50", "±", "0.10", "#" * 15]
    assert lines[3].split() == ["n", "0.00", "±", "0.00", "0.10", "±", "0.01"]
    assert "variance of the scores" in lines[-1]
    assert lines[-1].endswith("R2 = 0.90.")
    assert len({line.index("±") for line in lines[2:4]}) == 1


def test_it_counts_failures_and_knows_one_parameter_from_several():
    one = {"names": ("lr",), **{name: np.ones(1) for name in ("first_order", "first_order_std", "total", "total_std")}}
    assert str(make(n_failed=3, **one)).startswith("Importance of 1 parameter, from 30 candidates (3 failed)\n")


def test_it_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make().loo_r2 = 1.0


def test_it_becomes_a_data_frame():
    frame = make().to_frame()
    assert list(frame.index) == ["net__lr", "n"]
    assert frame.loc["net__lr", "total"] == 0.75
    assert list(frame.columns) == ["total", "total_std", "first_order", "first_order_std"]


def test_without_pandas_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install 'sktune\[dataframe\]'"):
        make().to_frame()
