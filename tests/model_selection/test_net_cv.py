"""The networks that tune themselves."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.metrics import accuracy_score
from sklearn.model_selection import KFold, RandomizedSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from sktune import BayesSearchCV, Integer, NetClassifier, NetClassifierCV, NetRegressor, NetRegressorCV, Real, Space

X, y = load_wine(return_X_y=True)
FAST = {"estimator": NetClassifier(max_epochs=5, lr=0.01), "n_iter": 4, "cv": 3, "random_state": 0}


def test_raw_units_are_no_problem():
    model = NetClassifierCV(**FAST).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.9
    assert model.best_score_ == model.cv_results_["mean_test_score"].max()
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(model.predict_proba(X)), rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(model.predict(X), model.classes_[model.predict_proba(X).argmax(axis=1)])
    assert set(model.best_params_) == set(NetClassifier.default_search_space(89, 13))
    assert all(model.best_estimator_["net"].get_params()[name] == value for name, value in model.best_params_.items())


@pytest.mark.parametrize("n_samples", [20, 60, 200, 600, 2000])
@pytest.mark.parametrize("kind", [NetClassifierCV, NetRegressorCV])
@pytest.mark.parametrize(
    "params",
    [{}, {"n_neurons": (7, 3)}, {"lr": 0.5, "weight_decay": 0.0, "batch_size": 1000}, {"activation": "silu"}],
)
def test_the_networks_own_settings_come_first_whether_the_space_has_them_or_not(n_samples, kind, params):
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(n_samples, 2)), np.arange(n_samples) % 2
    net = (NetClassifier if kind is NetClassifierCV else NetRegressor)(**{"max_epochs": 1, **params})
    model = kind(estimator=net, n_iter=2, cv=2, random_state=0).fit(rows, labels)
    names = net.default_search_space(n_samples, 2)
    assert model.cv_results_["params"][0] == {f"net__{name}": net.get_params()[name] for name in names}
    assert model.best_score_ == np.nanmax(model.cv_results_["mean_test_score"])
    # and it is what the network would score without a search
    alone = Pipeline([("scale", StandardScaler()), ("net", net)])
    seeded = BayesSearchCV(alone, {"net__lr": [net.lr]}, n_iter=1, cv=model.search_.cv, random_state=0).fit(
        rows, labels
    )
    assert seeded.cv_results_["mean_test_score"][0] == model.cv_results_["mean_test_score"][0]


@pytest.mark.parametrize("own", [{}, {"n_neurons": Integer(4, 64)}])
def test_in_a_space_of_the_user_too(own):
    space = {"lr": Real(1e-4, 1e-1, prior="log-uniform"), "n_neurons": Integer(4, 128), **own}
    model = NetClassifierCV(**FAST, search_space=space).fit(X, y)
    assert model.cv_results_["params"][0] == {"net__lr": 0.01, "net__n_neurons": 128}


# -- folds -------------------------------------------------------------------------------------------------------------


def frozen(model, rows, target):
    """The test rows of the splits of a fitted self-tuning network."""
    return [test.tolist() for _, test in model.search_.cv.split(rows, target)]


def as_tuples(splitter, rows, target):
    return [test.tolist() for _, test in splitter.split(rows, target)]


@pytest.mark.parametrize("cv", [None, 3])
def test_default_folds_are_those_of_scikit_learn_shuffled_by_the_seed(cv):
    n_splits = cv or 5
    classifier = NetClassifierCV(**{**FAST, "cv": cv, "n_iter": 1}).fit(X, y)
    seed = classifier.search_.cv.random_state
    assert frozen(classifier, X, y) == as_tuples(StratifiedKFold(n_splits, shuffle=True, random_state=seed), X, y)
    again = clone(classifier).fit(X, y)
    other = clone(classifier).set_params(random_state=1).fit(X, y)
    assert frozen(again, X, y) == frozen(classifier, X, y) != frozen(other, X, y)
    np.testing.assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))
    regressor = NetRegressorCV(estimator=NetRegressor(max_epochs=1), n_iter=1, cv=cv, random_state=0).fit(X, X[:, 0])
    assert regressor.search_.cv.random_state == seed
    assert frozen(regressor, X, y) == as_tuples(KFold(n_splits, shuffle=True, random_state=seed), X, y)


def test_sorted_rows_make_no_difference_in_kind():
    X_iris, y_iris = load_iris(return_X_y=True)  # sorted by class
    model = NetClassifierCV(estimator=NetClassifier(max_epochs=1), n_iter=1, random_state=0).fit(X_iris, y_iris)
    for train, test in model.search_.cv.split(X_iris, y_iris):
        assert np.bincount(y_iris[test]).tolist() == [10, 10, 10]
        assert np.bincount(y_iris[train]).tolist() == [40, 40, 40]
    X_diabetes, target = load_diabetes(return_X_y=True)
    order = np.argsort(target)
    X_diabetes, target = X_diabetes[order], target[order]
    model = NetRegressorCV(estimator=NetRegressor(max_epochs=1), n_iter=1, random_state=0).fit(X_diabetes, target)
    for train, test in model.search_.cv.split(X_diabetes, target):
        # unshuffled, the first fold would hold the lowest fifth: two standard deviations of a fold's mean are 16
        assert abs(target[test].mean() - target[train].mean()) < 0.3 * target.std()


def test_folds_without_a_seed_differ_and_a_storage_keeps_them(tmp_path):
    def fit(**options):
        return NetClassifierCV(**{**FAST, "random_state": None, "n_iter": 2, "cv": None, **options}).fit(X, y)

    first, second = fit(storage=tmp_path / "a.db"), fit(storage=tmp_path / "a.db")
    np.testing.assert_array_equal(first.cv_results_["split0_test_score"], second.cv_results_["split0_test_score"])
    assert first.search_.cv.random_state is None


@pytest.mark.parametrize("cv", [KFold(3), list(KFold(3).split(X))])
def test_explicit_splits_are_taken_as_they_are(cv):
    model = NetClassifierCV(**{**FAST, "cv": cv, "n_iter": 1}).fit(X, np.arange(len(X)) % 2)
    assert model.search_.cv is cv


def test_rare_classes_are_handled_as_scikit_learn_handles_them():
    rare = np.r_[y, 9, 9]
    rows = np.r_[X, X[:2]]
    with pytest.warns(UserWarning, match="The least populated class in y has only 2 members"):
        NetClassifierCV(**{**FAST, "cv": None, "n_iter": 1}).fit(rows, rare)
    with pytest.raises(ValueError, match="n_splits=5 cannot be greater than the number of members in each class"):
        NetClassifierCV(**{**FAST, "cv": None}).fit(X[:8], np.arange(8) % 2)


def test_conditions_and_constraints_keep_their_meaning():
    space = Space(
        {
            "optimizer": ["sgd", "adamw"],
            "momentum": Real(0.5, 0.9, when={"optimizer": "sgd"}),
            "n_layers": [1, 2],
            "n_neurons": [8, 16],
        },
        constraint=lambda params: params["n_layers"] == 1 or params["n_neurons"] == 8,
    )
    model = NetClassifierCV(**{**FAST, "n_iter": 8}, search_space=space).fit(X, y)
    for params in model.cv_results_["params"][1:]:  # after the network's own settings
        assert ("net__momentum" in params) == (params["net__optimizer"] == "sgd")
        assert params["net__n_layers"] == 1 or params["net__n_neurons"] == 8


def test_a_seed_decides_everything():
    fit = lambda **options: NetClassifierCV(**{**FAST, **options}).fit(X, y)  # noqa: E731
    one, two, other = fit(), fit(n_jobs=2), fit(random_state=1)
    np.testing.assert_array_equal(one.cv_results_["mean_test_score"], two.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    assert one.cv_results_["params"][1:] != other.cv_results_["params"][1:]  # the first is the network as it is


def test_weights_reach_the_scaler_the_network_and_the_score():
    weight = np.where(y == 2, 0.0, 1.0)
    model = NetClassifierCV(**FAST, scoring="accuracy").fit(X, y, weight)
    assert 2 not in model.predict(X[y != 2])
    scaler = model.best_estimator_["scale"]
    np.testing.assert_allclose(scaler.mean_, X[y != 2].mean(axis=0))
    # the score counts the rows of class 0 and 1 alone: class 2 would always be wrong
    assert model.best_score_ > 0.8 > accuracy_score(y, model.predict(X))


def test_regression_of_a_data_frame():
    frame, target = load_diabetes(return_X_y=True, as_frame=True)
    model = NetRegressorCV(estimator=NetRegressor(max_epochs=15), n_iter=3, cv=2, random_state=0).fit(frame, target)
    assert model.score(frame, target) > 0.3
    assert model.feature_names_in_.tolist() == list(frame.columns)
    two = pd.DataFrame({"up": target, "down": -target})
    model = NetRegressorCV(estimator=NetRegressor(max_epochs=3), n_iter=1, cv=2).fit(frame, two)
    assert model.predict(frame).shape == (442, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_iter": 0}, "'n_iter' parameter of NetClassifierCV must be"),
        ({"estimator": NetRegressor()}, "estimator must be a NetClassifier or None, got NetRegressor()"),
        ({"search_space": {"n_neuron": [1, 2]}}, "n_neuron"),
        ({"search_space": [1]}, "'search_space' parameter of NetClassifierCV must be"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises((ValueError, TypeError), match=message.replace("(", r"\(").replace(")", r"\)")):
        NetClassifierCV(**{**FAST, **options}).fit(X, y)


# -- the default space --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_samples", [1, 30, 500, 501, 3000, 50_000, 10**7])
@pytest.mark.parametrize("n_features", [1, 5, 1000])
@pytest.mark.parametrize("Net", [NetClassifier, NetRegressor])
def test_default_space_suits_the_estimator(Net, n_samples, n_features):
    space = Space(Net.default_search_space(n_samples, n_features))
    for params in space.from_unit(space.sample(20, np.random.default_rng(0))):
        net = Net(**params)  # every name is a parameter
        net._validate_params()  # and every value is allowed
    assert Net.default_search_space(n_samples, n_features, prefix="a__").keys() == {
        f"a__{name}" for name in space.names
    }


def test_default_space_grows_with_the_table():
    sizes = [100, 1000, 10_000, 60_000, 10**6]
    spaces = [NetClassifier.default_search_space(n_samples, 20) for n_samples in sizes]
    for name in ("n_layers", "n_neurons", "batch_size"):
        bounds = [space[name].high for space in spaces]
        assert bounds == sorted(bounds)
        assert bounds[-1] > bounds[0]


@pytest.mark.parametrize("bad", [0, -3, 2.5, True, "many"])
def test_default_space_refuses_bad_sizes(bad):
    with pytest.raises(ValueError, match="n_samples must be an int of at least 1, got"):
        NetClassifier.default_search_space(bad, 3)
    with pytest.raises(ValueError, match="n_features must be an int of at least 1, got"):
        NetClassifier.default_search_space(3, bad)


def test_default_space_serves_scikit_learns_random_search():
    X, y = load_breast_cancer(return_X_y=True)
    space = NetClassifier.default_search_space(*X.shape)
    search = RandomizedSearchCV(NetClassifier(max_epochs=1), space, n_iter=2, cv=2, random_state=0).fit(X[:, :4], y)
    assert len(search.cv_results_["params"]) == 2


CHECKED = {"n_iter": 2, "cv": 2, "search_space": {"n_neurons": [8, 16]}, "random_state": 0}


@parametrize_with_checks(
    [
        NetClassifierCV(estimator=NetClassifier(max_epochs=12, lr=0.05, dtype="float64"), **CHECKED),
        NetRegressorCV(estimator=NetRegressor(max_epochs=12, lr=0.05, dtype="float64"), **CHECKED),
    ]
)
def test_scikit_learns_checks(estimator, check):
    check(clone(estimator))
