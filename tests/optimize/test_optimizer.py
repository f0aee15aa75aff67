"""Asking and telling: what is proposed first, what never again, what is remembered, and what is refused."""

import copy
import itertools
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktune.exceptions import SpaceExhaustedError
from sktune.optimize import Optimizer, _surrogate
from sktune.optimize._gp import GaussianProcess
from sktune.space import Categorical, Integer, Real, Space

SPACE = {"x": (-2.0, 2.0), "n": (1, 50, "log-uniform"), "kind": ["a", "b", "c"]}


def score_of(params):
    return -((params["x"] - 0.5) ** 2) - abs(np.log(params["n"] / 10)) - (params["kind"] == "b")


def tune(optimizer, n_points, function=score_of):
    """Ask and tell one by one; return what was asked."""
    asked = []
    for _ in range(n_points):
        asked.append(optimizer.ask())
        optimizer.tell(asked[-1], function(asked[-1]))
    return asked


def keys(space, asked):
    return [Space(space).key(params) for params in asked]


# -- proposals ---------------------------------------------------------------------------------------------------------


def test_the_first_points_are_the_design_of_the_space():
    first, second = (Optimizer(SPACE, random_state=3, n_initial_points=10) for _ in range(2))
    asked = tune(first, 10)
    assert asked == second.ask(10)  # without any score
    coordinates = np.sort(Space(SPACE).to_unit(asked)[:, 2])
    assert (np.abs(coordinates - np.linspace(0.05, 0.95, 10)) < 0.15).all()  # of x: even, as random points are not


@pytest.mark.parametrize(
    ("space", "n_initial_points"),
    [({"x": (0.0, 1.0), "n": (1, 9)}, 5), ({"x": (0.0, 1.0), "kind": ["a", "b"]}, 10)],
)
def test_spaces_with_categories_have_more_initial_points(space, n_initial_points):
    optimizer = Optimizer(space, random_state=0)
    tune(optimizer, n_initial_points, lambda params: params["x"])
    assert not optimizer._surrogate.hyperparameters
    optimizer.ask()
    assert optimizer._surrogate.hyperparameters


def test_after_the_first_points_the_surrogate_proposes():
    optimizer = Optimizer(SPACE, random_state=0, n_initial_points=5)
    tune(optimizer, 5)
    assert not optimizer._surrogate.hyperparameters
    optimizer.ask()
    assert optimizer._surrogate.hyperparameters


def test_a_list_of_points_is_what_asking_one_by_one_gives():
    one, many = Optimizer(SPACE, random_state=1), Optimizer(SPACE, random_state=1)
    tune(one, 12)
    tune(many, 12)
    assert [one.ask() for _ in range(4)] == many.ask(4)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_pending_is_left_alone_and_what_is_forgotten_is_not(seed):
    optimizer = Optimizer({"x": (0.0, 1.0), "y": (0.0, 1.0)}, random_state=seed, n_initial_points=10)
    tune(optimizer, 11, lambda params: np.sin(9 * params["x"]) + np.cos(7 * params["y"]))
    first = optimizer.ask()  # not the cautious one after the initial points, which has many equals
    forgetful = copy.deepcopy(optimizer)
    forgetful.forget(first)
    away, near = (np.subtract(list(one.ask().values()), list(first.values())) for one in (optimizer, forgetful))
    assert np.linalg.norm(near) < 1e-3 < 0.02 < np.linalg.norm(away)


def test_forgotten_points_count_no_longer_but_do_not_come_back():
    optimizer = Optimizer(SPACE, random_state=0)
    batch = optimizer.ask(3)
    optimizer.forget(batch[0])
    optimizer.forget(batch[1:])
    assert not optimizer._history.pending
    asked = tune(optimizer, 20)
    assert not set(keys(SPACE, batch)) & set(keys(SPACE, asked))


def test_initial_params_come_first_in_their_order_and_once():
    first = [{"x": 0.5, "n": 7, "kind": "b"}, {"x": -1.0, "n": 1, "kind": "a"}]
    optimizer = Optimizer(SPACE, random_state=0, initial_params=[*first, first[0]])
    asked = tune(optimizer, 12)
    assert asked[:2] == first
    assert len(set(keys(SPACE, asked))) == 12


