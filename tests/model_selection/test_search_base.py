"""The base of the searches against scikit-learn's own loop, which is the oracle for everything that goes well."""

import numpy as np
import pytest
from joblib import parallel_config
from list_search import ListSearchCV
from numpy.testing import assert_array_equal
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification, make_regression
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, LeaveOneGroupOut, PredefinedSplit
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

EXTRA = {"status", "n_epochs", "stopped_by", "error"}
X, y = make_classification(60, 5, random_state=0)
GRID = [{"kernel": ["linear"], "C": [0.1, 1]}, {"kernel": ["rbf"], "gamma": [0.1, 1.0], "C": [1]}]


def assert_same_results(ours, theirs):
    """All of scikit-learn's columns, in their order, with their types, masks and values; the times may differ."""
    assert [name for name in ours if name not in EXTRA] == list(theirs)
    assert list(ours)[-4:] == ["status", "n_epochs", "stopped_by", "error"]
    for name, expected in theirs.items():
        got = ours[name]
        assert type(got) is type(expected), name
        if name == "params":
            assert got == expected
            continue
        assert got.dtype == expected.dtype, name
        assert got.shape == expected.shape, name
        if not name.endswith("_time"):
            assert_array_equal(np.ma.getmaskarray(got), np.ma.getmaskarray(expected), err_msg=name)
            assert_array_equal(got, expected, err_msg=name)


def assert_same_search(ours, theirs):
    assert_same_results(ours.cv_results_, theirs.cv_results_)
    for name in ("best_index_", "best_score_", "best_params_", "n_splits_", "multimetric_"):
        assert getattr(ours, name, None) == getattr(theirs, name, None), name
    assert type(ours.scorer_) is type(theirs.scorer_)
    assert hasattr(ours, "refit_time_") == hasattr(theirs, "refit_time_")


def two_scores(estimator, X, y):
    accuracy = accuracy_score(y, estimator.predict(X))
    return {"accuracy": accuracy, "error": -(1 - accuracy)}


def fewest_vectors(results):
    return int(np.argmin(results["param_C"]))


@pytest.mark.parametrize(("n_jobs", "batch_size"), [(None, 1), (2, None)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"return_train_score": True, "cv": None},
        {"scoring": "roc_auc", "cv": KFold(4)},
        {"scoring": ["accuracy", "roc_auc"], "refit": "roc_auc", "return_train_score": True},
        {"scoring": {"a": "accuracy", "b": "neg_log_loss"}, "refit": False, "error_score": 0.0},
        {"scoring": ["accuracy", "f1"], "refit": fewest_vectors},
        {"scoring": two_scores, "refit": "error", "return_train_score": True},
        {"scoring": lambda estimator, X, y: np.float32(estimator.score(X, y))},
        {"refit": False},
    ],
    ids=lambda options: "-".join(options) or "default",
)
def test_equals_grid_search(options, batch_size, n_jobs):
    options = {"cv": 3, **options}
    estimator = SVC() if "neg_log_loss" not in str(options) else LogisticRegression()
    grid = GRID if isinstance(estimator, SVC) else {"C": [0.1, 1, 10]}
    ours = ListSearchCV(estimator, grid, batch_size=batch_size, n_jobs=n_jobs, **options).fit(X, y)
    assert_same_search(ours, GridSearchCV(estimator, grid, **options).fit(X, y))
    assert_array_equal(ours.cv_results_["status"], "ok")
    assert not any(ours.cv_results_["error"])
    assert ours.stopped_by_ is None


@pytest.mark.parametrize("backend", ["threading", "multiprocessing", "sequential"])
def test_any_backend_of_joblib(backend):
    """Multiprocessing is one that cannot hand out results as they come."""
    with parallel_config(backend):
        ours = ListSearchCV(SVC(), GRID, n_jobs=2, return_train_score=True).fit(X, y)
    assert_same_search(ours, GridSearchCV(SVC(), GRID, return_train_score=True).fit(X, y))


@pytest.mark.parametrize("method", ["predict", "decision_function", "score"])
def test_the_refitted_search_predicts_as_grid_search_does(method):
    ours, theirs = ListSearchCV(SVC(), GRID).fit(X, y), GridSearchCV(SVC(), GRID).fit(X, y)
    arguments = (X, y) if method == "score" else (X,)
    assert_array_equal(getattr(ours, method)(*arguments), getattr(theirs, method)(*arguments))
    assert_array_equal(ours.classes_, theirs.classes_)
    assert ours.n_features_in_ == 5


def test_precomputed_kernels_are_split_on_both_sides():
    kernel = X @ X.T
    grid = {"C": [0.1, 1, 10]}
    ours = ListSearchCV(SVC(kernel="precomputed"), grid).fit(kernel, y)
    assert_same_search(ours, GridSearchCV(SVC(kernel="precomputed"), grid).fit(kernel, y))


