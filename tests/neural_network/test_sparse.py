"""Sparse rows: the network that comes of them is the one of the dense array, bit for bit."""

import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback

import sktune
from sktune import BayesSearchCV, HyperbandSearchCV, NetClassifier, NetClassifierCV, NetRegressor, NetRegressorCV
from sktune.engine import FitPlan, Rows
from sktune.parallel._sharing import share_equal_data

RNG = np.random.default_rng(0)
DENSE = RNG.normal(size=(90, 12)) * (RNG.random((90, 12)) < 0.3)
SPARSE = sparse.csr_array(DENSE)
LABELS = (DENSE[:, :4].sum(1) > 0).astype(int)
TARGETS = DENSE[:, :2] + DENSE[:, 2:4]
WEIGHT = np.where(np.arange(90) % 7 == 0, 0.0, 1 + np.arange(90) % 3)
SMALL = {"n_neurons": 8, "max_epochs": 3, "batch_size": 16, "random_state": 0}
FORMATS = [
    *(sparse.csr_matrix, sparse.csr_array, sparse.csc_array, sparse.coo_matrix, sparse.coo_array),
    *(sparse.lil_array, sparse.dok_array, sparse.bsr_array, lambda X: sparse.csr_array(sparse.dia_array(X))),
]


def assert_equal_networks(one, other):
    assert one.history_ == other.history_
    for name, value in one.net_.module_.state_dict().items():
        assert_array_equal(value.numpy(), other.net_.module_.state_dict()[name].numpy())
    method = "predict_proba" if hasattr(one, "predict_proba") else "predict"
    assert_array_equal(getattr(one, method)(SPARSE), getattr(other, method)(DENSE))


@pytest.mark.parametrize("make", FORMATS)
def test_formats(make):
    dense = NetClassifier(**SMALL).fit(DENSE, LABELS)
    assert_equal_networks(NetClassifier(**SMALL).fit(make(DENSE), LABELS), dense)
    assert_array_equal(dense.predict_proba(make(DENSE)), dense.predict_proba(DENSE))


@pytest.mark.parametrize(
    "options",
    [
        {"n_layers": 0},
        {"mixup": 0.3, "input_noise": 0.1, "dropout": 0.2},
        {"early_stopping": True, "eval_train_loss": True, "lr_schedule": "plateau"},
        {"normalization": "batch", "dtype": "float64"},
        {"callbacks": [Callback()], "early_stopping": True, "eval_train_loss": True},
    ],
    ids=lambda options: next(iter(options)),
)
def test_parameters(options):
    for cls, target in ((NetClassifier, LABELS), (NetRegressor, TARGETS)):
        one, other = (cls(**SMALL, **options).fit(X, target, WEIGHT) for X in (SPARSE, DENSE))
        assert_equal_networks(one, other)


def test_weights_of_classes():
    dense, same = (NetClassifier(**SMALL, class_weight="balanced").fit(X, LABELS, WEIGHT) for X in (DENSE, SPARSE))
    assert_equal_networks(same, dense)


def test_validation_rows():
    for valid in (SPARSE[60:].tocsc(), DENSE[60:]):
        given = {"X_val": valid, "y_val": LABELS[60:], "sample_weight_val": WEIGHT[60:]}
        one = NetClassifier(**SMALL, early_stopping=True).fit(SPARSE[:60], LABELS[:60], **given)
        other = NetClassifier(**SMALL, early_stopping=True).fit(DENSE[:60], LABELS[:60], **given)
        assert_equal_networks(one, other)
    split = {"early_stopping": True, "validation_split": "group", "validation_fraction": 0.3}
    one, other = (
        NetRegressor(**SMALL, **split).fit(X, TARGETS, WEIGHT, groups=np.arange(90) % 9) for X in (SPARSE, DENSE)
    )
    assert_equal_networks(one, other)


def test_training_in_pieces():
    whole = NetClassifier(**SMALL).fit(DENSE, LABELS)
    pieces = NetClassifier(**SMALL).fit_until(SPARSE, LABELS, 1)
    assert_equal_networks(pickle.loads(pickle.dumps(pieces)).fit_until(SPARSE, LABELS, 3), whole)
    for X in (SPARSE, DENSE):
        whole.set_params(warm_start=True).fit(X, LABELS)
    again = NetClassifier(**SMALL, warm_start=True).fit(SPARSE, LABELS).fit(DENSE, LABELS).fit(SPARSE, LABELS)
    assert_equal_networks(again, whole)
    one, other = (
        NetRegressor(**SMALL).partial_fit(X, TARGETS).partial_fit(X[:40], TARGETS[:40]) for X in (SPARSE, DENSE)
    )
    assert_equal_networks(one, other)


