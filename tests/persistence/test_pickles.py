"""Whatever the user has put in: a fitted object can be pickled, dumped and copied, or says by name why not."""

import copy
import io
import pickle
import threading

import joblib
import numpy as np
import pytest
from saved_models import X, net, y
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import KFold
from skorch.callbacks import Callback

from sktune import BayesSearchCV, NetClassifierCV, Space
from sktune._utils.portable import ByValue
from sktune.store._fingerprint import fingerprint


class Calls(Callback):
    """Calls a function of the user's after each epoch."""

    def __init__(self, function=None):
        self.function = function

    def on_epoch_end(self, net, **kwargs):
        self.function()


def by_pickle(value):
    return pickle.loads(pickle.dumps(value))


def by_joblib(value):
    file = io.BytesIO()
    joblib.dump(value, file)
    file.seek(0)
    return joblib.load(file)


WAYS = [by_pickle, by_joblib, copy.deepcopy, copy.copy]


def search(space=None, **params):
    space = space or {"lr": (1e-3, 1e-1, "log-uniform")}
    return BayesSearchCV(net(), space, **{"n_iter": 3, "cv": 2, "random_state": 0, **params})


MODELS = {
    "callbacks": lambda: net(callbacks=[Calls(lambda: None)]),
    "scoring": lambda: search(scoring=lambda model, X, y: model.score(X, y)),
    "scorer": lambda: search(scoring=make_scorer(lambda y, y_pred: accuracy_score(y, y_pred))),
    "refit": lambda: search(refit=lambda results: int(np.argmax(results["mean_test_score"]))),
    "constraint": lambda: search(Space({"lr": (1e-3, 1e-1)}, constraint=lambda params: params["lr"] < 0.05)),
    "self-tuning": lambda: NetClassifierCV(
        estimator=net(), scoring=lambda model, X, y: model.score(X, y), n_iter=2, cv=2, random_state=0
    ),
}


@pytest.mark.parametrize("travel", WAYS)
@pytest.mark.parametrize("name", MODELS)
def test_lambdas_travel(name, travel):
    model = MODELS[name]().fit(X, y)
    arrived = travel(model)
    assert type(arrived) is type(model)
    assert vars(arrived).keys() == vars(model).keys()
    np.testing.assert_array_equal(arrived.predict(X), model.predict(X))
    np.testing.assert_array_equal(arrived.fit(X, y).predict(X), model.predict(X))


def test_a_lambda_is_called_where_it_has_arrived():
    calls = []
    model = net(callbacks=[Calls(lambda: calls.append(1))]).fit(X, y)
    arrived = by_pickle(model)
    assert len(calls) == model.n_iter_
    arrived.fit(X, y)
    assert len(calls) == model.n_iter_  # the copy has a list of its own
    assert len(arrived.callbacks[0].function.__closure__[0].cell_contents) == 2 * model.n_iter_


@pytest.mark.parametrize("travel", [by_pickle, by_joblib, copy.deepcopy])
def test_classes_of_the_users_travel_too(travel):
    class Local:
        value = 3

    assert travel(ByValue(Local)).value == 3


def test_a_shallow_copy_shares_what_cannot_be_copied():
    model = net(callbacks=[Calls(threading.Lock().locked)]).fit(X, y)
    assert copy.copy(model).callbacks is model.callbacks


@pytest.mark.parametrize("refuse", [pickle.dumps, by_joblib, copy.deepcopy])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: net(callbacks=[Calls(threading.Lock().locked)]),
            r"^callbacks of NetClassifier cannot be pickled: .*lock.*; got callbacks=\[<",
        ),
        (lambda: search(cv=KFold(2).split(X)), "^cv of BayesSearchCV cannot be pickled: .*generator"),
    ],
)
def test_what_cannot_travel_is_named(make, message, refuse):
    with pytest.raises(TypeError, match=message):
        refuse(make().fit(X, y))


def test_nothing_is_written_of_what_cannot_travel():
    file = io.BytesIO()
    with pytest.raises(TypeError, match="callbacks of NetClassifier"):
        pickle.dump(net(callbacks=[Calls(threading.Lock().locked)]).fit(X, y), file)
    assert file.getvalue() == b""


def test_a_lambda_is_known_again_by_what_it_does():
    def space(function):
        return Space({"lr": (1e-3, 1e-1)}, constraint=function)

    same = [space(lambda params: params["lr"] < 0.05), space(lambda params: params["lr"] < 0.05)]
    other = space(lambda params: params["lr"] < 0.06)
    assert fingerprint(same[0]) == fingerprint(same[1]) == fingerprint(by_pickle(same[0]))
    assert fingerprint(other) != fingerprint(same[0])
