"""Predictions: the same for a row alone and among others, and what their names say."""

import copy
import multiprocessing
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax, softmax
from sklearn import config_context
from sklearn.datasets import make_classification
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import EpochTimer

import sktune
from sktune import NetClassifier, NetClassifierCV, NetRegressor
from sktune._utils.threads import torch_threads
from sktune.neural_network import _base
from sktune.store._fingerprint import fingerprint

X, y = make_classification(n_samples=150, n_features=7, n_informative=5, n_classes=3, random_state=0)
SMALL = {"n_neurons": 32, "max_epochs": 2, "random_state": 0}
NETS = {
    "classifier": NetClassifier(**SMALL),
    "regressor": NetRegressor(**SMALL),
    "batch norm": NetRegressor(**SMALL, normalization="batch", dropout=0.2),
    "layer norm": NetClassifier(**SMALL, normalization="layer"),
    "wide": NetRegressor(**{**SMALL, "n_neurons": 300}, n_layers=1),
}


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("rows", [slice(0, 1), slice(5, 8), slice(3, 64), slice(None, None, -1)], ids=str)
def test_prediction_of_a_row_does_not_depend_on_the_rows_beside_it(name, rows):
    """Matrix products of few and of many rows round differently, which float32 would show."""
    net = NETS[name].fit(X, y)
    predict = getattr(net, "predict_proba", net.predict)
    assert_allclose(predict(X[rows]), predict(X)[rows], rtol=1e-12)


@pytest.mark.parametrize("name", ["classifier", "regressor"])
def test_predicting_in_chunks_changes_nothing(name, monkeypatch):
    net = NETS[name].fit(X, y)
    whole = net.predict(X)
    monkeypatch.setattr(_base, "_PREDICT_ROWS", 17)
    assert_allclose(net.predict(X), whole, rtol=1e-12)


@pytest.mark.parametrize("name", ["regressor", "batch norm"])
def test_threads_change_no_bit_of_a_prediction(name, monkeypatch):
    net = NETS[name].fit(X, y)
    monkeypatch.setattr(_base, "_PREDICT_ROWS", 17)
    with torch_threads(1):
        expected = net.predict(X)
    with torch_threads(4):
        assert_array_equal(net.predict(X), expected)
        assert torch.get_num_threads() == 4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_are_the_softmax_of_the_scores(dtype):
    net = NetClassifier(**SMALL, dtype=dtype).fit(X, y)
    scores = net.net_.forward(X.astype(dtype)).numpy()
    rtol = {"float32": 1e-5, "float64": 1e-12}[dtype]
    assert_allclose(net.predict_proba(X), softmax(scores, axis=1), rtol=rtol)
    assert_allclose(net.predict_log_proba(X), log_softmax(scores, axis=1), rtol=rtol, atol=rtol)
    assert_allclose(net.predict_proba(X).sum(axis=1), 1, rtol=1e-12)
    assert_allclose(np.exp(net.predict_log_proba(X)), net.predict_proba(X), rtol=1e-12)
    assert_array_equal(net.predict(X), net.classes_[scores.argmax(axis=1)])


def test_log_probabilities_stay_exact_where_the_probability_is_too_small_to_be_a_number():
    net = NetClassifier(**SMALL, n_layers=0).fit(X, y)
    far = X * 1e4
    log_probabilities = net.predict_log_proba(far)
    assert net.predict_proba(far).min() == 0
    assert np.isfinite(log_probabilities).all()
    assert log_probabilities.min() < -200


def test_predicting_leaves_the_network_as_it_was():
    net = NETS["batch norm"].fit(X, y)
    before = {name: value.clone() for name, value in net.net_.module_.state_dict().items()}
    net.predict(X)
    for name, value in net.net_.module_.state_dict().items():
        assert value.dtype == before[name].dtype
        assert_array_equal(value, before[name])


# -- the network is kept ready, and changes of it are noticed ----------------------------------------------------------


def fresh(net):
    """An estimator with the same weights that has kept nothing ready."""
    return pickle.loads(pickle.dumps(net))


def refit(net):
    net.set_params(random_state=1).fit(X, y)


def train_on(net):
    net.set_params(max_epochs=4).fit_until(X, y, 4)


def start_warm(net):
    net.set_params(warm_start=True).fit(X, y)


def train_a_piece(net):
    net.partial_fit(X, y)


def set_weights_of_net(net):
    net.net_.module_.output.bias.data[0] += 1.0


def set_weights_by_numpy(net):
    net.net_.module_.hidden[1].weight.detach().numpy()[:] *= 2.0


def permute_neurons(net):
    weight = net.net_.module_.hidden[1].weight.data
    weight[:] = weight[:, torch.arange(weight.shape[1] - 1, -1, -1)]


def replace_a_layer(net):
    net.net_.module_.output = torch.nn.Linear(SMALL["n_neurons"], net.net_.module_.output.out_features)


def train_with_skorch(net):
    net.net_.partial_fit(X.astype(np.float32), y)


CHANGES = [
    refit,
    train_on,
    start_warm,
    train_a_piece,
    set_weights_of_net,
    set_weights_by_numpy,
    permute_neurons,
    replace_a_layer,
    train_with_skorch,
]


