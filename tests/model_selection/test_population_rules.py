"""The rules of population based training, alone: on scores that are replayed, and in spaces of all kinds."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from sktune import NetClassifier
from sktune.model_selection._lineage import schedule_of
from sktune.model_selection._mutable import mutable_params
from sktune.model_selection._population import exploit, explore, generation_ends
from sktune.space import Categorical, Integer, Real, Space

SPACES = [
    Space({"lr": Real(1e-4, 1.0, "log-uniform")}),
    Space({"lr": (1e-4, 1e-1, "log-uniform"), "batch": Integer(8, 256, "power-of-two"), "n": (1, 4), "k": ["a", "b"]}),
    Space({"opt": ["adam", "sgd"], "momentum": Real(0, 1, when={"opt": "sgd"}), "n_layers": (1, 3)}),
    Space({"a": Integer(1, 100, "log-uniform"), "b": (1, 9)}, constraint=lambda p: p["a"] > p["b"]),
    Space({"a": Real(0, 1, step=0.25), "fixed": [3]}),
]


def rng(seed=0):
    return np.random.default_rng(seed)


# -- generations -------------------------------------------------------------------------------------------------------


@given(max_epochs=st.integers(1, 300), n_generations=st.integers(1, 50))
def test_generations_share_the_epochs(max_epochs, n_generations):
    ends = generation_ends(max_epochs, n_generations)
    lengths = np.diff([0, *ends])
    assert len(ends) == min(max_epochs, n_generations)
    assert ends[-1] == max_epochs
    assert lengths.min() >= 1
    assert np.ptp(lengths) <= 1


# -- who copies whom ---------------------------------------------------------------------------------------------------


def pairs_of(scores, quantile=0.2, seed=0, can_be_copied=None):
    can_be_copied = [True] * len(scores) if can_be_copied is None else can_be_copied
    return exploit(scores, quantile, rng(seed), can_be_copied=can_be_copied)


def test_the_worst_fifth_copies_the_best_fifth():
    scores = np.arange(20.0)
    seen = [pairs_of(scores, seed=seed) for seed in range(50)]
    assert {tuple(loser for loser, _ in pairs) for pairs in seen} == {(0, 1, 2, 3)}
    assert {winner for pairs in seen for _, winner in pairs} == {16, 17, 18, 19}


@pytest.mark.parametrize(("n", "quantile", "n_replaced"), [(2, 0.5, 1), (3, 0.2, 1), (5, 0.5, 2), (100, 0.29, 29)])
def test_how_many_are_replaced(n, quantile, n_replaced):
    assert len(pairs_of(np.arange(float(n)), quantile)) == n_replaced


def test_failures_are_replaced_and_count_among_the_worst():
    nan = math.nan
    assert [loser for loser, _ in pairs_of([5, nan, 3, 4, 1, 2, 9, 8, 7, 6], 0.3)] == [1, 4, 5]
    assert pairs_of([nan, 1.0, nan, nan]) in [[(0, 1), (2, 1), (3, 1)]]
    assert pairs_of([nan, nan]) == []


def test_only_what_goes_on_can_be_copied():
    assert pairs_of([1, 2, 3, 4], can_be_copied=[True, True, True, False]) == []
    assert pairs_of([1, 2, 3, 4], 0.5, can_be_copied=[True, True, True, False]) == [(0, 2), (1, 2)]


scores_lists = st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), min_size=1, max_size=30)


@given(scores=scores_lists, quantile=st.floats(0.01, 0.5), seed=st.integers(0, 5))
def test_properties_of_a_replacement(scores, quantile, seed):
    pairs = pairs_of(scores, quantile, seed)
    losers, winners = [loser for loser, _ in pairs], {winner for _, winner in pairs}
    failed = {member for member, score in enumerate(scores) if math.isnan(score)}
    assert len(losers) == len({*losers})
    assert not winners & failed
    assert not winners & {*losers}
    if len(failed) < len(scores):
        assert failed <= {*losers}
        assert len(losers) <= max(len(failed), 1, quantile * len(scores) + 1e-6)
    assert all(math.isnan(scores[loser]) or scores[loser] <= scores[winner] for loser, winner in pairs)
    assert pairs == pairs_of(scores, quantile, seed)


def test_a_replayed_population_ends_at_the_best_curve():
    """Members whose score grows at a rate of their own; a copy goes on from the score and the rate that it copies."""
    rates, totals, generator = list(range(1, 11)), [0.0] * 10, rng()
    for _ in range(8):
        totals = [total + rate for total, rate in zip(totals, rates, strict=True)]
        for loser, winner in exploit(totals, 0.2, generator, can_be_copied=[True] * 10):
            totals[loser], rates[loser] = totals[winner], rates[winner]
    assert sorted(rates)[-6:] >= [9] * 6
    assert max(totals) == 80


# -- how settings change -----------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    space=st.sampled_from(SPACES),
    seed=st.integers(0, 1000),
    resample_probability=st.sampled_from([0.0, 0.25, 1.0]),
    perturbation=st.sampled_from([0.001, 0.1, 1.0]),
    data=st.data(),
)
def test_new_settings_are_in_the_space_and_keep_what_is_fixed(space, seed, resample_probability, perturbation, data):
    (params,) = space.from_unit(space.sample(1, rng(seed)))
    mutable = data.draw(st.sets(st.sampled_from(space.names)))
    rule = {"mutable": mutable, "resample_probability": resample_probability, "perturbation": perturbation}
    new = explore(space, params, rng(seed), **rule)
    assert new in space
    assert new == explore(space, params, rng(seed), **rule)
    unconditional = [name for name in space.names if not space[name][1].conditions]
    assert all(new[name] == params[name] for name in unconditional if name not in mutable)
    assert [*new] == [name for name in space.names if name in new]  # in order, and no inactive ones


def many(space, params, n=300, resample_probability=0.0, perturbation=0.1, mutable=None):
    rule = {"resample_probability": resample_probability, "perturbation": perturbation}
    return [explore(space, params, rng(seed), mutable=mutable or space.names, **rule) for seed in range(n)]


def test_a_step_is_a_share_of_the_range_under_the_prior():
    space = Space({"lr": Real(1e-4, 1.0, "log-uniform")})
    assert {round(p["lr"], 9) for p in many(space, {"lr": 1e-2}, perturbation=0.25)} == {1e-3, 1e-1}


def test_steps_end_at_the_ends_of_the_range():
    assert {p["x"] for p in many(Space({"x": Real(0, 1)}), {"x": 0.95})} == {1.0, 0.85}


@pytest.mark.parametrize("prior", ["uniform", "log-uniform"])
def test_integers_go_at_least_to_the_next_one(prior):
    space = Space({"n": Integer(1, 100, prior)})
    assert {1, 2} < {p["n"] for n in (1, 2, 3) for p in many(space, {"n": n}, perturbation=1e-4)} <= {1, 2, 3, 4}


def test_choices_change_only_when_drawn_anew():
    space = Space({"k": ["a", "b", "c"], "x": (0.0, 1.0)})
    assert {p["k"] for p in many(space, {"k": "b", "x": 0.5})} == {"b"}
    changed = [p["k"] for p in many(space, {"k": "b", "x": 0.5}, resample_probability=0.3)]
    assert 0.12 < np.mean([k != "b" for k in changed]) < 0.28  # two of three draws are another one


def test_a_parameter_that_becomes_active_is_drawn():
    space = SPACES[2]
    new = many(space, {"opt": "adam", "n_layers": 2}, resample_probability=0.5, mutable={"opt", "momentum"})
    momenta = {p["momentum"] for p in new if p["opt"] == "sgd"}
    assert len(momenta) > 50
    assert all("momentum" not in p for p in new if p["opt"] == "adam")


def test_what_does_not_change_is_the_same_object():
    marks = [(1, 2), (3, 4)]
    space = Space({"mark": Categorical(marks), "x": (0.0, 1.0), "y": Real(0.1, 0.7)})
    params = {"mark": marks[1], "x": 0.3, "y": 0.1 + 0.2}
    new = many(space, params, mutable={"x"})
    assert all(p["mark"] is marks[1] and p["y"] is params["y"] for p in new)


def test_a_copy_differs_if_that_is_possible():
    space = Space({"a": [1, 2], "b": [1, 2]}, constraint=lambda p: p["a"] == p["b"])
    assert all(p == {"a": 2, "b": 2} for p in many(space, {"a": 1, "b": 1}, resample_probability=0.5))
    assert many(Space({"a": [1]}), {"a": 1}, n=1) == [{"a": 1}]


# -- what may change ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estimator", "space", "fixed_params", "expected"),
    [
        (
            NetClassifier(),
            NetClassifier.default_search_space(500, 9),
            None,
            "batch_size dropout lr lr_schedule weight_decay",
        ),
        (NetClassifier(), {"lr": (0.1, 1.0), "l1": (0.1, 1.0), "random_state": [1, 2]}, ["l1"], "lr"),
        (
            MLPClassifier(),
            {"alpha": (0.1, 1.0), "learning_rate_init": (0.1, 1.0), "batch_size": (8, 64)},
            None,
            "alpha batch_size",
        ),
        (
            make_pipeline(PCA(), SGDClassifier()),
            {"pca__n_components": (1, 3), "sgdclassifier__alpha": (0.1, 1.0)},
            None,
            "sgdclassifier__alpha",
        ),
        (
            Pipeline([("outer", Pipeline([("scale", None), ("net", NetClassifier())]))]),
            {"outer__net__lr": (0.1, 1.0), "outer__net__n_neurons": (1, 9), "outer__scale": [None, "passthrough"]},
            None,
            "outer__net__lr",
        ),
        (
            NetClassifier(),
            {
                "lr": (0.1, 1.0),
                "optimizer": ["sgd", "adam"],
                "lr_schedule": Categorical(["step", "cosine"], when={"optimizer": "sgd"}),
                "n_neurons": Integer(1, 9, when={"lr_schedule": "step"}),
            },
            None,
            "lr",  # a choice that the shape depends on cannot change, nor what that choice depends on
        ),
    ],
    ids=["net", "named", "mlp", "pipeline", "nested", "conditions"],
)
def test_what_may_change(estimator, space, fixed_params, expected):
    assert sorted(mutable_params(estimator, Space(space), fixed_params)) == expected.split()


# -- the line of copies ------------------------------------------------------------------------------------------------


def test_a_schedule_follows_the_parents():
    params = [{"lr": number} for number in range(5)]
    results = {"params": params, "parent": [-1, -1, 1, 2, 0], "n_inherited_epochs": [0, 0, 3, 9, 6]}
    assert schedule_of(results, 3, 12) == [(3, {"lr": 1}), (9, {"lr": 2}), (12, {"lr": 3})]
    assert schedule_of(results, 0, 12) == [(12, {"lr": 0})]
