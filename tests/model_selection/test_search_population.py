"""PopulationSearchCV: settings that change during training, and a refit that follows them."""

import pickle

import numpy as np
import pytest
import torch
from joblib import parallel_config
from numpy.testing import assert_array_equal
from populations import ALL_ROWS, ETA, LR, Descent, Toy, TwoValleys, X, net, scores_of, search, sgd, y
from sklearn.base import ClassifierMixin, clone
from sklearn.callback import ProgressBar
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier

from sktune import Categorical, Integer, Real, Space

# ALL_ROWS scores the rows that it trains on
pytestmark = pytest.mark.filterwarnings("ignore:cv. 150 of the 150 rows:sktune.exceptions.OverlappingSplitsWarning")

# -- what it is good for -----------------------------------------------------------------------------------------------


def test_it_finds_a_schedule_that_no_fixed_setting_equals():
    fitted = search(
        Descent(), {"lr": (1e-3, 1.0, "log-uniform")}, population_size=15, n_generations=20, cv=2, random_state=1
    ).fit(X[:20], y[:20])
    lrs = np.geomspace(1e-3, 1.0, 500)
    fixed = np.full(500, 100.0)
    for _ in range(40):
        fixed = (1 - lrs) ** 2 * fixed + lrs**2
    assert -fitted.best_score_ < 0.5 * fixed.min()
    assert -fitted.best_estimator_.score(X) < 0.5 * fixed.min()
    used = fitted.best_estimator_.lrs_
    assert np.mean(used[:10]) > 2 * np.mean(used[-10:])


def test_a_choice_may_change_during_training():
    fitted = search(TwoValleys(), {"axis": [0, 1]}, population_size=4, n_generations=10, resample_probability=0.5)
    fitted.fit(X[:10], y[:10])
    assert fitted.best_score_ > 1.1  # fixed settings come to 1.2 - 0.9 ** 2 = 0.39 at most
    assert {*fitted.best_estimator_.axes_} == {0, 1}


# -- the refit ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estimator", "space"),
    [
        (net(random_state=0), {**LR, "dropout": (0.0, 0.5), "batch_size": Integer(16, 64, "power-of-two")}),
        (make_pipeline(StandardScaler(), net(random_state=0)), {f"netclassifier__{name}": LR[name] for name in LR}),
        (sgd(random_state=0, max_iter=7), ETA),
        (GradientBoostingClassifier(n_estimators=6, random_state=0, max_depth=1), {"learning_rate": (0.01, 1.0)}),
        (MLPClassifier((5,), max_iter=6, random_state=0), {"alpha": (1e-5, 100.0, "log-uniform")}),
        (
            net(random_state=0),
            {
                "optimizer": ["sgd", "adam"],
                "momentum": Real(0, 0.99, when={"optimizer": "sgd"}),
                "lr": (1e-3, 1e-1, "log-uniform"),
                "n_neurons": [4, 8],
            },
        ),
    ],
    ids=["net", "pipeline", "sgd", "trees", "mlp", "conditions"],
)
def test_the_refit_repeats_the_training_of_the_winner(estimator, space):
    fitted = search(estimator, space, cv=ALL_ROWS, scoring="neg_log_loss" if "sgd" not in str(estimator) else None)
    if isinstance(estimator, SGDClassifier):
        fitted.set_params(scoring=lambda model, X, y: model.decision_function(X)[:, 0].mean())
    fitted.fit(X, y)
    assert fitted.score(X, y) == fitted.best_score_
    assert fitted.best_schedule_[-1][1] == fitted.best_params_
    for name, value in fitted.best_params_.items():
        assert fitted.best_estimator_.get_params()[name] == value


def test_the_schedule_can_be_followed_by_hand():
    fitted = search(
        net(random_state=3, max_epochs=9), LR, population_size=6, n_generations=9, cv=ALL_ROWS, quantile=0.5
    )
    fitted.fit(X, y)
    until = [n_epochs for n_epochs, _ in fitted.best_schedule_]
    assert len(until) > 1
    assert until == sorted({*until})
    assert until[-1] == 9
    by_hand = clone(fitted.estimator)
    for n_epochs, params in fitted.best_schedule_:
        by_hand.set_params(**params).fit_until(X, y, n_epochs)
    assert_array_equal(by_hand.predict_proba(X), fitted.predict_proba(X))
    assert by_hand.history_["lr"] == fitted.best_estimator_.history_["lr"]


class Pieces(Toy):
    """Counts the epochs of each piece."""

    def __init__(self, lr=0.1, max_iter=10):
        self.lr = lr
        self.max_iter = max_iter

    def fit_until(self, X, y, n_epochs):
        self.pieces_ = [*getattr(self, "pieces_", []), n_epochs - sum(getattr(self, "pieces_", []))]
        return self

    def score(self, X, y=None):
        return self.lr