def test_initial_params_that_were_told_before_are_not_asked():
    first = [{"x": 0.5, "n": 7, "kind": "b"}, {"x": -1.0, "n": 1, "kind": "a"}]
    optimizer = Optimizer(SPACE, random_state=0, initial_params=first)
    optimizer.tell(first[0], 1.0)
    assert optimizer.ask() == first[1]


def test_known_results_replace_the_design():
    known = Optimizer(SPACE, random_state=5).ask(30)
    optimizer = Optimizer(SPACE, random_state=0)
    optimizer.tell(known, [score_of(params) for params in known])
    assert (optimizer.n_told, optimizer.params_list) == (30, known)
    proposal = optimizer.ask()
    assert optimizer._surrogate.hyperparameters
    assert Space(SPACE).key(proposal) not in keys(SPACE, known)
    assert abs(proposal["x"] - 0.5) < 1.0
    assert proposal["kind"] != "b"


# -- the same answer everywhere ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_an_int_gives_the_same_proposals_every_time(seed):
    assert tune(Optimizer(SPACE, random_state=seed), 16) == tune(Optimizer(SPACE, random_state=seed), 16)


def test_other_seeds_give_other_proposals():
    assert tune(Optimizer(SPACE, random_state=0), 3) != tune(Optimizer(SPACE, random_state=1), 3)


def test_a_random_state_advances_and_none_differs():
    source = np.random.RandomState(0)
    first, second = Optimizer(SPACE, random_state=source), Optimizer(SPACE, random_state=source)
    again = Optimizer(SPACE, random_state=np.random.RandomState(0))
    assert first.ask(3) == again.ask(3) != second.ask(3)
    assert Optimizer(SPACE).ask(3) != Optimizer(SPACE).ask(3)


def test_the_global_generator_is_left_alone_for_an_int():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    tune(Optimizer(SPACE, random_state=0), 12)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_the_order_of_tells_does_not_matter():
    first, second = Optimizer(SPACE, random_state=0), Optimizer(SPACE, random_state=0)
    for _ in range(3):
        batch = first.ask(6)
        assert batch == second.ask(6)
        scores = [score_of(params) for params in batch]
        first.tell(batch, scores)
        for index in (3, 5, 0, 1, 4, 2):
            second.tell(batch[index], scores[index])
    assert first.ask() == second.ask()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda optimizer: pickle.loads(pickle.dumps(optimizer))])
@pytest.mark.parametrize("n_told", [4, 14])
def test_a_copy_in_mid_run_continues_identically(copied, n_told):
    optimizer = Optimizer(SPACE, random_state=0, initial_params=[{"x": 0.0, "n": 3, "kind": "a"}])
    tune(optimizer, n_told)
    optimizer.ask(2)
    twin = copied(optimizer)
    assert tune(optimizer, 5) == tune(twin, 5)
    assert optimizer.best_params == twin.best_params


# -- what is remembered ------------------------------------------------------------------------------------------------


def test_best_and_history():
    optimizer = Optimizer(SPACE, random_state=0)
    assert (optimizer.best_params, optimizer.best_score, optimizer.n_told) == (None, None, 0)
    asked = tune(optimizer, 12)
    scores = [score_of(params) for params in asked]
    assert (optimizer.params_list, optimizer.scores, optimizer.n_told) == (asked, scores, 12)
    assert optimizer.best_score == max(scores)
    assert optimizer.best_params == asked[int(np.argmax(scores))]


def test_what_is_returned_is_not_what_is_remembered():
    optimizer = Optimizer(SPACE, random_state=0)
    params = optimizer.ask()
    optimizer.tell(params, 1.0)
    for returned in (params, optimizer.best_params, optimizer.params_list[0]):
        returned["x"] = "changed"
    assert isinstance(optimizer.best_params["x"], float)


def test_a_point_told_again_counts_by_its_mean():
    optimizer = Optimizer(SPACE, random_state=0)
    lucky, good = optimizer.ask(2)
    optimizer.tell([lucky, good, lucky, lucky], [10.0, 6.0, 1.0, 2.0])
    assert optimizer.best_params == good
    assert optimizer.best_score == 6.0
    optimizer.tell(lucky, 100.0)
    assert optimizer.best_params == lucky
    assert optimizer.best_score == pytest.approx(28.25)
    asked = tune(optimizer, 15)
    assert len(set(keys(SPACE, [lucky, good, *asked]))) == 17


