"""Warnings where silence would cost an hour: when they come, when they do not, and that they come once."""

import warnings

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, StandardScaler

from sktune import BayesSearchCV, HyperbandSearchCV, NetClassifier, NetClassifierCV, NetRegressor
from sktune.exceptions import InputScaleWarning, NothingLearnedWarning, OverlappingSplitsWarning

X, y = load_wine(return_X_y=True)  # proline varies by 315, hue by 0.2
SCALED = StandardScaler().fit_transform(X)
NET = NetClassifier(max_epochs=1, n_neurons=4, random_state=0)
RARE = np.zeros(3000)
RARE[7] = 1.0


def said(call):
    """Return the classes of the warnings that a call gives."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [warning.category for warning in caught]


# -- scales ------------------------------------------------------------------------------------------------------------

FINE = {
    "standardised": SCALED,
    "min-max": MinMaxScaler().fit_transform(X),
    "quantiles": QuantileTransformer(n_quantiles=50, output_distribution="normal").fit_transform(X),
    "small": load_diabetes().data,
    "a rare category": np.column_stack([np.random.default_rng(0).normal(size=3000), RARE]),
    "a standardised rare category": StandardScaler().fit_transform(np.column_stack([np.arange(3000), RARE])),
    "nearly all of a category": np.column_stack([np.linspace(-1, 1, 3000), 1 - RARE]),
    "constant columns": np.column_stack([SCALED, np.full(len(X), 1e9), np.zeros(len(X))]),
    "constant but for rounding": np.column_stack([SCALED, 1e3 + 1e-5 * SCALED[:, 0]]),
    "one-hot, sparse": sparse.csr_array(np.eye(200)[np.arange(3000) % 200]),
    "rare words": sparse.csr_array((np.full(3000, 0.3), (np.arange(3000), np.arange(3000) % 1500)), shape=(3000, 1500)),
    "few rows": np.array([[1.0, 1e6], [2.0, 1e-6]]),
}  # fmt: skip
BAD = {
    "table": X,
    "cancer": load_breast_cancer().data,
    "one large column": np.linspace(0, 1e5, 50)[:, np.newaxis],
    "one tiny column": np.linspace(0, 1e-5, 50)[:, np.newaxis],
    "measurements": load_diabetes(scaled=False).data,  # R2 of -0.9 on other rows
    "large": 10.1 * SCALED,
    "away from 0": SCALED + 10.0,
    "years": np.column_stack([SCALED, 2000 + np.arange(len(X)) % 20]),
    "large counts": sparse.csr_array(np.diag(np.arange(1.0, 3001.0))),
}


@pytest.mark.parametrize("kind", FINE)
def test_scaled_inputs_set_no_alarm_off(kind):
    rows = FINE[kind]
    assert said(lambda: NetRegressor(max_epochs=1, n_neurons=2).fit(rows, np.arange(rows.shape[0]))) == []


@pytest.mark.parametrize("kind", BAD)
def test_unscaled_inputs_do(kind):
    rows = BAD[kind]
    scaler = "MaxAbsScaler" if sparse.issparse(rows) else "StandardScaler"
    with pytest.warns(InputScaleWarning, match=rf"put {scaler}\(\) in front: make_pipeline"):
        NetRegressor(max_epochs=1, n_neurons=2).fit(rows, np.arange(rows.shape[0]))


def test_pieces_of_one_training_say_it_once():
    net = NetClassifier(max_epochs=3, n_neurons=4)
    assert said(lambda: net.fit_until(X, y, 1).fit_until(X, y, 2).fit_until(X, y, 3)) == [InputScaleWarning]


def test_the_line_is_the_users():
    model = make_pipeline(StandardScaler(with_std=False), NetClassifier(max_epochs=12, lr=1e-12, n_neurons=4))
    with pytest.warns(InputScaleWarning) as caught, pytest.warns(NothingLearnedWarning):
        model.fit(X, y)
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize("backend", ["sktune", "loky", "threading"])
def test_a_search_says_it_once(backend):
    def search():
        with joblib.parallel_config(backend, n_jobs=2):
            BayesSearchCV(NET, {"lr": [0.01, 0.1]}, cv=3, n_iter=2, random_state=0).fit(X, y)

    assert said(search) == [InputScaleWarning]


def test_searches_in_pieces_and_within_others_say_it_once():
    net = NetClassifier(max_epochs=4, n_neurons=4, random_state=0)
    assert said(lambda: HyperbandSearchCV(net, {"lr": [0.01, 0.1]}, cv=2, random_state=0).fit(X, y)) == [
        InputScaleWarning
    ]
    inner = BayesSearchCV(NET, {"lr": [0.01]}, cv=2, n_iter=1)
    outer = BayesSearchCV(inner, {"estimator__dropout": [0.0, 0.1]}, cv=2, n_iter=2)
    assert said(lambda: outer.fit(X, y)) == [InputScaleWarning]
    for standardize, expected in ((True, []), (False, [InputScaleWarning])):
        model = NetClassifierCV(estimator=NET, n_iter=1, cv=2, standardize=standardize)
        assert said(lambda model=model: model.fit(X, y)) == expected


# -- nothing learned ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"dropout": 0.5}, {"early_stopping": True}, {"label_smoothing": 0.9}])
def test_trainings_that_come_to_nothing(options):
    settings = {"n_neurons": 8, "max_epochs": 12, "random_state": 0, **options}
    stuck = NetClassifier(lr=1e-12, **settings)  # as the initial weights are
    with pytest.warns(
        NothingLearnedWarning, match=r"after \d+ epochs the loss of NetClassifier .* lower lr \(now 1e-12\)"
    ):
        stuck.fit(SCALED, y)
    assert said(lambda: NetClassifier(lr=0.05, **settings).fit(SCALED, y)) == []
    assert said(lambda: NetClassifier(lr=1e-12, **{**settings, "max_epochs": 2}).fit(SCALED, y)) == []  # a trial
    pieces = NetClassifier(lr=1e-12, **settings)
    assert said(lambda: pieces.fit_until(SCALED, y, 10)) == []
    if not options.get("early_stopping"):
        assert said(lambda: pieces.fit_until(SCALED, y, 12)) == [NothingLearnedWarning]


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
def test_every_loss_has_its_constant(loss):
    settings = {"n_neurons": 8, "max_epochs": 12, "random_state": 0, "loss": loss}
    assert said(lambda: NetRegressor(lr=1e-12, **settings).fit(SCALED, X[:, 0])) == [NothingLearnedWarning]
    assert said(lambda: NetRegressor(lr=0.05, **settings).fit(SCALED, X[:, 0])) == []
    assert said(lambda: NetRegressor(**settings).fit(SCALED, np.ones(len(X)))) == []  # there is nothing to learn


def test_of_a_search_only_the_best_candidate_counts():
    net = NetClassifier(max_epochs=12, n_neurons=8, random_state=0)
    for refit in (True, False):
        for rates, expected in (([1e-12, 0.05], []), ([1e-12], [NothingLearnedWarning])):
            search = BayesSearchCV(net, {"lr": rates}, cv=2, n_iter=2, random_state=0, refit=refit)
            assert said(lambda search=search: search.fit(SCALED, y)) == expected


# -- splits ------------------------------------------------------------------------------------------------------------


def test_overlapping_splits():
    model = make_pipeline(StandardScaler(), NET)
    rows = np.random.default_rng(0).permutation(len(X))
    cv = [(rows[:100], rows[100:]), (rows[:100], rows[95:]), (np.arange(len(X)), np.arange(len(X)) < 50)]
    search = BayesSearchCV(model, {"netclassifier__lr": [0.01]}, cv=cv, n_iter=1)
    with pytest.warns(OverlappingSplitsWarning, match="cv: 50 of the 178 rows .* in split 2; 1 more of the 3 splits"):
        search.fit(X, y)
    assert said(lambda: search.set_params(cv=cv[:1]).fit(X, y)) == []
