"""Training in pieces: which estimators can, and that the pieces are what their own `fit` makes of the same rows."""

import inspect
import pickle
import warnings
from copy import deepcopy

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin, clone, is_regressor
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    PolynomialFeatures,
    QuantileTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import SVC
from sklearn.utils import all_estimators
from sklearn.utils._testing import set_random_state
from skorch import NeuralNetClassifier, NeuralNetRegressor
from skorch.callbacks import EarlyStopping, EpochScoring, GradientNormClipping, LRScheduler
from skorch.dataset import ValidSplit

from sktune import NetClassifier, NetRegressor
from sktune.model_selection._resuming import Carried, count_epochs, find_resource, has_pieces, train_until
from sktune.model_selection._seeding import seeded_generators
from sktune.model_selection._shared_steps import SharedSteps

X, y = load_iris(return_X_y=True)
X, y = X[::2].astype(np.float32), y[::2]
target = (X @ [0.5, -1.0, 2.0, 0.3] + np.sin(3 * X[:, 0])).astype(np.float32)
several = np.eye(3, dtype=int)[y] | np.eye(3, dtype=int)[(X[:, 0] > 5.8).astype(int)]
weight = np.linspace(0.5, 2.0, len(X))


def in_pieces(estimator, X, y, pauses, *, seed=0, shared=None, **fit_params):
    """Train as tasks of a search do, each of which may run in a process of its own."""
    carried, trained = Carried(), 0
    for n_epochs in pauses:
        with seeded_generators(seed):
            progress = train_until(
                estimator, X.copy(), y.copy(), n_epochs, trained=trained, fit_params=fit_params,
                shared=SharedSteps() if shared is None else shared, split=0, seed=seed, carried=carried,
            )  # fmt: skip
        trained = progress.n_epochs
        estimator, carried = pickle.loads(pickle.dumps((estimator, carried)))
        if progress.is_over:
            break
    return estimator


def whole(estimator, X, y, *, seed=0, **fit_params):
    with seeded_generators(seed), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return clone(estimator).fit(X.copy(), y.copy(), **fit_params)


def outputs(estimator, X):
    for method in ("predict_proba", "decision_function", "predict"):
        if hasattr(estimator, method):
            return np.asarray(getattr(estimator, method)(X.copy()))
    raise AssertionError("nothing to compare")


def assert_pieces_are_the_fit(estimator, X, y, pauses=(1, 3, 9), **fit_params):
    fitted, pieces = whole(estimator, X, y, **fit_params), in_pieces(clone(estimator), X, y, pauses, **fit_params)
    assert_array_equal(outputs(pieces, X), outputs(fitted, X))
    assert_array_equal(count_epochs(pieces), count_epochs(fitted))


# -- estimators --------------------------------------------------------------------------------------------------------


class Module(torch.nn.Module):
    def __init__(self, n_out=3, dropout=0.3):
        super().__init__()
        layers = [torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Dropout(dropout), torch.nn.Linear(8, n_out)]
        self.layers = torch.nn.Sequential(*layers)
        self.n_out = n_out

    def forward(self, X):
        return torch.softmax(self.layers(X), dim=-1) if self.n_out == 3 else self.layers(X)


def skorch_net(kind=NeuralNetClassifier, **params):
    given = {"max_epochs": 9, "lr": 0.1, "batch_size": 16, "verbose": 0, "iterator_train__shuffle": True, **params}
    return kind(Module, **given)


class Halving(NeuralNetClassifier):
    """Has its own loss, as nets of users often do."""

    def get_loss(self, y_pred, y_true, *args, **kwargs):
        return super().get_loss(y_pred, y_true, *args, **kwargs) / 2


MLP = {"max_iter": 9, "hidden_layer_sizes": (7,), "batch_size": 16, "random_state": 0}
TREES = {"n_estimators": 9, "random_state": 0}
HIST = {"max_iter": 9, "min_samples_leaf": 5, "random_state": 0}

