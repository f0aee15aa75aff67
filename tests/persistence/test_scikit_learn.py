"""All that ships with scikit-learn and is data, not code, is loaded as it was saved, without further arguments."""

import functools
import inspect
import operator

import numpy as np
import pytest
import scipy.sparse
from saved_models import assert_alike
from scipy.stats import loguniform
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector, make_column_transformer
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import SelectFromModel, SelectKBest, mutual_info_classif
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor, kernels
from sklearn.impute import IterativeImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, fbeta_score, make_scorer
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    PredefinedSplit,
    RandomizedSearchCV,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators, get_tags

import sktune
from sktune import BayesSearchCV, NetClassifier, NetRegressor
from sktune.exceptions import FileFormatError
from sktune.persistence._file import from_bytes, to_bytes
from sktune.persistence._memory import make_neighbors, make_predictor, make_sparse, make_tree
from sktune.persistence._stock import STOCK

#: Why these cannot be saved. The list is short, and shall stay so.
REFUSED = {
    "Birch": "its nodes refer to each other in circles, which skops does not write",
}
X, y = make_blobs(40, 4, centers=3, random_state=0)
X -= X.min()  # some take no negative numbers
NET = NetClassifier(max_epochs=1, n_neurons=3, n_layers=1, random_state=0)
METHODS = ("predict", "predict_proba", "decision_function", "transform", "score_samples", "kneighbors")
#: results of those that know no other rows
RESULTS = ("labels_", "embedding_", "row_labels_", "covariance_", "negative_outlier_factor_")
CLASSIFIER, REGRESSOR = LogisticRegression(), Ridge()
#: what estimators of estimators, and a few others, cannot do without
NEEDED = {
    "estimator": CLASSIFIER,
    "base_estimator": CLASSIFIER,
    "estimators": [("a", DecisionTreeClassifier(random_state=0)), ("b", CLASSIFIER)],
    "transformers": [("a", StandardScaler(), [0, 1]), ("b", "passthrough", slice(2, 4))],
    "transformer_list": [("a", StandardScaler()), ("b", PCA(1))],
    "steps": [("a", StandardScaler()), ("b", CLASSIFIER)],
    "param_grid": {"C": [0.1, 1.0]},
    "param_distributions": {"C": [0.1, 1.0]},
    "dictionary": np.eye(4),
}
#: settings that make fits short
SHORT = {"n_estimators": 3, "max_iter": 5, "n_init": 1, "cv": 2, "perplexity": 2, "random_state": 0, "n_clusters": 2}
SPECIAL = {
    "AgglomerativeClustering": {"n_clusters": 2},
    "RegressorChain": {"estimator": REGRESSOR},
    "MultiOutputRegressor": {"estimator": REGRESSOR},
    "StackingRegressor": {"estimators": [("a", REGRESSOR), ("b", Ridge(2))]},
    "VotingRegressor": {"estimators": [("a", REGRESSOR), ("b", Ridge(2))]},
    "SelectKBest": {"k": 2},
    "SelfTrainingClassifier": {"estimator": CLASSIFIER},
    "OrthogonalMatchingPursuitCV": {"max_iter": None},
    "TSNE": {"max_iter": 250},
    "HashingVectorizer": {"n_features": 32},
    "FeatureHasher": {"n_features": 32},
    "TunedThresholdClassifierCV": {"thresholds": 5},
    "MissingIndicator": {"features": "all"},
    "TruncatedSVD": {"n_components": 2},
    "GaussianRandomProjection": {"n_components": 2},
    "SparseRandomProjection": {"n_components": 2},
    **{name: {"n_components": 1} for name in ("CCA", "PLSCanonical", "PLSRegression", "PLSSVD")},
}
ROWS = {
    **dict.fromkeys(("CountVectorizer", "HashingVectorizer", "TfidfVectorizer"), ["a bc de", "de fg bc"] * 20),
    **dict.fromkeys(("DictVectorizer", "FeatureHasher"), [{"a": 1.5, "b": 2.0}, {"a": 0.5}] * 20),
    **dict.fromkeys(("LabelBinarizer", "LabelEncoder"), y),
    "MultiLabelBinarizer": [["a", "b"], ["c"]] * 20,
    "IsotonicRegression": X[:, 0],
    "PatchExtractor": np.arange(300.0).reshape(3, 10, 10),
}
TARGETS = {
    "MultiOutputClassifier": np.c_[y > 1, y > 0].astype(int),
    "ClassifierChain": np.c_[y > 1, y > 0].astype(int),
    "MultiOutputRegressor": X[:, :2],
    "RegressorChain": X[:, :2],
}


