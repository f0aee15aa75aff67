"""Dropout leaves no pattern between units, and draws from its own stream."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sktune.modules import Dropout, MaskStream


def layer_with_seed(p, seed=0, n_units=512):
    layer = Dropout(p)
    layer.stream = MaskStream(n_units, torch.Generator().manual_seed(seed))
    return layer


@settings(deadline=None, max_examples=100)
@given(p=st.floats(0, 1, exclude_max=True), shape=st.lists(st.integers(0, 7), min_size=1, max_size=3))
def test_kept_units_are_scaled_by_one_over_the_probability_of_being_kept(p, shape):
    dropped = layer_with_seed(p)(torch.ones(shape, dtype=torch.float64))
    assert dropped.shape == torch.Size(shape)
    rounded = min(round(p * 2**16), 2**16 - 1) / 2**16
    assert set(dropped.flatten().tolist()) <= {0.0, 1 / (1 - rounded)}


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_mean_is_kept(p):
    x = torch.linspace(1, 3, 400_000)
    assert layer_with_seed(p, n_units=len(x))(x).mean().item() == pytest.approx(2.0, abs=0.03)


def test_each_unit_is_dropped_at_the_same_rate_and_independently_of_its_neighbours():
    # four units share one random number: were its bits of different quality, every fourth unit would differ
    zeros = torch.stack([layer_with_seed(0.5, seed)(torch.ones(16)) == 0 for seed in range(4000)]).double().numpy()
    standard_error = 0.5 / np.sqrt(len(zeros))
    assert np.abs(zeros.mean(axis=0) - 0.5).max() < 5 * standard_error
    correlations = np.corrcoef(zeros, rowvar=False)[np.triu_indices(16, k=1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(len(zeros))


def test_successive_masks_differ():
    layer = layer_with_seed(0.5)
    assert not torch.equal(layer(torch.ones(64)), layer(torch.ones(64)))


def test_masks_depend_on_the_stream_alone():
    before = torch.get_rng_state()
    first = layer_with_seed(0.5, 1)(torch.ones(100))
    assert torch.equal(torch.get_rng_state(), before)
    assert_array_equal(first, layer_with_seed(0.5, 1)(torch.ones(100)))
    assert not torch.equal(first, layer_with_seed(0.5, 2)(torch.ones(100)))


def test_without_a_stream_torchs_global_one_decides():
    state = torch.get_rng_state()
    first = Dropout(0.5)(torch.ones(100))
    assert not torch.equal(torch.get_rng_state(), state)
    torch.set_rng_state(state)
    assert_array_equal(first, Dropout(0.5)(torch.ones(100)))


@pytest.mark.parametrize("layer", [Dropout(0.7).eval(), Dropout(0.0), Dropout(2.0**-18)], ids=["eval", "0", "tiny"])
def test_input_passes_unchanged_where_nothing_is_dropped(layer):
    x = torch.randn(10, generator=torch.Generator().manual_seed(0))
    assert layer(x) is x


def test_input_may_have_any_strides():
    x = torch.ones(6, 5).T
    assert_array_equal(layer_with_seed(0.5)(x), layer_with_seed(0.5)(x.contiguous()))


def test_repr_shows_p():
    assert repr(Dropout(0.25)) == "Dropout(p=0.25)"