def test_a_revised_score_takes_the_place_of_all_former_ones():
    revised, told = Optimizer(SPACE, random_state=0), Optimizer(SPACE, random_state=0)
    points = revised.ask(12)
    assert points == told.ask(12)
    final = [score_of(params) for params in points]
    revised.tell(points, [score + i for i, score in enumerate(final)], noise=[0.5] * 12)
    revised.ask()  # fits the surrogate to what will be corrected
    revised.tell(points[:3], [np.nan] * 3)
    revised.revise(points, final)
    told.tell(points, final)
    assert revised.n_told == 12
    assert revised.best_params == told.best_params
    assert revised.best_score == told.best_score
    for one, other in zip(revised._history.data(), told._history.data(), strict=True):
        assert_array_equal(one, other)


def test_the_surrogate_learns_a_revised_score():
    optimizer = Optimizer({"x": (0.0, 1.0)}, random_state=0, n_initial_points=4)
    points = optimizer.ask(4)
    optimizer.tell(points, [params["x"] for params in points])
    before = optimizer.ask()["x"]
    optimizer.revise(points, [-params["x"] for params in points])
    assert optimizer.ask()["x"] < 0.5 < before


def test_of_equal_points_the_first_proposed_is_the_best():
    optimizer = Optimizer(SPACE, random_state=0)
    batch = optimizer.ask(3)
    optimizer.tell(batch[::-1], [1.0, 1.0, 1.0])
    assert optimizer.best_params == batch[0]


# -- one surrogate -----------------------------------------------------------------------------------------------------


def test_one_fit_for_each_change_of_the_data_from_the_last_optimum(monkeypatch):
    starts, fit = [], _surrogate.fit_gaussian_process

    def counted(*args, start, **kwargs):
        gp = fit(*args, start=start, **kwargs)
        starts.append((start, gp.hyperparameters))
        return gp

    monkeypatch.setattr(_surrogate, "fit_gaussian_process", counted)
    optimizer = Optimizer(SPACE, random_state=0, n_initial_points=10)
    tune(optimizer, 10)
    for n_fits in (1, 2, 3):
        batch = optimizer.ask(3)
        assert len(starts) == n_fits
        optimizer.tell(batch, [score_of(params) for params in batch])
    assert starts[0][0] is None
    assert all(later[0] is earlier[1] for earlier, later in itertools.pairwise(starts))


def test_no_surrogate_is_kept():
    optimizer = Optimizer(SPACE, random_state=0)
    tune(optimizer, 13)
    seen, waiting = set(), [optimizer]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        assert not isinstance(one, GaussianProcess)
        waiting += vars(one).values() if hasattr(one, "__dict__") else ()
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, (list, tuple)) else ()