@pytest.mark.parametrize("seen", [False, True], ids=["", "net_ seen"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_of_the_weights_shows_in_the_next_prediction(change, seen):
    net = NetClassifier(**SMALL).fit(X, y)
    before = net.net_ if seen else None
    former = net.predict_proba(X)
    change(net)
    after = net.predict_proba(X)
    assert (after != former).any()
    assert_array_equal(after, fresh(net).predict_proba(X))
    scores = net.net_.forward(X.astype(np.float32)).numpy()
    assert_allclose(after, softmax(scores, axis=1), rtol=1e-4)
    assert_array_equal(net.predict_proba(X), after)
    assert before is None or before is net.net_ or change in (refit, train_on, start_warm, train_a_piece)


def test_weights_that_are_changed_back_predict_as_before():
    net = NetRegressor(**SMALL).fit(X, y)
    former = net.predict(X)
    net.net_.module_.output.bias.data += 1.0
    assert (net.predict(X) != former).any()
    net.net_.module_.load_state_dict(NetRegressor(**SMALL).fit(X, y).net_.module_.state_dict())
    assert_array_equal(net.predict(X), former)


def test_a_shallow_copy_keeps_its_weights_when_the_other_is_fitted_again():
    net = NetRegressor(**SMALL).fit(X, y)
    expected, twin = net.predict(X), copy.copy(net)
    refit(net)
    assert_array_equal(twin.predict(X), expected)


@pytest.mark.parametrize("seen", [False, True])
def test_many_threads_predict_at_once(seen):
    net, other = (NetClassifier(**SMALL, normalization="batch").set_params(random_state=i).fit(X, y) for i in (0, 1))
    expected = [fresh(one).predict_proba(X) for one in (net, other)]
    start = threading.Barrier(8)

    def predict(number):
        start.wait()
        one = (net, other)[number % 2]
        nets = one.net_ if seen else None
        return [one.predict_proba(X[number : number + 1] if i % 2 else X) for i in range(20)], nets

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(predict, range(8)))
    for number, (predictions, _) in enumerate(results):
        for i, proba in enumerate(predictions):
            rows = slice(number, number + 1) if i % 2 else slice(None)
            assert_allclose(proba, expected[number % 2][rows], rtol=1e-12)
    assert len({id(nets) for _, nets in results}) == (2 if seen else 1)


def predict_to(queue, net):
    queue.put(net.predict_proba(X))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="nothing is forked here")
def test_a_forked_process_predicts_with_what_its_parent_had_ready():
    net = NetClassifier(**SMALL).fit(X, y)
    expected = net.predict_proba(X)
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12, where other threads run
        process = context.Process(target=predict_to, args=(queue, net))
        process.start()
    process.join(60)
    if process.is_alive():
        process.kill()
        pytest.fail("the forked process hangs")
    assert_array_equal(queue.get(), expected)


# -- use leaves no trace -----------------------------------------------------------------------------------------------


def look_at(net):
    with config_context(display="diagram"):
        return repr(net), str(net), net._repr_html_(), net._repr_mimebundle_(), net.get_params(), dir(net)


def use(net):
    net.predict(X), net.predict(X[:1]), net.score(X, y), net.net_.history
    if not getattr(net, "callbacks", None):  # a net that was trained by skorch remembers its mode, as skorch's do
        net.net_.predict(X.astype(np.float32))


@pytest.mark.parametrize("steps", [[look_at], [use], [use, look_at, use]], ids=["looked at", "used", "both"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: NetClassifier(**SMALL, early_stopping=True),
        lambda: NetRegressor(**SMALL, normalization="batch"),
        lambda: NetClassifier(**SMALL, callbacks=[EpochTimer()]),
        lambda: GridSearchCV(NetClassifier(**SMALL), {"lr": [1e-3, 1e-2]}, cv=2),
        lambda: NetClassifierCV(
            estimator=NetClassifier(**SMALL), search_space={"lr": (1e-3, 1e-2)}, n_iter=2, cv=2, random_state=0
        ),
    ],
    ids=["early stopping", "batch norm", "callbacks", "search", "self-tuning"],
)
def test_looking_at_an_estimator_and_predicting_leave_no_trace(make, steps, tmp_path):
    def traces():
        keys = fingerprint(FrozenEstimator(net)), fingerprint(net)
        sktune.save(net, tmp_path / "net.sktune", trusted=["skorch.callbacks.logging.EpochTimer"])
        return keys, len(pickle.dumps(net)), (tmp_path / "net.sktune").stat().st_size

    net = make().fit(X, y)
    before = traces()
    for step in steps:
        step(getattr(net, "best_estimator_", net) if isinstance(net, GridSearchCV) else net)
        look_at(net)
    assert traces() == before
    pickled = pickle.loads(pickle.dumps(net))
    assert_array_equal(pickled.predict(X), net.predict(X))


def test_what_the_user_has_changed_in_the_net_stays_in_the_pickle():
    net = NetClassifier(**SMALL).fit(X, y)
    net.net_.set_params(verbose=3)
    net.net_.module_.output.bias.data += 1.0
    copied = fresh(net)
    assert copied.net_.verbose == 3
    assert_array_equal(copied.predict_proba(X), net.predict_proba(X))
    assert_array_equal(copied.net_.module_.output.bias.detach(), net.net_.module_.output.bias.detach())
