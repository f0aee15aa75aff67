"""The rounds of a zoom: narrower, longer, fewer."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sktune.model_selection._zoom_rule import zoom_rounds


def test_an_int_is_the_number_of_the_first_round():
    rounds = zoom_rounds(3, 27, n_splits=5)
    assert [(r.n_candidates, r.n_carried, r.width) for r in rounds] == [(27, 0, 1.0), (9, 3, 0.5), (3, 3, 0.25)]
    assert [(r.rung.epochs(90), r.rung.n_splits) for r in rounds] == [(10, 2), (30, 2), (90, 5)]


def test_a_list_has_one_number_per_round():
    rounds = zoom_rounds(2, (np.int64(4), 4), reduction_factor=10, zoom_factor=0.1, n_splits=3, n_first_splits=3)
    assert [(r.n_candidates, r.width) for r in rounds] == [(4, 1.0), (4, 0.1)]
    assert [(r.rung.epochs(50), r.rung.n_splits) for r in rounds] == [(5, 3), (50, 3)]


@pytest.mark.parametrize("n_candidates", [[], [1, 2], [3, 2, 1, 1], [3, 2, 0], [3, 2.0, 1], [3, True, 1], ["3", 2, 1]])
def test_bad_numbers_are_explained(n_candidates):
    with pytest.raises(ValueError, match="n_candidates must be an int or one positive int for each of n_rounds=3"):
        zoom_rounds(3, n_candidates)


@given(st.integers(1, 8), st.integers(1, 500), st.floats(0.01, 1), st.floats(1.01, 10), st.integers(1, 10))
def test_from_coarse_to_fine(n_rounds, n_candidates, zoom_factor, reduction_factor, n_splits):
    options = {"zoom_factor": zoom_factor, "reduction_factor": reduction_factor, "n_splits": n_splits}
    rounds = zoom_rounds(n_rounds, n_candidates, **options)
    assert len(rounds) == n_rounds
    assert rounds[0].width == 1
    assert rounds[0].n_candidates == n_candidates
    assert rounds[-1].rung == (1, n_splits)
    for coarse, fine in pairwise(rounds):
        assert coarse.n_candidates >= fine.n_candidates >= 1
        assert coarse.width >= fine.width > 0
        assert coarse.rung.share < fine.rung.share
        assert coarse.rung.n_splits <= fine.rung.n_splits
        assert fine.n_carried >= 1