CLASSIFIERS = {
    "net": NetClassifier(max_epochs=9, n_neurons=8, lr_schedule="cosine", dropout=0.2, random_state=0),
    "net, early stopping": NetClassifier(max_epochs=9, n_neurons=8, early_stopping=True, patience=1, random_state=0),
    "adam": MLPClassifier(**MLP),
    "sgd": MLPClassifier(**MLP, solver="sgd", momentum=0.5),
    "adaptive": MLPClassifier(**{**MLP, "max_iter": 60}, solver="sgd", learning_rate="adaptive", tol=0.1,
                              n_iter_no_change=2),
    "invscaling, in order": MLPClassifier(**MLP, solver="sgd", learning_rate="invscaling", shuffle=False),
    "random state": MLPClassifier(**{**MLP, "random_state": np.random.RandomState(3)}),
    "boosting": GradientBoostingClassifier(**TREES),
    "boosting, random": GradientBoostingClassifier(**TREES, subsample=0.6, max_features=2, loss="log_loss"),
    "hist": HistGradientBoostingClassifier(**HIST),
    "hist, early stopping": HistGradientBoostingClassifier(**{**HIST, "max_iter": 60}, early_stopping=True, tol=0.1,
                                                           n_iter_no_change=2, learning_rate=0.3),
    "hist, scored": HistGradientBoostingClassifier(**{**HIST, "max_iter": 60}, early_stopping=True, scoring="accuracy",
                                                   n_iter_no_change=3),
    "hist, some features": HistGradientBoostingClassifier(**HIST, max_features=0.5),
    "forest": RandomForestClassifier(**TREES, max_samples=0.7),
    "forest, balanced": RandomForestClassifier(**TREES, class_weight="balanced"),
    "forest, random state": RandomForestClassifier(**{**TREES, "random_state": np.random.RandomState(3)}),
    "extra trees": ExtraTreesClassifier(**TREES),
    "bagging": BaggingClassifier(SVC(), **TREES, max_features=0.5),
    "skorch": skorch_net(),
    "skorch, adam": skorch_net(optimizer=torch.optim.Adam, lr=0.01, train_split=None, callbacks="disable"),
    "skorch, random split": skorch_net(train_split=ValidSplit(0.3, random_state=1),
                                       callbacks=[EpochScoring("f1_macro"), GradientNormClipping(0.1)]),
    "skorch, own loss": Halving(Module, max_epochs=9, verbose=0),
}  # fmt: skip
REGRESSORS = {
    "net": NetRegressor(max_epochs=9, n_neurons=8, random_state=0),
    "adam": MLPRegressor(**MLP),
    "poisson": MLPRegressor(**MLP, loss="poisson"),
    "boosting, absolute error": GradientBoostingRegressor(**TREES, loss="absolute_error", init="zero"),
    "boosting, huber": GradientBoostingRegressor(**TREES, loss="huber", subsample=0.5),
    "boosting, quantile": GradientBoostingRegressor(**TREES, loss="quantile", alpha=0.3),
    "hist": HistGradientBoostingRegressor(**HIST, loss="absolute_error"),
    "forest": RandomForestRegressor(**TREES, max_features=2),
    "extra trees": ExtraTreesRegressor(**TREES, bootstrap=True),
    "bagging": BaggingRegressor(**TREES),
    "outliers": IsolationForest(**TREES, contamination=0.1),
    "skorch": skorch_net(NeuralNetRegressor, module__n_out=1, train_split=None),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_pieces_are_the_fit_of_a_classifier(name):
    assert has_pieces(CLASSIFIERS[name])
    assert_pieces_are_the_fit(CLASSIFIERS[name], X, y, (1, 3, 4, 9, 60))


@pytest.mark.parametrize("name", REGRESSORS)
def test_pieces_are_the_fit_of_a_regressor(name):
    assert has_pieces(REGRESSORS[name])
    targets = np.abs(target) if name == "poisson" else target[:, None] if name == "skorch" else target
    assert_pieces_are_the_fit(REGRESSORS[name], X, targets, (2, 5, 9))


@pytest.mark.parametrize("name", ["adam", "boosting", "hist", "forest", "bagging"])
def test_weights_count_in_every_piece(name):
    given = {} if name == "bagging" else {"sample_weight": weight}
    assert_pieces_are_the_fit(CLASSIFIERS[name], X, y, **given)


@pytest.mark.parametrize("estimator", [MLPClassifier(**MLP), ExtraTreesClassifier(**TREES)])
def test_multilabel_targets(estimator):
    assert_pieces_are_the_fit(estimator, X, several)


@pytest.mark.parametrize(
    "estimator", [MLPRegressor(**MLP), RandomForestRegressor(**TREES), NetRegressor(max_epochs=9, random_state=0)]
)
def test_several_targets(estimator):
    assert_pieces_are_the_fit(estimator, X, np.column_stack([target, -target]))


def test_labels_of_any_kind():
    assert_pieces_are_the_fit(MLPClassifier(**MLP), X, np.array(["b", "a", "c"])[y])
    assert_pieces_are_the_fit(MLPClassifier(**MLP), X, y > 0)


@pytest.mark.parametrize(
    "estimator",
    [
        MLPClassifier(hidden_layer_sizes=(5,), max_iter=300, tol=0.005, n_iter_no_change=3, random_state=0),
        MLPClassifier(hidden_layer_sizes=(5,), max_iter=300, solver="sgd", learning_rate="adaptive", tol=0.1,
                      n_iter_no_change=2, learning_rate_init=2e-6, random_state=0),
    ],
)  # fmt: skip
def test_training_ends_where_tol_would_end_it(estimator):
    fitted = whole(estimator, X, y)
    assert 5 < fitted.n_iter_ < 300
    for pauses in ([100, 300], [fitted.n_iter_ - 1, fitted.n_iter_, fitted.n_iter_ + 1, 300], range(1, 301)):
        pieces = in_pieces(clone(estimator), X, y, pauses)
        assert_array_equal(outputs(pieces, X), outputs(fitted, X))
        assert pieces.n_iter_ == fitted.n_iter_
        assert pieces.loss_curve_ == fitted.loss_curve_


def test_early_stopping_ends_the_training():
    net = NetClassifier(max_epochs=50, early_stopping=True, patience=1, tol=1.0, random_state=0)
    progress = train_until(net, X, y, 40, fit_params={}, shared=SharedSteps(), split=0)
    assert progress.is_over
    assert progress.n_epochs == net.n_iter_ < 10


@pytest.mark.parametrize("name", ["adam", "boosting", "hist", "forest, balanced", "bagging"])
def test_the_parameters_are_what_they_were(name):
    estimator = clone(CLASSIFIERS[name])
    train_until(estimator, X, y, 2, fit_params={}, shared=SharedSteps(), split=0)
    assert repr(estimator.get_params()) == repr(CLASSIFIERS[name].get_params())


# -- what is trained as a whole ----------------------------------------------------------------------------------------


class MyMLP(MLPClassifier):
    def fit(self, X, y):
        return super().fit(X, y % 2)


class MyBatches(GradientBoostingClassifier):
    def _fit_stages(self, *args, **kwargs):
        return super()._fit_stages(*args, **kwargs)


class MyNet(NetClassifier):
    def fit(self, X, y):
        return super().fit(X, y % 2)


class MySkorch(NeuralNetClassifier):
    def on_train_begin(self, *args, **kwargs):
        super().on_train_begin(*args, **kwargs)
        self.initialize_optimizer()


class LogPipeline(Pipeline):
    def fit(self, X, y=None, **params):
        return super().fit(X, np.log(y), **params)

    def predict(self, X, **params):
        return np.exp(super().predict(X, **params))


class MyPredictions(MLPClassifier):
    """Trains as the class does that it comes from."""

    def predict(self, X):
        return 2 - super().predict(X)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (SVC(), "SVC cannot be trained in pieces: that takes fit_until"),
        (SGDClassifier(), "SGDClassifier cannot be trained in pieces: that takes fit_until"),
        (make_pipeline(StandardScaler()), "StandardScaler cannot be trained in pieces"),
        (NetClassifier(callbacks=[GradientNormClipping()]), "set callbacks=None"),
        (NetClassifier(max_epochs=2.5), "max_epochs of NetClassifier must be an int of at least 1, got 2.5"),
        (MLPClassifier(early_stopping=True), "set early_stopping=False"),
        (MLPClassifier(solver="lbfgs"), "solver='lbfgs' has no epochs, set solver='adam' or 'sgd'"),
        (GradientBoostingClassifier(n_estimators=0), "n_estimators of GradientBoostingClassifier must be an int of at"),
        (GradientBoostingClassifier(n_iter_no_change=3), "set n_iter_no_change=None"),
        (BaggingClassifier(oob_score=True), "set oob_score=False"),
        (skorch_net(callbacks=[EarlyStopping()]), "the callback EarlyStopping may begin anew with each piece"),
        (skorch_net(callbacks=[("rate", LRScheduler)]), "the callback LRScheduler may begin anew with each piece"),
        (skorch_net(train_split=ValidSplit(0.3)), "its train_split may be another one for each piece"),
        (MyMLP(), "MyMLP cannot be trained in pieces: it has its own fit"),
        (MyBatches(), "MyBatches cannot be trained in pieces: it has its own _fit_stages"),
        (MyNet(), "MyNet cannot be trained in pieces: it has its own fit, and the fit_until of a class"),
        (MySkorch(Module), "MySkorch cannot be trained in pieces: it has its own on_train_begin"),
        (LogPipeline([("net", NetRegressor())]), "LogPipeline cannot be trained in pieces: it has its own fit"),
    ],
)
def test_what_cannot_be_trained_in_pieces(estimator, message):
    with pytest.raises(ValueError, match=message):
        find_resource(estimator)