def test_the_refit_pauses_where_the_winner_did():
    fitted = search(Pieces(), {"lr": (0.1, 1.0)}, initial_params=[{"lr": 1.0}]).fit(X, y)
    assert fitted.best_schedule_ == [(10, {"lr": 1.0})]
    assert fitted.best_estimator_.pieces_ == [4, 3, 3]


def test_learning_rate_schedules_refer_to_all_epochs():
    fitted = search(net(lr_schedule="linear"), {"dropout": (0.0, 0.5)}).fit(X, y)
    assert fitted.best_estimator_.history_["lr"] == net(lr_schedule="linear").fit(X, y).history_["lr"]


# -- what the results tell ---------------------------------------------------------------------------------------------


def test_results_tell_the_lines_of_copies():
    fitted = search(sgd(max_iter=9), ETA, population_size=6, quantile=0.34).fit(X, y)
    results = fitted.cv_results_
    n = len(results["params"])
    assert n == 6 + 2 * 2
    assert list(results["status"]).count("ok") == 6
    pruned = results["status"] == "pruned"
    assert [*results["stopped_by"]] == ["exploit" if one else None for one in pruned]
    assert {*results["n_epochs"][pruned]} == {3.0, 6.0}
    assert {*results["n_epochs"][~pruned]} == {9.0}
    parents, inherited = results["parent"], results["n_inherited_epochs"]
    assert [*parents[:6]] == [-1] * 6
    assert [*inherited] == [0] * 6 + [3] * 2 + [6] * 2
    assert all(0 <= parent < child for child, parent in enumerate(parents) if child >= 6)
    assert results["rank_test_score"][fitted.best_index_] == 1
    assert results["status"][fitted.best_index_] == "ok"
    assert results["rank_test_score"][pruned].min() > 6
    assert np.isfinite(results["mean_test_score"]).all()
    lengths = {len(column) for column in results.values()}
    assert lengths == {n}


def test_one_generation_is_a_search_of_fixed_settings():
    fitted = search(sgd(), ETA, n_generations=1).fit(X, y)
    assert {*fitted.cv_results_["status"]} == {"ok"}
    assert fitted.best_schedule_ == [(6, fitted.best_params_)]


def test_no_more_generations_than_epochs():
    fitted = search(sgd(max_iter=2), ETA, n_generations=50).fit(X, y)
    assert len(fitted.cv_results_["params"]) == 5 + 1


def test_initial_params_are_members():
    known = [{"eta0": 0.5, "alpha": 1e-3}, {"eta0": 0.01, "alpha": 1e-2}]
    fitted = search(sgd(), ETA, initial_params=known, population_size=2, n_generations=1).fit(X, y)
    assert fitted.cv_results_["params"] == known
    fitted = search(sgd(alpha=1e-5), ETA, initial_params="current").fit(X, y)
    assert fitted.cv_results_["params"][0] == {"eta0": 0.1, "alpha": 1e-5}


def test_several_metrics():
    fitted = search(sgd(), ETA, scoring=["accuracy", "balanced_accuracy"], refit="balanced_accuracy").fit(X, y)
    assert fitted.best_score_ == fitted.cv_results_["mean_test_balanced_accuracy"][fitted.best_index_]
    assert fitted.best_schedule_[-1] == (6, fitted.best_params_)
    unfitted = search(sgd(), ETA, scoring=["accuracy", "balanced_accuracy"], refit=False).fit(X, y)
    assert not hasattr(unfitted, "best_schedule_")


def test_a_generation_is_a_line(capsys):
    search(sgd(), ETA, verbose=1).fit(X, y)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("[generation")]
    assert lines[0].startswith("[generation 1/3] best score 0.")
    assert lines[0].endswith(", 1 of 5 replaced")
    assert lines[2].endswith(", 0 of 5 replaced")
    assert len(lines) == 3


# -- what may change ---------------------------------------------------------------------------------------------------


def family_values(fitted, name):
    """For each row the value of a parameter, and that of its parent."""
    results = fitted.cv_results_
    pairs = zip(results["params"], results["parent"], strict=True)
    return [(params[name], results["params"][parent][name]) for params, parent in pairs if parent >= 0]