def test_without_a_target():
    grid = {"n_clusters": [2, 3, 4]}
    estimator = KMeans(n_init=1, random_state=0)
    assert_same_search(ListSearchCV(estimator, grid).fit(X), GridSearchCV(estimator, grid).fit(X))
    assert ListSearchCV(estimator, grid).fit(X).cv_results_["n_epochs"].min() >= 1


def test_whole_estimators_as_choices_are_cloned():
    pipeline = Pipeline([("reduce", PCA()), ("model", Ridge())])
    choice = Ridge(alpha=3)
    grid = [{"model": [choice], "model__alpha": [0.1, 1.0]}, {"reduce": ["passthrough", PCA(2)]}]
    data = make_regression(50, 4, random_state=0, noise=1)
    ours = ListSearchCV(pipeline, grid).fit(*data)
    theirs = GridSearchCV(pipeline, grid).fit(*data)
    for name in ("mean_test_score", "rank_test_score"):
        assert_array_equal(ours.cv_results_[name], theirs.cv_results_[name])
    assert choice.alpha == 3
    assert not hasattr(choice, "coef_")


@pytest.mark.parametrize("cv", [GroupKFold(3), LeaveOneGroupOut()])
def test_groups(cv):
    groups = np.arange(60) % 4
    ours = ListSearchCV(SVC(), GRID, cv=cv).fit(X, y, groups=groups)
    assert_same_search(ours, GridSearchCV(SVC(), GRID, cv=cv).fit(X, y, groups=groups))


def test_splits_may_come_from_a_generator():
    splits = list(KFold(3).split(X))
    ours = ListSearchCV(SVC(), GRID, batch_size=1, cv=(split for split in splits)).fit(X, y)
    assert_same_search(ours, GridSearchCV(SVC(), GRID, cv=splits).fit(X, y))


def test_splits_are_drawn_once_for_all_candidates():
    cv = KFold(3, shuffle=True)  # without a random_state: every call of split differs
    results = ListSearchCV(SVC(), {"C": [1.0, 1.0, 1.0, 1.0]}, cv=cv, batch_size=1).fit(X, y).cv_results_
    for split in range(3):
        assert len(set(results[f"split{split}_test_score"])) == 1


def test_an_unseeded_splitter_follows_the_seed_of_the_search():
    def splits_scores(seed):
        search = ListSearchCV(SVC(), {"C": [1.0]}, cv=KFold(3, shuffle=True), random_state=seed).fit(X, y)
        return [search.cv_results_[f"split{split}_test_score"][0] for split in range(3)]

    assert splits_scores(0) == splits_scores(0)
    assert len({tuple(splits_scores(seed)) for seed in range(5)}) > 1


def test_a_splitter_that_miscounts_is_refused():
    class Miscounting(KFold):
        def get_n_splits(self, X=None, y=None, groups=None):
            return 4

    with pytest.raises(ValueError, match="returned inconsistent results\\. Expected 4 splits, got 3"):
        ListSearchCV(SVC(), GRID, cv=Miscounting(3)).fit(X, y)


@pytest.mark.parametrize("cv", [[], PredefinedSplit(np.full(60, -1))], ids=["empty", "no test rows"])
def test_no_splits_are_refused(cv):
    with pytest.raises(ValueError, match="Was the CV iterator empty"):
        ListSearchCV(SVC(), GRID, cv=cv).fit(X, y)


def test_no_candidates_are_refused():
    class NoSearchCV(ListSearchCV):
        def _schedule(self, evaluate):
            return None

    with pytest.raises(ValueError, match="proposed no candidates"):
        NoSearchCV(SVC(), GRID).fit(X, y)


def test_several_metrics_need_a_refit_before_any_work():
    with pytest.raises(ValueError, match="refit"):
        ListSearchCV(SVC(), GRID, scoring=["accuracy", "f1"]).fit(X, y)


def test_a_callable_with_several_metrics_needs_a_refit_after_one_batch():
    fits = []

    def scoring(estimator, X, y):
        fits.append(1)
        return two_scores(estimator, X, y)

    with pytest.raises(ValueError, match="refit"):
        ListSearchCV(SVC(), GRID, batch_size=1, scoring=scoring).fit(X, y)
    assert len(fits) == 1


@pytest.mark.parametrize("answer", [4.0, -1, 99])
def test_a_callable_refit_must_return_an_index(answer):
    with pytest.raises((TypeError, IndexError), match="best_index_"):
        ListSearchCV(SVC(), GRID, refit=lambda results: answer).fit(X, y)


@pytest.mark.parametrize(
    ("name", "value"),
    [("timeout", 0), ("timeout", "1h"), ("random_state", -1), ("n_jobs", 1.5), ("error_score", "nan"), ("refit", 3)],
)
def test_bad_parameters_are_named(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter of ListSearchCV must be"):
        ListSearchCV(SVC(), GRID, **{name: value}).fit(X, y)