# -- refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"base_estimator": "rf"}, "base_estimator must be 'gp'.*'rf'"),
        ({"base_estimator": None}, "base_estimator must be 'gp'"),
        ({"n_initial_points": 0}, "n_initial_points must be a positive int, got 0"),
        ({"n_initial_points": 2.5}, "n_initial_points must be a positive int"),
        ({"random_state": -1}, "random_state must be a non-negative int.*-1"),
        ({"random_state": "seed"}, "random_state must be"),
        ({"random_state": np.random.default_rng(0)}, "random_state must be"),
        ({"initial_params": {"x": 1.0}}, "initial_params must be a sequence of dicts"),
        ({"initial_params": [(1.0, 2, "a")]}, "initial_params must be a sequence of dicts"),
        ({"initial_params": [{"x": 9.0, "n": 2, "kind": "a"}]}, "'x'"),
        ({"initial_params": [{"x": 0.0, "n": 2}]}, "'kind'"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Optimizer(SPACE, **arguments)


@pytest.mark.parametrize("spelling", ["gp", "GP", "Gp"])
def test_the_surrogate_may_be_named_in_any_case(spelling):
    assert Optimizer(SPACE, base_estimator=spelling, random_state=0).ask() == Optimizer(SPACE, random_state=0).ask()


def test_arguments_after_the_space_are_keywords():
    with pytest.raises(TypeError):
        Optimizer(SPACE, 0)


@pytest.mark.parametrize("n_points", [0, -1, 1.0, "2", True])
def test_a_bad_number_of_points_is_refused(n_points):
    with pytest.raises(ValueError, match="n_points must be a positive int"):
        Optimizer(SPACE, random_state=0).ask(n_points)


GOOD = {"x": 0.0, "n": 3, "kind": "a"}


@pytest.mark.parametrize(
    ("params", "score", "noise", "error", "message"),
    [
        ({**GOOD, "x": 3.0}, 1.0, None, ValueError, "'x'"),
        ({**GOOD, "kinds": "a"}, 1.0, None, ValueError, "'kinds'"),
        ({"x": 0.0, "n": 3}, 1.0, None, ValueError, "'kind'"),
        ("x", 1.0, None, ValueError, "params must be a sequence of dicts"),
        ([GOOD, 3], [1.0, 2.0], None, ValueError, "params must be a sequence of dicts"),
        ([GOOD], 1.0, None, ValueError, "score must be a sequence as long as params"),
        ([GOOD], [1.0, 2.0], None, ValueError, "score must be as long as params"),
        ([GOOD], [1.0], [0.1, 0.1], ValueError, "noise must be as long as params"),
        (GOOD, "0.9", None, TypeError, "score must be a number"),
        (GOOD, None, None, TypeError, "score must be a number"),
        (GOOD, True, None, TypeError, "score must be a number"),
        (GOOD, 1.0, "0.1", TypeError, "noise must be a number"),
        (GOOD, 1.0, -0.1, ValueError, "noise must be a finite standard error"),
        (GOOD, 1.0, np.nan, ValueError, "noise must be a finite standard error"),
    ],
)
def test_a_bad_tell_is_refused_and_tells_nothing(params, score, noise, error, message):
    optimizer = Optimizer(SPACE, random_state=0)
    with pytest.raises(error, match=message):
        optimizer.tell(params, score, noise=noise)
    assert optimizer.n_told == 0


def test_a_bad_point_in_a_list_keeps_the_good_ones_from_being_told():
    optimizer = Optimizer(SPACE, random_state=0)
    with pytest.raises(ValueError, match="'x'"):
        optimizer.tell([GOOD, {**GOOD, "x": 3.0}], [1.0, 2.0])
    with pytest.raises(TypeError, match="score must be a number"):
        optimizer.tell([GOOD, {**GOOD, "x": 1.0}], [1.0, "2.0"])
    assert optimizer.n_told == 0


def test_only_pending_points_can_be_forgotten():
    optimizer = Optimizer(SPACE, random_state=0)
    pending, told = optimizer.ask(2)
    optimizer.tell(told, 1.0)
    for params in (told, GOOD, [pending, told]):
        with pytest.raises(ValueError, match="forget"):
            optimizer.forget(params)
    assert len(optimizer._history.pending) == 1


def test_scores_may_be_any_real_numbers_and_sequences():
    optimizer = Optimizer(SPACE, random_state=0)
    batch = optimizer.ask(4)
    optimizer.tell(batch[:2], np.array([0.5, 0.25], dtype=np.float32), noise=np.array([0.1, 0.2]))
    optimizer.tell(tuple(batch[2:]), (1, np.int64(2)), noise=[None, 0.1])
    assert optimizer.scores == [0.5, 0.25, 1.0, 2.0]
    assert all(type(score) is float for score in optimizer.scores)


def test_an_exhausted_space_says_so():
    optimizer = Optimizer({"a": ["x", "y"]}, random_state=0)
    assert len(optimizer.ask(5)) == 2
    with pytest.raises(SpaceExhaustedError, match="no point is left"):
        optimizer.ask()
    with pytest.raises(SpaceExhaustedError, match="no point is left"):
        optimizer.ask(3)


def test_a_space_object_is_used_as_it_is():
    space = Space([Real(0, 1, name="a"), Integer(1, 3, name="b"), Categorical(["u", "v"], name="c")])
    optimizer = Optimizer(space, random_state=0)
    assert optimizer.space is space
    assert all(params in space for params in tune(optimizer, 12, lambda params: params["a"] * params["b"]))
