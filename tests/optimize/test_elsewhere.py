"""Proposals in other parts of the space, where nothing is left to gain around the best point."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sktune.optimize import Optimizer, _proposer
from sktune.optimize._elsewhere import FarAway, OtherKind, draw_elsewhere, has_stalled
from sktune.space import Categorical, Integer, Real, Space

KINDS = Space(
    {
        "model": Categorical(["tree", "net"]),
        "depth": Integer(1, 20, when={"model": "tree"}),
        "rate": Real(1e-4, 1.0, "log-uniform", when={"model": "net"}),
        "solver": Categorical(["sgd", "adam", "none"], when={"model": "net"}),
        "seed": Categorical(["only"]),
    }
)
NUMBERS = Space({"x": Real(0.0, 1.0), "y": Real(0.0, 1.0)})


def drawn(space, best, n_draws=200):
    return [draw_elsewhere(space, best, np.random.default_rng(seed)) for seed in range(n_draws)]


@pytest.mark.parametrize("seed", range(5))
def test_the_point_itself_is_never_elsewhere(seed):
    rng = np.random.default_rng(seed)
    for space in (KINDS, NUMBERS):
        best = space.sample(1, rng)
        assert not any(part.contains(best).any() for part in drawn(space, best[0], 20))


def test_every_other_category_of_what_is_active_has_its_turn():
    best = KINDS.to_unit([{"model": "net", "rate": 0.1, "solver": "adam", "seed": "only"}])[0]
    points = KINDS.sample(500, np.random.default_rng(0))
    params = KINDS.from_unit(points)
    found = set()
    for part in drawn(KINDS, best):
        inside = part.contains(points)
        kinds = {(one["model"], one.get("solver")) for one, is_in in zip(params, inside, strict=True) if is_in}
        found.add(frozenset(kinds))
    assert found == {frozenset({("tree", None)}), frozenset({("net", "sgd")}), frozenset({("net", "none")})}
    from_tree = drawn(KINDS, KINDS.to_unit([{"model": "tree", "depth": 3, "seed": "only"}])[0])
    assert all(part.contains(points).sum() == sum(one["model"] == "net" for one in params) for part in from_tree)


def test_the_nearest_points_of_another_kind_are_allowed_and_differ_in_what_they_must():
    rng = np.random.default_rng(0)
    tree = KINDS.to_unit([{"model": "tree", "depth": depth, "seed": "only"} for depth in range(1, 21)])
    dim = KINDS.names.index("model")
    point = KINDS.to_unit([{"model": "net", "rate": 1.0, "solver": "sgd", "seed": "only"}])[0]
    net = OtherKind(KINDS, dim, point[dim])
    moved = net.nearest(tree, rng)
    assert len(moved) == 20
    assert net.contains(moved).all()
    assert_array_equal(KINDS.snap(moved), moved)
    assert len({params["rate"] for params in KINDS.from_unit(moved)}) == 20  # what the tree has no value for is drawn
    own = KINDS.sample(50, rng)
    own = own[net.contains(own)]
    assert_array_equal(net.nearest(own, rng), own)


def test_what_a_constraint_forbids_is_not_elsewhere_either():
    space = Space(
        {"kind": Categorical(["a", "b"]), "n": Integer(1, 10)},
        constraint=lambda params: params["kind"] == "a" or params["n"] < 4,
    )
    points = space.to_unit([{"kind": "a", "n": n} for n in range(1, 11)])
    part = draw_elsewhere(space, points[0], np.random.default_rng(0))
    assert [params["n"] for params in space.from_unit(part.nearest(points, np.random.default_rng(0)))] == [1, 2, 3]


def test_far_away_is_a_fifth_of_the_range_in_the_mean():
    part = FarAway(np.array([0.5, 0.5]))
    points = np.array([[0.5, 0.5], [0.5, 0.77], [0.5, 0.8], [0.71, 0.71], [0.69, 0.69]])
    assert part.contains(points).tolist() == [False, False, True, True, False]
    assert_array_equal(part.nearest(points, np.random.default_rng(0)), points[[2, 3]])


# -- in the optimizer --------------------------------------------------------------------------------------------------


BRANCHES = Space(
    {
        "model": Categorical(["tree", "net"]),
        "depth": Real(1.0, 20.0, when={"model": "tree"}),
        "rate": Real(1e-4, 1.0, "log-uniform", when={"model": "net"}),
        "dropout": Real(0.0, 0.9, when={"model": "net"}),
        "width": Real(0.0, 1.0, when={"model": "net"}),
    }
)


def best_of(score, space, seed, n_asks):
    optimizer = Optimizer(space, random_state=seed)
    for _ in range(n_asks):
        params = optimizer.ask()
        optimizer.tell(params, score(params))
    return optimizer.best_score


@pytest.mark.parametrize("seed", range(4))
def test_another_kind_than_the_best_gets_its_chance(seed):
    """The trees' maximum is known exactly; the few networks that were tried are far below it."""
    optimizer = Optimizer(BRANCHES, random_state=seed)
    depths = np.linspace(1.0, 20.0, 20)
    optimizer.tell([{"model": "tree", "depth": depth} for depth in depths], list(0.9 - 0.01 * (depths - 9.0) ** 2))
    rates = (1e-4, 1e-3, 1e-2, 1e-1)
    optimizer.tell([{"model": "net", "rate": rate, "dropout": 0.5, "width": 0.5} for rate in rates], [-0.5] * 4)
    kinds = []
    for _ in range(8):
        params = optimizer.ask()
        kinds.append(params["model"])
        optimizer.tell(params, 0.9 - 0.01 * (params["depth"] - 9.0) ** 2 if kinds[-1] == "tree" else -0.5)
    assert kinds.count("net") >= 2


def test_proposals_stay_where_there_is_much_to_gain(monkeypatch):
    calls = []
    monkeypatch.setattr(_proposer, "draw_elsewhere", lambda *args: calls.append(args) or draw_elsewhere(*args))
    best_of(lambda params: params["x"] + params["y"], NUMBERS, 0, 6)
    assert not calls
    best_of(lambda params: -((params["x"] - 0.3) ** 2) - params["y"] ** 2, NUMBERS, 0, 40)
    assert calls


@pytest.mark.parametrize("seed", range(2))
def test_proposals_go_elsewhere_where_nothing_gets_better_though_noise_is_expected_to(monkeypatch, seed):
    def numbers_of_proposals_elsewhere():
        rng, numbers = np.random.default_rng(seed), []
        monkeypatch.setattr(
            _proposer, "draw_elsewhere", lambda *args: numbers.append(len(scores)) or draw_elsewhere(*args)
        )
        optimizer = Optimizer(NUMBERS, random_state=seed)
        scores = []
        for _ in range(40):
            params = optimizer.ask()
            scores.append(rng.normal())
            optimizer.tell(params, scores[-1])
        return numbers, scores

    numbers, scores = numbers_of_proposals_elsewhere()
    assert numbers
    assert all(np.argmax(scores[:number]) < number - 12 for number in numbers)
    monkeypatch.setattr(_proposer, "has_stalled", lambda outcomes: False)
    assert not numbers_of_proposals_elsewhere()[0]


@given(st.lists(st.floats(-1.0, 1.0) | st.just(-math.inf), max_size=40))
def test_a_search_has_stalled_until_a_better_score_comes(scores):
    finite = [score for score in scores if score > -math.inf]
    assert has_stalled(scores) == (len(finite) > 12 and finite.index(max(finite)) < len(finite) - 12)
    if finite:
        assert not has_stalled([*scores, max(finite) + 1.0])