def make(kind):
    """Return an estimator of this class, with the least that it needs and the least that takes time."""
    parameters = inspect.signature(kind).parameters
    needed = {name: NEEDED[name] for name, one in parameters.items() if one.default is one.empty and name in NEEDED}
    short = {name: value for name, value in SHORT.items() if name in parameters}
    if kind is FrozenEstimator:
        return FrozenEstimator(CLASSIFIER.fit(X, y))
    return kind(**{**needed, **short, **SPECIAL.get(kind.__name__, {})})


def fit(model):
    """Fit an estimator; return the rows that it was fitted to."""
    name, tags = type(model).__name__, get_tags(model)
    rows, target = ROWS.get(name, X), TARGETS.get(name, y)
    if tags.input_tags.pairwise:
        rows = X @ X.T
    if tags.target_tags.positive_only:
        target = y + 1.0
    if tags.classifier_tags is not None and not tags.classifier_tags.multi_class:
        target = np.minimum(y, 1)
    if tags.target_tags.two_d_labels or not tags.target_tags.single_output:
        target = X[:, :2] if target is y else target
    if name in ("LabelBinarizer", "LabelEncoder", "MultiLabelBinarizer"):
        model.fit(rows)
    else:
        model.fit(rows, target)
    return rows


def answers(model, rows):
    """What an estimator says of these rows, as arrays."""
    found = {name: getattr(model, name)(rows) for name in METHODS if hasattr(model, name)}
    found |= {name: vars(model)[name] for name in RESULTS if name in vars(model)}
    return {name: one.toarray() if scipy.sparse.issparse(one) else one for name, one in found.items()}


def assert_loaded_alike(model, rows):
    before = answers(model, rows)
    assert before
    loaded = from_bytes(to_bytes(model), trusted=())
    assert_alike(loaded, model)
    assert set(vars(loaded)) ^ set(vars(model)) <= {"_checked_cv_orig"}
    after = answers(loaded, rows)
    assert before.keys() == after.keys()
    for name in before:
        assert type(before[name]) is type(after[name])
        if np.asarray(before[name]).dtype.kind == "f":  # products of matrices depend on where the arrays lie in memory
            np.testing.assert_allclose(after[name], before[name], rtol=1e-9, atol=1e-9, err_msg=name)
        else:
            np.testing.assert_array_equal(after[name], before[name], err_msg=name)


@pytest.mark.filterwarnings("ignore")  # fits this short have not converged
@pytest.mark.parametrize(("name", "kind"), all_estimators())
def test_every_estimator_of_scikit_learn_comes_back_or_is_refused(name, kind):
    model = make(kind)
    rows = fit(model)
    if name in REFUSED:
        with pytest.raises(TypeError, match=f"the estimator is a sklearn.*{name}, which cannot be saved"):
            to_bytes(model)
    else:
        assert_loaded_alike(model, rows)


#: whose `fit_transform` gives two tables, so that nothing can stand behind them
TWO_TABLES = {"CCA", "PLSCanonical", "PLSRegression", "PLSSVD"}
#: networks take no sparse tables
SPARSE = {"KNeighborsTransformer", "OneHotEncoder", "RadiusNeighborsTransformer", "RandomTreesEmbedding"}
SPARSE |= {"KBinsDiscretizer", "TfidfTransformer"}


def is_step(name, kind):
    return name not in {*ROWS, *REFUSED, *TWO_TABLES} and hasattr(kind, "transform")


TRANSFORMERS = [item for item in all_estimators(type_filter="transformer") if is_step(*item)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "kind"), TRANSFORMERS)
def test_every_transformer_comes_back_as_the_step_of_a_pipeline(name, kind):
    first = make(kind)
    if get_tags(first).input_tags.pairwise:
        first = make_pipeline(FunctionTransformer(rbf_kernel, kw_args={"Y": X}), first)
    dense = TruncatedSVD(2, random_state=0) if name in SPARSE else "passthrough"
    assert_loaded_alike(make_pipeline(first, dense, NET).fit(X, y), X)


