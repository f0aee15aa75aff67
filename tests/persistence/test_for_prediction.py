"""What is kept for prediction predicts alike, is smaller, and says so where a training would go on."""

import pickle

import pytest
from saved_models import X, assert_alike, fitted, net, rows, y
from sklearn.base import clone
from skorch.callbacks import EpochTimer

import sktune
from sktune.exceptions import SktuneWarning

NAMES = [
    "net, batch norm",
    "net, early stopping",
    "net, seen",
    "net, changed",
    "net, linear",
    "pipeline",
    "ensemble, skops",
    "grid",
    "bayes",
    "self-tuning",
    "regressor, two targets",
]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_predicts_alike_and_is_smaller(name, tmp_path):
    model = fitted(name)
    before = pickle.dumps(model)
    sktune.save(model, tmp_path / "whole.sktune")
    sktune.save(model, tmp_path / "light.sktune", for_prediction=True)
    light = sktune.for_prediction(model)
    assert len(pickle.dumps(light)) < len(before)
    assert (tmp_path / "light.sktune").stat().st_size < (tmp_path / "whole.sktune").stat().st_size
    for kept in (light, pickle.loads(pickle.dumps(light)), sktune.load(tmp_path / "light.sktune")):
        assert type(kept) is type(model)
        for method in ("predict", "predict_proba"):
            if hasattr(model, method):
                assert_alike(getattr(kept, method)(rows(name)), getattr(model, method)(rows(name)))
        assert_alike(clone(kept), clone(model))
    assert len(pickle.dumps(model)) == len(before)  # the original is as it was


@pytest.mark.parametrize("params", [{}, {"optimizer": "sgd", "momentum": 0.9}, {"optimizer": "rmsprop"}], ids=str)
def test_the_states_of_the_optimizer_are_left_out(params):
    """Of a network of w weights: 2 w for adam, w for the others; only names and numbers are beside."""
    model = net(n_neurons=200, **params).fit(X, y)
    n_bytes = sum(value.nbytes for value in model.net_.module_.state_dict().values())
    whole, light = len(pickle.dumps(model)), len(pickle.dumps(sktune.for_prediction(model)))
    assert light < n_bytes + 5_000
    assert whole - light >= (1 if params else 2) * n_bytes


@pytest.fixture(params=["copy", "file"])
def keep(request, tmp_path):
    def through_file(model):
        sktune.save(model, tmp_path / "light.sktune", for_prediction=True)
        return sktune.load(tmp_path / "light.sktune")

    return {"copy": sktune.for_prediction, "file": through_file}[request.param]


def test_a_training_that_would_go_on_says_what_was_left_out(keep):
    light = keep(net(max_epochs=5).fit_until(X, y, 2))
    expected = light.predict_proba(X)
    with pytest.raises(ValueError, match="kept for prediction and its training state was left out"):
        light.fit_until(X, y, 5)
    with pytest.raises(ValueError, match="training state was left out"):
        light.partial_fit(X, y)
    assert_alike(light.predict_proba(X), expected)
    light.net_.module_.output.bias.data += 1.0  # with other weights it is no more complete
    with pytest.raises(ValueError, match="training state was left out"):
        keep(light).fit_until(X, y, 5)
    assert (keep(light).predict_proba(X) != expected).any()


def test_a_warm_start_says_it_and_is_the_same(keep):
    model = net(warm_start=True, early_stopping=True, max_epochs=4).fit(X, y)
    light = keep(model)
    with pytest.warns(SktuneWarning, match="training state was left out"):
        light.fit(X, y)
    assert_alike(light.predict_proba(X), model.fit(X, y).predict_proba(X))
    light.set_params(max_epochs=6).fit_until(X, y, 1)  # it is whole again: nothing to do, nothing to say


def test_a_new_fit_makes_it_whole(keep):
    model = net().fit(X, y)
    light = keep(model).fit(X, y)
    assert_alike(light.predict_proba(X), model.predict_proba(X))
    assert_alike(light.set_params(max_epochs=5).fit_until(X, y, 5).history_["epoch"], [1, 2, 3, 4, 5])


def test_callbacks_of_skorch_are_left_out_with_their_net():
    model = net(callbacks=[EpochTimer()]).fit(X, y)
    light = sktune.for_prediction(model)
    assert_alike(light.predict_proba(X), model.predict_proba(X))
    assert [name for name, _ in model.net_.callbacks_] != [name for name, _ in light.net_.callbacks_]
    assert len(pickle.dumps(light)) < len(pickle.dumps(model)) / 2


def test_what_is_not_fitted_is_copied():
    model = net()
    assert_alike(sktune.for_prediction(model), model)
    assert sktune.for_prediction(model) is not model
