"""Validation rows of one's own, by group or the last ones: their loss is recorded, and nothing is learned from them."""

import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss, mean_squared_error
from skorch.callbacks import Callback

import sktune
from sktune import NetClassifier, NetRegressor
from sktune._utils.random import derive_seed
from sktune.neural_network._validation_split import validation_split

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 3))
LABELS = np.where(X[:, 0] + rng.normal(size=60) > 0.8, "yes", "no")
NUMBERS = np.column_stack([X[:, 0] * X[:, 1], 100 + 5 * rng.standard_cauchy(60)])
WEIGHT = rng.uniform(0.2, 3, size=60)
GROUPS = np.array([f"g{i}" for i in rng.integers(0, 12, size=60)])
SETTINGS = {
    "n_layers": 1, "n_neurons": 6, "batch_size": 8, "lr": 0.02, "max_epochs": 25, "dtype": "float64",
    "random_state": 3,
}  # fmt: skip
WAYS = {"engine": None, "skorch": [Callback()]}
NETS = [NetClassifier, NetRegressor]


def target_of(Net):
    return LABELS if Net is NetClassifier else NUMBERS


def make(Net, **changes):
    balanced = {"class_weight": "balanced", "label_smoothing": 0.1} if Net is NetClassifier else {}
    return Net(**{**SETTINGS, **balanced, **changes})


def division(Net, kind):
    """The rows that a network with these settings trains on, and those that it sets aside."""
    strata = LABELS if Net is NetClassifier else None
    return validation_split(60, 0.25, derive_seed(3, "validation"), strata, kind=kind, groups=GROUPS)


def outputs(net):
    return net.predict_proba(X) if isinstance(net, NetClassifier) else net.predict(X)


def assert_same(one, other):
    assert one.history_ == other.history_
    assert one.best_epoch_ == other.best_epoch_
    assert_array_equal(outputs(one), outputs(other))


def own_rows(Net, train, valid, weight=None):
    """The arguments of a fit that has the validation rows from the user."""
    y, weights = target_of(Net), {}
    if weight is not None:
        weights = {"sample_weight": weight[train], "sample_weight_val": weight[valid]}
    return {"X": X[train], "y": y[train], "X_val": X[valid], "y_val": y[valid], **weights}