class FitsOtherwise(TransformerMixin, BaseEstimator):
    """Makes something else of the rows that it is fitted to, as encoders of targets do."""

    def fit(self, X, y=None):
        return self

    def fit_transform(self, X, y=None):
        return X + np.float32(0.25)

    def transform(self, X):
        return X


@pytest.mark.parametrize("encoder", ["passthrough", FitsOtherwise()], ids=str)
def test_validation_data_pass_through_pipelines_in_pieces(encoder):
    """Those that it lists are transformed by the steps before, one pipeline in another."""
    with config_context(enable_metadata_routing=True):
        net = NetClassifier(max_epochs=9, n_neurons=8, lr=0.05, early_stopping=True, patience=2, random_state=0)
        net.set_fit_request(X_val=True, y_val=True)
        inner = Pipeline([("scale", MinMaxScaler()), ("net", net)], transform_input=["X_val"])
        outer = Pipeline(
            [("encode", encoder), ("scale", StandardScaler()), ("inner", inner)], transform_input=["X_val"]
        )
        assert_pieces_are_the_fit(outer, X, y, (1, 3, 9), X_val=X[::3] + 0.1, y_val=y[::3])
        shared = SharedSteps()
        rows = {"X_val": X[::3] + 0.1, "y_val": y[::3]}
        known = [
            in_pieces(clone(outer), X, y, (2, 9), shared=shared, **rows) for _ in range(2)
        ]  # the second finds steps
        assert_array_equal(*(outputs(one, X) for one in known))
        assert_array_equal(outputs(known[0], X), outputs(whole(outer, X, y, **rows), X))


