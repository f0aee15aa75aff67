"""Hyperband's brackets are those of the paper's table, and its survivors the best."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sktune.model_selection._brackets import brackets, spread, survivors
from sktune.model_selection._halving import Rung
from sktune.model_selection._learning_curves import lifted

#: Table 1 of Li et al. (JMLR 2018), R = 81 and eta = 3: (n_i, r_i) by bracket.
TABLE = [
    [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
    [(27, 3), (9, 9), (3, 27), (1, 81)],
    [(9, 9), (3, 27), (1, 81)],
    [(6, 27), (2, 81)],
    [(5, 81)],
]


def plan(max_epochs, **options):
    return [
        [(stage.n_candidates, stage.rung.epochs(max_epochs)) for stage in bracket]
        for bracket in brackets(max_epochs, **options)
    ]


def test_the_table_of_the_paper():
    assert plan(81) == TABLE
    assert plan(810, min_epochs=10) == [[(n, 10 * r) for n, r in bracket] for bracket in TABLE]


@pytest.mark.parametrize(("max_epochs", "factor", "n_brackets"), [(243, 3, 6), (125, 5, 4), (1000, 10, 4), (242, 3, 5)])
def test_logarithms_that_round_badly(max_epochs, factor, n_brackets):
    assert len(plan(max_epochs, reduction_factor=factor)) == n_brackets
    assert plan(max_epochs, reduction_factor=factor)[0][0][0] == factor ** (n_brackets - 1)


def test_splits_and_epochs_that_are_no_power():
    (first, *_) = brackets(100, n_splits=5)
    assert [stage.rung.n_splits for stage in first] == [2, 2, 2, 2, 5]
    assert [stage.rung.epochs(100) for stage in first] == [1, 4, 11, 33, 100]
    assert plan(2) == [[(1, 2)]]
    with pytest.raises(ValueError, match="min_epochs=3 is more than the 2 epochs"):
        brackets(2, min_epochs=3)


@given(st.integers(1, 3000), st.integers(2, 6), st.integers(1, 50))
def test_every_bracket_spends_what_is_allotted_to_it(max_epochs, factor, min_epochs):
    if min_epochs > max_epochs:
        return
    ladders = brackets(max_epochs, reduction_factor=factor, min_epochs=min_epochs)
    assert [len(bracket) for bracket in ladders] == list(range(len(ladders), 0, -1))
    for bracket in ladders:
        numbers = [stage.n_candidates for stage in bracket]
        epochs = [stage.rung.epochs(max_epochs) for stage in bracket]
        assert all(few * factor == many for many, few in pairwise(numbers))
        assert epochs == sorted(epochs)
        assert epochs[-1] == max_epochs
        assert epochs[0] >= min_epochs
        in_trainings = sum(stage.n_candidates * stage.rung.share for stage in bracket)
        assert in_trainings <= len(ladders) * (1 + 1e-9)
        assert in_trainings > len(ladders) / 2  # and the bracket does not waste it
        trained = sum(n * (now - before) for n, now, before in zip(numbers, epochs, [0, *epochs], strict=False))
        assert trained <= len(ladders) * max_epochs


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, math.nan]), max_size=12), st.integers(0, 12))
def test_survivors_are_the_best_and_of_equals_the_first(scores, n):
    kept = survivors(dict(enumerate(scores)), n)
    known = [index for index, score in enumerate(scores) if not math.isnan(score)]
    assert len(kept) == min(n, len(known))
    assert kept == sorted(kept, key=lambda index: (-scores[index], index))
    lost = set(known) - set(kept)
    assert all((scores[k], -k) > (scores[index], -index) for k in kept for index in lost)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=6), st.integers(1, 200))
def test_a_small_space_is_spread_over_the_brackets(planned, n_points):
    sizes = spread(planned, n_points)
    assert sum(sizes) == min(n_points, sum(planned))
    assert all(0 <= size <= wanted for size, wanted in zip(sizes, planned, strict=True))
    assert spread(planned, math.inf) == planned


def test_scores_are_lifted_by_what_training_brings():
    low, middle, high = Rung(0.1, 2), Rung(0.3, 2), Rung(1.0, 5)
    scores = {
        low: {0: 0.1, 1: 0.2, 2: math.nan, 3: 0.0},
        middle: {0: 0.3, 1: 0.5},  # + 0.2 and + 0.3
        high: {1: 0.6, 4: 0.9},  # + 0.1; the other was trained at once
    }
    told = {(index, rung.share): score for index, score, rung in lifted(scores)}
    assert told.pop((2, 0.1)) != told.get((2, 0.1))  # NaN stays
    expected = {(0, 0.1): 0.45, (1, 0.1): 0.55, (3, 0.1): 0.35, (0, 0.3): 0.4, (1, 0.3): 0.6, (1, 1): 0.6, (4, 1): 0.9}
    assert told == pytest.approx(expected)
    assert lifted({}) == []