def test_copies_inherit_what_cannot_change():
    pipeline = Pipeline([("scale", StandardScaler()), ("pca", PCA()), ("net", net())])
    space = {
        "pca__n_components": [2, 3],
        "scale": Categorical([StandardScaler(), "passthrough"]),
        "net__n_layers": (1, 2),
        "net__activation": ["relu", "tanh"],
        "net__normalization": [None, "batch"],
        "net__weight_decay": (1e-5, 1e-1, "log-uniform"),
        **{f"net__{name}": LR[name] for name in LR},
    }
    options = {"population_size": 8, "n_generations": 6, "quantile": 0.5, "fixed_params": ["net__weight_decay"]}
    fitted = search(pipeline, space, resample_probability=1.0, **options).fit(X, y)
    assert not {*fitted.cv_results_["status"]} - {"ok", "pruned"}
    for name in space:
        same = [value == parent for value, parent in family_values(fitted, name)]
        assert len(same) == 20
        assert (not any(same)) if name == "net__lr" else all(same)


def test_whole_models_are_inherited_and_their_settings_change():
    models = [sgd(random_state=0), net(random_state=0)]
    space = {
        "clf": models,
        "clf__eta0": Real(0.01, 1, when={"clf": models[0]}),
        "clf__lr": Real(1e-3, 1e-1, when={"clf": models[1]}),
    }
    fitted = search(Pipeline([("clf", sgd())]), space, population_size=6, cv=ALL_ROWS, quantile=0.34).fit(X, y)
    assert not {*fitted.cv_results_["status"]} - {"ok", "pruned"}
    assert fitted.score(X, y) == fitted.best_score_
    assert all(value is parent for value, parent in family_values(fitted, "clf"))


class Module(torch.nn.Module):
    def __init__(self, n_units=4):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, n_units), torch.nn.ReLU(), torch.nn.Linear(n_units, 3))

    def forward(self, X):
        return torch.softmax(self.layers(X), dim=-1)


def test_nets_of_skorch_keep_their_module():
    plain = NeuralNetClassifier(Module, max_epochs=6, train_split=None, verbose=0)
    space = {"lr": (1e-3, 0.5, "log-uniform"), "module__n_units": [4, 8]}
    fitted = search(plain, space, quantile=0.5, resample_probability=1.0).fit(X.astype(np.float32), y)
    assert not {*fitted.cv_results_["status"]} - {"ok", "pruned"}
    assert fitted.cv_results_["n_epochs"].max() == len(fitted.best_estimator_.history) == 6
    assert all(value == parent for value, parent in family_values(fitted, "module__n_units"))
    assert not any(value == parent for value, parent in family_values(fitted, "lr"))
    (group,) = fitted.best_estimator_.optimizer_.param_groups
    assert group["lr"] == fitted.best_params_["lr"]


class Stubborn(ClassifierMixin, Toy):
    """Refuses to change `shape` once it has begun."""

    def __init__(self, shape=1, max_iter=4, refuse_at="fit", dull=False):
        self.shape = shape
        self.max_iter = max_iter
        self.refuse_at = refuse_at
        self.dull = dull

    def set_params(self, **params):
        if (
            hasattr(self, "shape_")
            and self.refuse_at == "set_params"
            and params.get("shape", self.shape_) != self.shape_
        ):
            raise RuntimeError("the shape stays")
        return super().set_params(**params)

    def partial_fit(self, X, y, classes=None):
        self.shape_ = getattr(self, "shape_", self.shape)
        self.classes_ = np.unique(y) if classes is None else classes
        if self.shape != self.shape_:
            raise RuntimeError("the shape stays")
        return self

    def predict(self, X):
        return np.resize(self.classes_[: self.shape], len(X))


@pytest.mark.parametrize("refuse_at", ["fit", "set_params"])
def test_a_change_that_the_estimator_refuses_is_a_failure_and_fixed_params_avoid_it(refuse_at):
    stubborn = Stubborn(refuse_at=refuse_at)
    space = {"shape": (1, 3)}
    with pytest.warns(FitFailedWarning, match="the shape stays"):
        fitted = search(stubborn, space, population_size=4, n_generations=2).fit(X, y)
    failed = fitted.cv_results_["status"] == "failed"
    assert [*failed] == [False] * 4 + [True]
    assert np.isnan(fitted.cv_results_["mean_test_score"][4])
    with pytest.raises(RuntimeError, match="the shape stays"):
        search(stubborn, space, population_size=4, error_score="raise").fit(X, y)
    fixed = search(stubborn, {**space, "dull": [False, True]}, fixed_params=["shape"]).fit(X, y)
    assert not {*fixed.cv_results_["status"]} - {"ok", "pruned"}