def test_a_subclass_that_trains_alike_can():
    assert_pieces_are_the_fit(MyPredictions(**MLP), X, y)
    assert has_pieces(MyPredictions(**MLP))


def is_trained_epoch_by_epoch(kind):
    """Whether a class can be trained a little, or once more, and predicts something then."""
    predicts = any(hasattr(kind, method) for method in ("predict", "decision_function"))
    return predicts and (hasattr(kind, "partial_fit") or "warm_start" in inspect.signature(kind).parameters)


KINDS = {name: kind for name, kind in all_estimators() if is_trained_epoch_by_epoch(kind)}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.filterwarnings("ignore")
def test_pieces_are_the_fit_whatever_the_estimator(name):
    kind = KINDS[name]
    network = NetRegressor if issubclass(kind, RegressorMixin) else NetClassifier
    first = next(iter(inspect.signature(kind).parameters.values()))
    estimator = kind(network(max_epochs=3)) if first.default is first.empty else kind()
    set_random_state(estimator, 0)
    for name in ("max_iter", "n_estimators"):
        if name in estimator.get_params():
            estimator.set_params(**{name: 9})
    targets = np.abs(target) if is_regressor(estimator) else y
    tags = estimator.__sklearn_tags__()
    if tags.target_tags.multi_output and not tags.target_tags.single_output:
        targets = np.column_stack([targets, targets])
    assert_pieces_are_the_fit(estimator, np.abs(X), targets, (1, 3, 9))