def test_places_that_occur_twice_are_added_up_as_scipy_does():
    double = RNG.normal(size=600)  # whose sums are rounded in another way in float32
    twice = sparse.csr_array((double, np.tile(np.repeat(np.arange(4), 2), 75), np.arange(0, 601, 60)), shape=(10, 6))
    before = twice.data.copy()
    assert not twice.has_canonical_format
    one, other = (NetRegressor(**SMALL).fit(X, np.arange(10.0)) for X in (twice, twice.toarray()))
    assert_array_equal(one.predict(twice), other.predict(twice.toarray()))
    assert_array_equal(twice.data, before)
    assert len(twice.data) == 600  # the caller's matrix is as it was


@pytest.mark.parametrize("kind", [BayesSearchCV, HyperbandSearchCV])
def test_searches_and_their_storage(kind, tmp_path):
    settings = {"n_iter": 3} if kind is BayesSearchCV else {}
    make = lambda **more: kind(NetClassifier(**SMALL), {"lr": (1e-3, 0.1)}, cv=2, random_state=0, **settings, **more)  # noqa: E731
    expected = make().fit(DENSE, LABELS, sample_weight=WEIGHT)
    for X in (SPARSE, SPARSE.tocoo(), SPARSE):  # the third time, all is in the file
        search = make(storage=tmp_path / "study.db").fit(X, LABELS, sample_weight=WEIGHT)
        assert_array_equal(search.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"])
        assert search.best_params_ == expected.best_params_
        assert_array_equal(search.predict_proba(X), expected.predict_proba(DENSE))
    assert make().plan(SPARSE, LABELS).n_fits == make().plan(DENSE, LABELS).n_fits


def test_networks_that_train_together():
    grid = GridSearchCV(NetClassifier(**SMALL), {"lr": [1e-3, 1e-2]}, cv=3)
    expected = grid.fit(DENSE, LABELS).cv_results_["mean_test_score"]
    with joblib.parallel_config("sktune", n_jobs=2):
        assert_array_equal(grid.fit(SPARSE, LABELS).cv_results_["mean_test_score"], expected)


def test_equal_matrices_of_several_plans_become_one():
    same, equal, other = SPARSE, SPARSE.copy(), SPARSE * 2
    plans = [FitPlan(network=None, train=Rows(X, LABELS), valid=Rows(X, LABELS)) for X in (same, equal, other)]
    first, second, third = share_equal_data(plans)
    assert first.train.X is second.train.X is second.valid.X
    assert third.train.X is other


@pytest.mark.parametrize("standardize", [True, False])
def test_self_tuning_networks(standardize, tmp_path):
    settings = {
        "standardize": standardize,
        "search_space": {"lr": (1e-3, 0.1)},
        "n_iter": 2,
        "cv": 2,
        "random_state": 0,
    }
    for cls, net, target in ((NetClassifierCV, NetClassifier, LABELS), (NetRegressorCV, NetRegressor, TARGETS)):
        model = cls(estimator=net(**SMALL), **settings).fit(SPARSE.tocsc(), target, WEIGHT)
        if not standardize:
            dense = cls(estimator=net(**SMALL), **settings).fit(DENSE, target, WEIGHT)
            assert_array_equal(model.predict(SPARSE.tocoo()), dense.predict(DENSE))
        sktune.save(model, tmp_path / "model.sktune")
        assert_array_equal(sktune.load(tmp_path / "model.sktune").predict(SPARSE), model.predict(SPARSE))


def test_texts():
    texts = ["good day", "bad day", "good night", "bad night", "very good", "very bad"] * 4
    model = make_pipeline(TfidfVectorizer(), NetClassifier(**{**SMALL, "max_epochs": 5}))
    search = BayesSearchCV(model, {"netclassifier__lr": [0.01, 0.1]}, cv=2, n_iter=2, random_state=0)
    assert search.fit(texts, [1, 0] * 12).predict(["good", "bad"]).shape == (2,)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak of the memory anew")
@pytest.mark.parametrize("callbacks", [None, [Callback()]], ids=["engine", "skorch"])
def test_the_whole_matrix_is_never_dense(callbacks):
    n_rows, n_features = 4000, 50_000  # 800 MB in float32
    columns = RNG.integers(0, n_features, n_rows * 5)
    X = sparse.csr_array(
        (np.ones(n_rows * 5, "float32"), columns, np.arange(n_rows + 1) * 5), shape=(n_rows, n_features)
    )
    settings = {"n_layers": 0, "max_epochs": 1, "batch_size": 256, "early_stopping": True, "validation_fraction": 0.5}
    before = _peak_from_now_on()
    net = NetClassifier(**settings, callbacks=callbacks).fit(X, columns[::5] % 2)
    net.predict(X[:2000])
    assert _peak() - before < 300 << 20
    assert net.n_features_in_ == n_features


def _peak_from_now_on():
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak():
    """The most memory that this process has held, in bytes."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