# -- same answer everywhere --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estimator", "space", "ways"),
    [
        (make_pipeline(PCA(), net()), {"netclassifier__lr": LR["lr"]}, [("sktune", 2), ("threading", 2), (None, 1)]),
        (sgd(), ETA, [("loky", 2), ("threading", 2)]),
    ],
    ids=["net", "sgd"],
)
def test_the_answer_is_the_same_wherever_it_is_computed(estimator, space, ways):
    def fitted(backend, n_jobs):
        if backend is None:
            return search(estimator, space).fit(X, y)
        with parallel_config(backend):
            return search(estimator, space, n_jobs=n_jobs).fit(X, y)

    first = fitted("loky", 1)
    decide = "predict_proba" if hasattr(first, "predict_proba") else "decision_function"
    for way in ways:
        other = fitted(*way)
        assert other.cv_results_["params"] == first.cv_results_["params"]
        assert_array_equal(scores_of(other), scores_of(first))
        assert other.best_schedule_ == first.best_schedule_
        assert_array_equal(getattr(other, decide)(X), getattr(first, decide)(X))


def test_without_a_random_state_searches_differ():
    one, other = (search(sgd(), ETA, random_state=None, n_generations=1).fit(X, y) for _ in range(2))
    assert one.cv_results_["params"] != other.cv_results_["params"]


# -- as scikit-learn's searches ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"population_size": 1}, ValueError, "population_size"),
        ({"n_generations": 0}, ValueError, "n_generations"),
        ({"quantile": 0.6}, ValueError, "quantile"),
        ({"quantile": 0}, ValueError, "quantile"),
        ({"resample_probability": 1.5}, ValueError, "resample_probability"),
        ({"perturbation": 0}, ValueError, "perturbation"),
        ({"fixed_params": "eta0"}, ValueError, "fixed_params"),
        ({"fixed_params": ["eta"]}, ValueError, "fixed_params names 'eta', .* Did you mean 'eta0'"),
        ({"fixed_params": ["eta0", "alpha"]}, ValueError, "none can change: alpha, eta0"),
        ({"initial_params": [{"eta0": 7}]}, ValueError, r"initial_params\[0\] is not in the space"),
        ({"search_spaces": [ETA]}, ValueError, "must be a single dict or Space"),
        ({"search_spaces": 3}, TypeError, "search_spaces must be a dict"),
        ({"search_spaces": {}}, ValueError, "at least one parameter"),
        ({"search_spaces": {"eta": [1]}}, ValueError, "no parameter 'eta'. Did you mean 'eta0'"),
        ({"search_spaces": {**ETA, "max_iter": (1, 9)}}, ValueError, "must not have 'max_iter': it is the length"),
        ({"estimator": MLPClassifier(), "search_spaces": {"max_iter": (1, 9)}}, ValueError, "must not have"),
        ({"estimator": MLPClassifier(early_stopping=True)}, ValueError, "has no early stopping"),
        ({"estimator": PCA(), "search_spaces": {"n_components": [1]}}, ValueError, "PCA cannot be trained in pieces"),
    ],
)
def test_bad_input_is_named_before_any_work(params, error, message):
    class NoSplits:
        def split(self, X, y=None, groups=None):
            raise AssertionError("too late")

        def get_n_splits(self, X=None, y=None, groups=None):
            return 2

    with pytest.raises(error, match=message):
        search(sgd(), ETA).set_params(cv=NoSplits(), **params).fit(X, y)


def test_the_length_of_a_pipelines_training_cannot_be_searched_either():
    with pytest.raises(ValueError, match="must not have 'net__max_epochs'"):
        search(Pipeline([("net", net())]), {"net__max_epochs": [3], "net__lr": (0.1, 1.0)}).fit(X, y)


def test_it_is_an_estimator():
    unfitted = search(sgd(), Space(ETA), fixed_params=["alpha"])
    copy = clone(unfitted)
    assert copy.get_params()["fixed_params"] == ["alpha"]
    assert copy.get_params()["estimator__eta0"] == 0.1
    fitted = copy.fit(X, y)
    loaded = pickle.loads(pickle.dumps(fitted))
    assert loaded.best_schedule_ == fitted.best_schedule_
    assert_array_equal(loaded.predict(X), fitted.predict(X))
    assert {name for name in vars(fitted) if name.endswith("_")} >= {"best_schedule_", "best_params_", "refit_time_"}


def test_parameters_of_fit_reach_every_piece():
    weights = np.where(y == 2, 0.0, 1.0)
    fitted = search(net(random_state=0), LR, cv=ALL_ROWS).fit(X, y, sample_weight=weights)
    by_hand = clone(fitted.estimator)
    for n_epochs, params in fitted.best_schedule_:
        by_hand.set_params(**params).fit_until(X, y, n_epochs, sample_weight=weights)
    assert_array_equal(by_hand.predict_proba(X), fitted.predict_proba(X))


def test_callbacks_follow_copies():
    pytest.importorskip("rich")
    plain = search(net(), LR, random_state=0).fit(X, y)
    watched = search(net(), LR, random_state=0).set_callbacks(ProgressBar()).fit(X, y)
    assert_array_equal(scores_of(watched), scores_of(plain))