# -- the steps before --------------------------------------------------------------------------------------------------


class Counting(TransformerMixin, BaseEstimator):
    """Does nothing, and counts how often it was fitted."""

    n_fits = 0

    def __init__(self, factor=1.0):
        self.factor = factor

    def fit(self, X, y=None, weight=None):
        Counting.n_fits += 1
        self.weight_ = weight
        return self

    def transform(self, X):
        return X * self.factor


class Doubling(TransformerMixin, BaseEstimator):
    """Changes the rows that it is given."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        X *= 2
        return X


class Nearest(ClassifierMixin, BaseEstimator):
    """Keeps the promise of `fit_until`, and shows what it is trained on."""

    def __init__(self, max_epochs=9):
        self.max_epochs = max_epochs

    def fit(self, X, y):
        return self.fit_until(X, y, self.max_epochs)

    def fit_until(self, X, y, n_epochs):
        self.rows_ = [*getattr(self, "rows_", ()), *[np.array(X)] * (n_epochs - getattr(self, "n_iter_", 0))]
        self.n_iter_, self.classes_ = n_epochs, np.unique(y)
        return self

    def predict_proba(self, X):
        return np.concatenate(self.rows_)


def pipelines(last):
    union = FeatureUnion([("pca", PCA(2, random_state=0)), ("as they are", "passthrough")])
    columns = make_column_transformer((StandardScaler(), [0, 1]), (MinMaxScaler(), [2, 3]))
    return {
        "flat": make_pipeline(StandardScaler(), last),
        "nothing before": make_pipeline(last),
        "passthrough": make_pipeline("passthrough", None, StandardScaler(), last),
        "nested": make_pipeline(StandardScaler(), make_pipeline(PCA(3), make_pipeline(MinMaxScaler(), last))),
        "nested before": make_pipeline(make_pipeline(StandardScaler(), PCA(3)), last),
        "union": make_pipeline(StandardScaler(), union, last),
        "columns": make_pipeline(columns, last),
        "encoded": make_pipeline(FunctionTransformer(np.round), TargetEncoder(cv=StratifiedKFold(2)), last),
        "in place": make_pipeline(StandardScaler(copy=False), make_pipeline(Doubling(), last)),
        "unknown function": make_pipeline(FunctionTransformer(lambda X: X + 1), last),
        "pandas": make_pipeline(StandardScaler(), PCA(2), last).set_output(transform="pandas"),
        "random": make_pipeline(QuantileTransformer(n_quantiles=9, random_state=np.random.RandomState(0)), last),
    }


@pytest.mark.parametrize("shared", [True, False], ids=["one process", "many processes"])
@pytest.mark.parametrize("name", pipelines(None))
def test_pieces_of_a_pipeline_are_its_fit(name, shared, monkeypatch):
    pipeline = pipelines(MLPClassifier(**MLP) if name == "flat" else Nearest())[name]
    fitted = whole(pipeline, X, y)
    monkeypatch.setattr(pickle, "dumps", lambda value: value)  # functions have no name here; copies do as well
    monkeypatch.setattr(pickle, "loads", deepcopy)
    pieces = in_pieces(clone(pipeline), X, y, (2, 3, 9), shared=SharedSteps() if shared else None)
    assert_array_equal(outputs(pieces, X), outputs(fitted, X))


def test_steps_that_a_folder_keeps(tmp_path):
    pipeline = make_pipeline(Counting(), StandardScaler(), Nearest(), memory=str(tmp_path))
    whole(pipeline, X, y)
    Counting.n_fits = 0
    assert_pieces_are_the_fit(pipeline, X, y)
    assert Counting.n_fits == 0


@pytest.mark.parametrize("last", [NetRegressor(max_epochs=9, random_state=0), GradientBoostingRegressor(**TREES)])
def test_transformed_targets(last):
    given = {"func": np.sqrt, "inverse_func": np.square, "check_inverse": False}
    scaled = TransformedTargetRegressor(make_pipeline(StandardScaler(), last), transformer=StandardScaler())
    for estimator in (
        TransformedTargetRegressor(last),
        scaled,
        make_pipeline(StandardScaler(), TransformedTargetRegressor(make_pipeline(PCA(3), last), **given)),
        TransformedTargetRegressor(scaled, **given),
    ):
        assert has_pieces(estimator)
        assert_pieces_are_the_fit(estimator, X, np.abs(target))


def test_the_outer_steps_count_for_the_inner_ones():
    shared = SharedSteps()
    for outer in (StandardScaler(), MinMaxScaler(), "passthrough"):
        pipeline = Pipeline([("scale", outer), ("inner", make_pipeline(PolynomialFeatures(1), Nearest()))])
        fitted = whole(pipeline, X, y)
        assert_array_equal(outputs(in_pieces(pipeline, X, y, (2, 9), shared=shared), X), outputs(fitted, X))


def test_steps_are_fitted_once_for_all_candidates_of_a_split():
    Counting.n_fits, shared = 0, SharedSteps()
    for lr in (0.1, 0.01):
        for split in (0, 1):
            pipeline = make_pipeline(Counting(), NetClassifier(max_epochs=4, lr=lr))
            for trained, n_epochs in ((0, 2), (2, 4)):
                given = {"trained": trained, "fit_params": {}, "shared": shared, "split": split}
                assert train_until(pipeline, X[split::2], y[split::2], n_epochs, **given).n_epochs == n_epochs
    assert Counting.n_fits == 2


def test_other_settings_are_fitted_on_their_own():
    shared = SharedSteps()
    found = [outputs(in_pieces(make_pipeline(Counting(f), Nearest(1)), X, y, [1], shared=shared), X) for f in (1, 2, 1)]
    assert_array_equal(found[0] * 2, found[1])
    assert_array_equal(found[2], found[0])


def test_what_cannot_be_compared_is_not_shared():
    shared = SharedSteps()
    for factor in (1.0, 2.0):
        pipeline = make_pipeline(FunctionTransformer(lambda X, factor=factor: X * factor), Nearest(2))
        train_until(pipeline, X, y, 1, fit_params={}, shared=shared, split=0)
        assert_array_equal(pipeline[-1].rows_[0], X * factor)
    assert not shared._entries


def test_a_fitted_pipeline_is_never_fitted_again():
    Counting.n_fits = 0
    in_pieces(make_pipeline(Counting(), NetClassifier(max_epochs=4)), X, y, [1, 2, 4])
    assert Counting.n_fits == 1


def test_random_steps_of_another_candidate_are_not_taken_over():
    """Without a seed, steps of the same settings are not the same; each training goes on with its own rows."""
    shared = SharedSteps()
    first, second = (make_pipeline(PCA(2, svd_solver="randomized"), Nearest(2)) for _ in range(2))
    train_until(first, X, y, 1, fit_params={}, shared=shared, split=0)
    shared._entries.clear()
    train_until(second, X + 1e-3 * X**2, y, 1, fit_params={}, shared=shared, split=0)
    train_until(first, X, y, 2, trained=1, fit_params={}, shared=shared, split=0)
    assert_array_equal(first[-1].rows_[1], first[0].transform(X))


def test_shared_steps_keep_no_more_than_they_may(monkeypatch):
    monkeypatch.setattr("sktune.model_selection._shared_steps._MOST_BYTES", 3 * X.nbytes)
    shared = SharedSteps()
    for split in range(9):
        train_until(make_pipeline(Counting(), Nearest()), X, y, 1, fit_params={}, shared=shared, split=split)
    assert len(shared._entries) == 3
    assert not pickle.loads(pickle.dumps(shared))._entries


def test_fit_parameters_reach_their_steps():
    pipeline = make_pipeline(Counting(), NetClassifier(max_epochs=2, random_state=0))
    given = {"counting__weight": "w", "netclassifier__sample_weight": weight}
    pieces = in_pieces(clone(pipeline), X, y, [1, 2], **given)
    assert pieces[0].weight_ == "w"
    assert_array_equal(pieces.predict_proba(X), clone(pipeline).fit(X, y, **given).predict_proba(X))
    with pytest.raises(ValueError, match="does not accept the sample_weight parameter"):
        in_pieces(clone(pipeline), X, y, [1], sample_weight=weight)


def test_a_monitor_of_boosting_may_end_its_training():
    given = {"monitor": lambda i, *args: i == 4}
    assert_pieces_are_the_fit(GradientBoostingClassifier(**TREES), X, y, **given)