# -- rows set aside and rows of one's own are the same thing ----------------------------------------------------------


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("kind", ["random", "last", "group"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("Net", NETS)
def test_rows_set_aside_are_as_rows_of_ones_own(Net, way, kind, weight):
    """So nothing is learned from them: not the scale of targets, which are wild here, nor weights of classes."""
    net = make(Net, callbacks=WAYS[way], early_stopping=True, validation_fraction=0.25, patience=4)
    aside = net.set_params(validation_split=kind).fit(X, target_of(Net), weight, groups=GROUPS)
    given = make(Net, callbacks=WAYS[way], early_stopping=True, validation_fraction=0.9, patience=4)
    given.fit(**own_rows(Net, *division(Net, kind), weight))
    assert_same(aside, given)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("Net", NETS)
def test_a_recorded_loss_changes_nothing(Net, way):
    settings = {"callbacks": WAYS[way], "lr_schedule": "plateau", "lr_step": 1, "tol": 0.01, "lr": 0.1}
    rows = own_rows(Net, *division(Net, "random"))
    without = make(Net, **settings).fit(rows["X"], rows["y"])
    given = make(Net, **settings).fit(**rows)
    aside = make(Net, **settings, eval_valid_loss=True, validation_fraction=0.25).fit(X, target_of(Net))
    assert_same(aside, given)
    assert_array_equal(outputs(given), outputs(without))
    assert given.best_epoch_ == given.n_iter_ == 25
    assert {name: given.history_[name] for name in without.history_} == without.history_
    assert list(given.history_) == ["epoch", "train_loss", "valid_loss", "lr"]
    assert len(set(given.history_["lr"])) > 2  # the schedule had something to hear


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("Net", NETS)
def test_the_loss_is_what_scikit_learn_gives_after_each_epoch(Net, weight):
    train, valid = division(Net, "random")
    net = make(Net, **({"class_weight": None} if Net is NetClassifier else {}))
    rows = own_rows(Net, train, valid, weight)
    of_valid = None if weight is None else weight[valid]

    def loss(net):
        if Net is NetClassifier:
            return log_loss(LABELS[valid], net.predict_proba(X[valid]), sample_weight=of_valid)
        given = None if weight is None else weight[train]
        unit = np.average((NUMBERS[train] - np.average(NUMBERS[train], axis=0, weights=given)) ** 2, 0, given)
        settings = {"sample_weight": of_valid, "multioutput": "raw_values"}
        return np.mean(mean_squared_error(NUMBERS[valid], net.predict(X[valid]), **settings) / unit)

    expected = [loss(net.fit_until(**rows, n_epochs=epoch)) for epoch in range(1, 26)]
    assert_allclose(net.history_["valid_loss"], expected, rtol=1e-9)


def test_rows_without_weight_do_not_count():
    train, valid = division(NetClassifier, "random")
    few = make(NetClassifier, early_stopping=True).fit(**own_rows(NetClassifier, train, valid[::2]))
    weight = np.ones(60)
    weight[np.setdiff1d(valid, valid[::2])] = 0
    rows = own_rows(NetClassifier, train, valid, weight)
    del rows["sample_weight"]
    assert_same(few, make(NetClassifier, early_stopping=True).fit(**rows))
    # a class without weight is not set aside either
    settings = {"class_weight": {"yes": 0.0}, "early_stopping": True, "validation_fraction": 0.25}
    net = make(NetClassifier, **settings).fit(X, LABELS)
    no = LABELS == "no"
    strata = LABELS[no]
    train, valid = validation_split(no.sum(), 0.25, derive_seed(3, "validation"), strata)
    both = np.append(X[no][train], X[~no][:1], axis=0), np.append(strata[train], "yes")
    given = make(NetClassifier, **settings).fit(*both, X_val=X[no][valid], y_val=strata[valid])
    assert_same(net, given)


@pytest.mark.parametrize("constant", [0.0, 7.0])
def test_targets_that_only_vary_where_they_are_validated(constant):
    y_val = np.array([constant, constant + 3.0])
    net = make(NetRegressor, early_stopping=True).fit(X, np.full(60, constant), X_val=X[:2], y_val=y_val)
    assert np.isfinite(net.history_["valid_loss"]).all()


# -- in pieces, on disk, again ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("Net", NETS)
def test_in_pieces_saved_between(Net, early_stopping, tmp_path):
    rows = own_rows(Net, *division(Net, "random"), WEIGHT)
    whole, pieces = (make(Net, early_stopping=early_stopping, patience=4) for _ in range(2))
    whole.fit(**rows)
    for number, n_epochs in enumerate((1, 3, 9, 25)):
        pieces.fit_until(**rows, n_epochs=n_epochs)
        sktune.save(pieces, tmp_path / "net")
        pieces = sktune.load(tmp_path / "net") if number % 2 else pickle.loads(pickle.dumps(pieces))
    assert_same(whole, pieces)


@pytest.mark.parametrize("kind", ["last", "group"])
def test_other_divisions_in_pieces(kind):
    net = make(NetClassifier, early_stopping=True, validation_split=kind, validation_fraction=0.25, patience=3)
    pieces = make(NetClassifier, **{**net.get_params(), "class_weight": "balanced"})
    net.fit(X, LABELS, groups=GROUPS)
    for n_epochs in (2, 5, 25):
        pieces.fit_until(X, LABELS, n_epochs, groups=GROUPS)
    assert_same(net, pieces)


def test_a_training_goes_on_with_the_rows_that_it_was_begun_with(tmp_path):
    rows = own_rows(NetClassifier, *division(NetClassifier, "random"))
    alone = {name: rows[name] for name in ("X", "y")}
    message = "must be the same in every call of one training: it was begun with 15 rows, got none"
    net = make(NetClassifier).fit_until(**rows, n_epochs=2)
    sktune.save(net, tmp_path / "net")
    for begun in (net, sktune.load(tmp_path / "net"), pickle.loads(pickle.dumps(net))):
        with pytest.raises(ValueError, match=message):
            begun.fit_until(**alone, n_epochs=3)
    with pytest.raises(ValueError, match="begun with none, got 15 rows"):
        make(NetClassifier).fit_until(**alone, n_epochs=2).fit_until(**rows, n_epochs=3)
    with pytest.raises(ValueError, match=message):
        make(NetClassifier)._set_training_state(alone["X"], alone["y"], net._get_training_state())


@pytest.mark.parametrize("way", WAYS)
def test_warm_start_takes_other_rows(way):
    rows = own_rows(NetClassifier, *division(NetClassifier, "random"))
    net = make(NetClassifier, warm_start=True, callbacks=WAYS[way], max_epochs=3).fit(rows["X"], rows["y"])
    net.fit(**rows).set_params(early_stopping=True).fit(**{**rows, "X_val": X[:4], "y_val": LABELS[:4]})
    net.set_params(early_stopping=False).fit(rows["X"], rows["y"])
    assert np.isnan(net.history_["valid_loss"]).tolist() == [True] * 3 + [False] * 6 + [True] * 3


# -- which rows are set aside -----------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=100)
@given(
    rows=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=2, max_size=60),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**32),
    has_classes=st.booleans(),
)
def test_groups_are_set_aside_whole(rows, fraction, seed, has_classes):
    groups, classes = np.array(rows).T
    split = partial(validation_split, len(rows), fraction, seed, classes if has_classes else None, kind="group")
    n_groups = len(np.unique(groups))
    needed = [set(groups[classes == label]) for label in np.unique(classes)] if has_classes else [set(groups)]
    if not any(all(others - {group} for others in needed) for group in groups):
        with pytest.raises(ValueError, match="validation_split='group'"):
            split(groups=groups)
        return
    train, valid = split(groups=groups)
    assert_array_equal(np.sort(np.append(train, valid)), np.arange(len(rows)))
    assert not set(groups[train]) & set(groups[valid])
    n_valid = len(set(groups[valid]))
    wanted = max(1, min(round(fraction * n_groups), n_groups - 1))
    assert 1 <= n_valid <= wanted
    if has_classes:
        assert set(classes[train]) == set(classes)
    else:
        assert n_valid == wanted
    assert_array_equal(split(groups=groups.astype(str))[1], valid)


def test_the_last_rows_are_the_last():
    train, valid = validation_split(10, 0.25, 0, kind="last")
    assert train.tolist() == list(range(8))
    assert valid.tolist() == [8, 9]
    assert validation_split(2, 0.01, 0, kind="last")[1].tolist() == [1]
    assert validation_split(5, 0.99, 0, kind="last")[0].tolist() == [0]
    with pytest.raises(ValueError, match=r"sets the last 2 of 6 rows aside, and they have the labels \['b'\]"):
        validation_split(6, 0.33, 0, np.array(list("aaccab")), kind="last")
