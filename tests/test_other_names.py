"""Parameters that other libraries have: the error about one says what to write instead."""

import inspect
import pickle
import re

import pytest
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the halving searches importable
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV, RandomizedSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sktune import (
    BayesSearchCV,
    HyperbandSearchCV,
    NetClassifier,
    NetClassifierCV,
    NetRegressor,
    NetRegressorCV,
    PopulationSearchCV,
    ZoomSearchCV,
)

NETWORKS = (NetClassifier, NetRegressor)
SEARCHES = (BayesSearchCV, HyperbandSearchCV, PopulationSearchCV, ZoomSearchCV)
SELF_TUNING = (NetClassifierCV, NetRegressorCV)
#: What the signatures of two libraries have that are not installed here.
OPTUNA_SEARCH_CV = (
    *("estimator", "param_distributions", "cv", "enable_pruning", "error_score", "max_iter", "n_jobs", "n_trials"),
    *("random_state", "refit", "return_train_score", "scoring", "study", "subsample", "timeout", "verbose"),
    *("callbacks", "catch"),
)
SCIKIT_OPTIMIZE = (
    *("dimensions", "base_estimator", "n_random_starts", "n_initial_points", "acq_func", "acq_optimizer"),
    *("acq_func_kwargs", "acq_optimizer_kwargs", "n_calls", "x0", "y0", "callback"),
)
PIPELINE = make_pipeline(StandardScaler(), NetClassifier())


def parameters(kind):
    return set(inspect.signature(kind).parameters)


def made(kind, **params):
    return kind(SVC(), {"C": (0.1, 10.0)}, **params) if kind in SEARCHES else kind(**params)


def names_elsewhere(kind):
    mlp = parameters(MLPClassifier) | parameters(MLPRegressor)
    if kind in NETWORKS:
        return mlp - {"loss"}
    of_searches = [GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV]
    known = {*OPTUNA_SEARCH_CV, *SCIKIT_OPTIMIZE}.union(*map(parameters, of_searches))
    return known | mlp - {"loss"} if kind in SELF_TUNING else known


@pytest.mark.parametrize("kind", [*NETWORKS, *SEARCHES, *SELF_TUNING])
def test_every_parameter_of_the_peers_is_there_or_explained(kind):
    ours_only = set() if kind in SEARCHES else {"refit", "error_score", "return_train_score", "pre_dispatch"}
    unexplained = names_elsewhere(kind) - parameters(kind) - kind._other_names.keys() - ours_only
    assert not unexplained
    for name in kind._other_names.keys() - parameters(kind):
        with pytest.raises(
            TypeError, match=f"^{kind.__name__} has no parameter '{name}': {re.escape(kind._other_names[name])}$"
        ):
            made(kind, **{name: 1})


@pytest.mark.parametrize("kind", NETWORKS)
def test_what_is_advised_exists(kind):
    assert not kind._other_names.keys() & parameters(kind)
    for sentence in kind._other_names.values():
        advised = re.findall(r"\buse (\w+)(?: and (\w+))?", sentence)
        assert {name for pair in advised for name in pair if name} <= parameters(kind)
    assert kind(n_layers=None, n_neurons=(64, 32)).get_params()["n_neurons"] == (64, 32)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: NetClassifier(hidden_layer_sizes=(64, 32)), TypeError, "use n_layers and n_neurons "),
        (lambda: NetClassifier(dropuot=0.1), TypeError, "has no parameter 'dropuot'. Did you mean 'dropout'"),
        (lambda: NetClassifier(trees=1), TypeError, "has no parameter 'trees'; it has activation, batch_size, "),
        (lambda: NetClassifier((64, 32)), TypeError, r"by its name, such as \w+=\.\.\.; got \(64, 32\)"),
        (lambda: BayesSearchCV(SVC(), param_grid={}), TypeError, "has no parameter 'param_grid': use search_spaces"),
        (lambda: BayesSearchCV(SVC(), {}, n_trials=3), TypeError, "has no parameter 'n_trials': use n_iter$"),
        (lambda: ZoomSearchCV(SVC(), {}, n_trials=3), TypeError, "'n_trials': use n_candidates"),
        (lambda: HyperbandSearchCV(SVC(), {}, 3), TypeError, "such as reduction_factor=...; got 3"),
        (lambda: NetClassifierCV(lr=0.1), TypeError, "no parameter 'lr': set it in the network"),
        (lambda: NetClassifierCV(alpha=0.1), TypeError, "'alpha': use weight_decay.* set it in the network"),
        (lambda: NetClassifier().set_params(max_iter=5), ValueError, "has no parameter 'max_iter': use max_epochs"),
        (
            lambda: make_pipeline(NetRegressor()).set_params(netregressor__solver="adam"),
            ValueError,
            "NetRegressor has no parameter 'solver': use optimizer",
        ),
        (
            lambda: BayesSearchCV(PIPELINE, {"netclassifier__alpha": (0.1, 1.0)}).fit([[0.0], [1.0]], [0, 1]),
            ValueError,
            "Pipeline has no parameter 'netclassifier__alpha': use weight_decay",
        ),
        (
            lambda: BayesSearchCV(SVC(), {"C": (0.1, 1.0)}, {"acq_func": "EI"}).fit([[0.0], [1.0]], [0, 1]),
            ValueError,
            "unknown key 'acq_func'.* always log expected improvement",
        ),
    ],
)  # fmt: skip
def test_the_error_says_what_to_write(call, error, message):
    with pytest.raises(error, match=message):
        call()


class Named(NetClassifier):
    """A class of a user's, with a constructor of its own."""

    def __init__(self, lr=0.5, **others):
        super().__init__(lr=lr, **others)


def test_classes_derived_from_ours_explain_names_too():
    assert Named().lr == 0.5
    with pytest.raises(TypeError, match="Named has no parameter 'alpha': use weight_decay"):
        Named(alpha=1)


@pytest.mark.parametrize("kind", [*NETWORKS, *SEARCHES, *SELF_TUNING])
def test_constructors_are_as_they_were(kind):
    written = inspect.signature(kind)
    assert not any(one.kind in (one.VAR_KEYWORD, one.VAR_POSITIONAL) for one in written.parameters.values())
    assert inspect.signature(kind.__init__).replace(parameters=list(written.parameters.values())) == written
    estimator = made(kind, random_state=3)
    for copied in (clone(estimator), pickle.loads(pickle.dumps(estimator))):
        assert copied.random_state == 3
        assert copied.get_params(deep=False).keys() == written.parameters.keys()