# -- what stands in pipelines besides ----------------------------------------------------------------------------------


def table():
    """Numbers with a missing one, two columns of categories and one of dates."""
    pd = pytest.importorskip("pandas")
    numbers = {"a": X[:, 0].copy(), "b": X[:, 1]}
    numbers["a"][3] = np.nan
    kinds = pd.Categorical.from_codes(y, ["x", "y", "z"])
    dates = pd.date_range("2026", periods=len(X))
    return pd.DataFrame({**numbers, "c": kinds, "d": np.where(y, "p", "q"), "date": dates})


def labels():
    return np.where(y, "yes", "no").astype(object)


LINEAR, TREE = LogisticRegression(max_iter=5), RandomForestClassifier(2, max_depth=2, random_state=0)
POSITIVE = X[:, 0] + 1
SELECTED = make_column_transformer(
    (SimpleImputer(), make_column_selector(dtype_include=np.number)),
    (OneHotEncoder(sparse_output=False), make_column_selector(dtype_exclude=[np.number, "datetime"])),
)
#: name -> an estimator, its rows (a function, where they take pandas), its targets
CASES = {
    "columns by type": (make_pipeline(SELECTED, NET), table, y),
    "columns by a mask": (make_pipeline(make_column_transformer((MinMaxScaler(), y[:4] > 0)), NET), X, y),
    "columns by a slice": (make_pipeline(make_column_transformer((MinMaxScaler(), slice(np.int64(2)))), NET), X, y),
    "columns by a slice of names": (
        make_pipeline(make_column_transformer((SimpleImputer(), slice("b"))), NET),
        table,
        y,
    ),
    "log of the target": (
        TransformedTargetRegressor(NetRegressor(max_epochs=1), func=np.log, inverse_func=np.exp),
        X,
        POSITIVE,
    ),
    "ufunc": (make_pipeline(FunctionTransformer(np.log1p), NET), X, y),
    "function of numpy": (make_pipeline(FunctionTransformer(np.clip, kw_args={"a_min": 0, "a_max": 1}), NET), X, y),
    "partial": (SelectKBest(functools.partial(mutual_info_classif, random_state=0), k=2), X, y),
    "itemgetter": (FunctionTransformer(operator.itemgetter(slice(3))), X, y),
    "kernel": (SVC(kernel=rbf_kernel), X, y),
    "kernels": (
        GaussianProcessRegressor(2 * kernels.RBF() + kernels.WhiteKernel() * kernels.Matern() ** 2),
        X,
        X[:, 0],
    ),
    "memory": (lambda folder: make_pipeline(MinMaxScaler(), NET, memory=str(folder)), X, y),
    "tables of pandas": (
        make_pipeline(SimpleImputer(), RobustScaler()).set_output(transform="pandas"),
        lambda: table()[["a", "b"]],
        y,
    ),
    "categories": (
        make_pipeline(OneHotEncoder(sparse_output=False, categories=[["x", "y", "z"]]), NET),
        lambda: table()[["c"]],
        y,
    ),
    "categories of both kinds": (
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
        lambda: table()[["c", "d"]],
        y,
    ),
    "categories and None": (OneHotEncoder(), np.array([["a"], [None]] * 20, dtype=object), y),
    "categories of dates": (OneHotEncoder(), lambda: table()[["date"]], y),
    "categories that boosting bins": (
        HistGradientBoostingClassifier(max_iter=2, categorical_features=[4]),
        np.c_[X, y],
        y,
    ),
    "bins and splines": (
        ColumnTransformer(
            [
                ("b", KBinsDiscretizer(3, encode="ordinal"), [0]),
                ("s", SplineTransformer(extrapolation="periodic"), [1, 2]),
            ]
        ),
        X,
        y,
    ),
    "labels that are objects": (make_pipeline(MinMaxScaler(), LINEAR), X, labels()),
    "weights of bools": (clone(LINEAR).set_params(class_weight={True: 2.0, False: 1.0}), X, y > 0),
    "weights of numpy's ints": (clone(LINEAR).set_params(class_weight={np.int64(k): k + 1.0 for k in range(3)}), X, y),
    "nan, inf and None": (
        make_pipeline(
            SimpleImputer(missing_values=np.nan, fill_value=None), SelectFromModel(TREE, threshold=-np.inf), LINEAR
        ),
        X,
        y,
    ),
    "words": (
        make_pipeline(CountVectorizer(dtype=np.float32, vocabulary={"ab": 0, "cd": 1}), LINEAR),
        ["ab cd", "cd ef"] * 20,
        y,
    ),
    "sparse": (KNeighborsClassifier(), scipy.sparse.csr_array(X), y),
    "metric": (KNeighborsClassifier(algorithm="ball_tree", p=3, metric_params={"w": np.arange(1.0, 5)}), X, y),
    "metric of variances": (
        KNeighborsClassifier(algorithm="ball_tree", metric="seuclidean", metric_params={"V": np.arange(1.0, 5)}),
        X,
        y,
    ),
    "random states": (make_pipeline(IterativeImputer(max_iter=1, random_state=np.random.RandomState(3)), NET), X, y),
    "votes": (VotingClassifier([("net", NET), ("trees", TREE)], voting="soft"), X, y),
    "stack": (StackingClassifier([("net", make_pipeline(MinMaxScaler(), NET)), ("trees", TREE)], LINEAR, cv=2), X, y),
    "bags": (BaggingClassifier(TREE, 2, max_features=0.7, bootstrap_features=True, random_state=0), X, y),
    "isolation": (IsolationForest(n_estimators=2, max_features=2, random_state=0), X, y),
    "several targets": (make_pipeline(MinMaxScaler(), MultiOutputRegressor(NetRegressor(max_epochs=1))), X, X[:, :2]),
    "calibration": (CalibratedClassifierCV(NET, method="isotonic", cv=2), X, y),
    "union": (make_pipeline(FeatureUnion([("p", PCA(1)), ("x", "passthrough")]), NET), X, y),
    "long training": (
        make_pipeline(StandardScaler(), NetClassifier(max_epochs=1000, n_neurons=1, n_layers=1, batch_size=64)),
        X,
        y,
    ),
    "grid of a range": (
        GridSearchCV(
            make_pipeline(SimpleImputer(), KNeighborsClassifier()),
            {"kneighborsclassifier__n_neighbors": range(1, 4)},
            scoring=make_scorer(fbeta_score, beta=2, average="macro"),
            cv=PredefinedSplit(np.arange(40) % 2),
        ),
        X,
        y,
    ),
    "random search": (
        RandomizedSearchCV(
            make_pipeline(SimpleImputer(), LINEAR),
            {"logisticregression__C": loguniform(0.1, 1)},
            n_iter=2,
            cv=2,
            random_state=np.random.RandomState(1),
        ),
        X,
        y,
    ),
    "halving": (
        HalvingRandomSearchCV(
            make_pipeline(SimpleImputer(), LINEAR), {"logisticregression__C": loguniform(0.1, 1)}, cv=2, random_state=0
        ),
        X,
        y,
    ),
    "halving a grid": (
        HalvingGridSearchCV(LINEAR, {"C": [1, 2, 3]}, cv=2, random_state=0, scoring=make_scorer(accuracy_score)),
        X,
        y,
    ),
    "Bayesian search": (
        BayesSearchCV(
            make_pipeline(SELECTED, TREE),
            {
                "randomforestclassifier__max_depth": (1, 3),
                "columntransformer__simpleimputer__strategy": ["mean", "median"],
            },
            n_iter=2,
            cv=2,
            random_state=0,
        ),
        table,
        y,
    ),
    "search of steps": (
        BayesSearchCV(
            make_pipeline(MinMaxScaler(), NET),
            {"minmaxscaler": [MinMaxScaler(), RobustScaler(), "passthrough"]},
            n_iter=2,
            cv=2,
            random_state=0,
        ),
        X,
        y,
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_what_stands_in_pipelines_comes_back(name, tmp_path):
    model, rows, target = CASES[name]
    model = model(tmp_path) if inspect.isfunction(model) else clone(model)
    rows = rows() if inspect.isfunction(rows) else rows
    assert_loaded_alike(model.fit(rows, target), rows)
    sktune.save(model, tmp_path / "model")
    if is_classifier(model):
        assert_alike(sktune.load(tmp_path / "model").classes_, model.classes_)


@pytest.mark.parametrize("layout", ["csr", "csc", "bsr", "coo", "dia", "lil", "dok"])
@pytest.mark.parametrize("make_random", [scipy.sparse.random, scipy.sparse.random_array])
def test_sparse_matrices_of_all_kinds_come_back(layout, make_random):
    shape = {"m": 3, "n": 4} if make_random is scipy.sparse.random else {"shape": (3, 4)}
    matrix = make_random(**shape, density=0.5, random_state=0).asformat(layout)
    loaded = from_bytes(to_bytes(sktune.BayesSearchCV(LINEAR, {"x": [matrix]})), trusted=()).search_spaces["x"][0]
    assert type(loaded) is type(matrix)
    assert loaded.dtype == matrix.dtype
    np.testing.assert_array_equal(loaded.toarray(), matrix.toarray())


# -- forged parts, which compiled code would follow anywhere -----------------------------------------------------------


def parts_of(kind, value):
    return STOCK[kind].parts(value)


def changed_nodes(parts, field, place, value):
    nodes = {name: array.copy() for name, array in parts["nodes"].items()}
    nodes[field][place] = value
    return {**parts, "nodes": nodes}


@pytest.mark.parametrize(
    ("field", "value"),
    [("left_child", 0), ("left_child", 10**6), ("left_child", -5), ("right_child", 1), ("feature", 4), ("feature", -3)],
)
def test_a_forged_decision_tree_is_refused(field, value):
    tree = DecisionTreeClassifier(random_state=0).fit(X, y).tree_
    parts, rows = parts_of("Tree", tree), X.astype(np.float32)
    np.testing.assert_array_equal(make_tree(parts).predict(rows), tree.predict(rows))
    assert make_tree(parts).max_depth == tree.max_depth
    with pytest.raises(FileFormatError):
        make_tree(changed_nodes(parts, field, 0, value))
    others = {"values": parts["values"][:-1], "n_classes": np.array([9]), "n_outputs": 2, "n_features": -1}
    for name, other in others.items():
        with pytest.raises(FileFormatError):
            make_tree({**parts, name: other})


@pytest.mark.parametrize("place", ["tree_", "estimators_"])
def test_a_decision_tree_of_other_features_than_its_owner_is_refused(place):
    forest, other = clone(TREE).fit(X, y), DecisionTreeClassifier(random_state=0).fit(np.c_[np.zeros(40), X], y)
    if place == "tree_":
        forest.estimators_[0].tree_ = other.tree_
    else:
        forest.estimators_.append(other)
    with pytest.raises(FileFormatError, match="does not fit its features"):
        from_bytes(to_bytes(forest), trusted=())


@pytest.mark.parametrize(("field", "value"), [("left", 0), ("right", 10**6), ("feature_idx", -1), ("is_leaf", 1)])
def test_a_forged_tree_of_boosting_is_refused(field, value):
    model = HistGradientBoostingClassifier(max_iter=1, min_samples_leaf=2).fit(X, y)
    parts = parts_of("TreePredictor", model._predictors[0][0])
    assert len(make_predictor(parts).nodes) > 2
    with pytest.raises(FileFormatError):
        make_predictor(changed_nodes(parts, field, 0, value))
    with pytest.raises(FileFormatError, match="categories"):
        make_predictor(changed_nodes(parts, "is_categorical", 0, 1))
    model._predictors[0][0].nodes["feature_idx"][0] = 4
    with pytest.raises(FileFormatError, match="feature"):
        from_bytes(to_bytes(model), trusted=())


def test_forged_sparse_matrices_and_trees_of_neighbours_are_refused():
    parts = parts_of("sparse", scipy.sparse.csr_matrix(np.eye(3)))
    for name, value in (("indices", np.array([0, 1, 9], np.int32)), ("indptr", np.array([0, 1, 2, 99], np.int32))):
        with pytest.raises((FileFormatError, ValueError)):
            make_sparse({**parts, "arrays": {**parts["arrays"], name: value}})
    tree = parts_of("KDTree", KNeighborsClassifier(algorithm="kd_tree").fit(X, y)._tree)
    assert len(make_neighbors("KDTree", tree).data) == len(X)
    for name, value in (("metric", "pyfunc"), ("params", {"func": len}), ("data", X.astype(object)), ("leaf_size", 0)):
        with pytest.raises((FileFormatError, ValueError)):
            make_neighbors("KDTree", {**tree, name: value})
