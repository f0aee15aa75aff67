"""scikit-learn's own searches over networks: the same scores whatever the workers, and a diverged network loses."""

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed, parallel_config
from sklearn.datasets import make_classification
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktune import Integer, NetClassifier, Real

X, y = make_classification(n_samples=120, n_features=6, weights=[0.8], random_state=0)
NET = NetClassifier(n_neurons=8, max_epochs=3, dropout=0.1, random_state=0)


def searches(n_jobs):
    pipeline = make_pipeline(StandardScaler(), NET)
    yield GridSearchCV(NET, {"lr": [1e-3, 1e-2], "n_layers": [1, 2]}, cv=3, n_jobs=n_jobs)
    space = {"netclassifier__lr": Real(1e-3, 1e-1, prior="log-uniform"), "netclassifier__n_neurons": Integer(4, 9)}
    yield RandomizedSearchCV(pipeline, space, n_iter=3, cv=3, n_jobs=n_jobs, random_state=0)


def split_scores(n_jobs):
    return [
        [search.cv_results_[f"split{split}_test_score"].tolist() for split in range(3)]
        for search in (search.fit(X, y) for search in searches(n_jobs))
    ]


def test_scores_do_not_depend_on_the_workers():
    expected = split_scores(1)
    for n_jobs in (2, -1):
        assert split_scores(n_jobs) == expected
    with parallel_config("threading"):
        assert split_scores(2) == expected


def count_threads(seed):
    """Fit in a worker and tell torch's threads before, in and after."""
    counts = []

    class Watch(NetClassifier):
        pass

    from skorch.callbacks import Callback

    class Count(Callback):
        def on_epoch_end(self, net, **kwargs):
            counts.append(torch.get_num_threads())

    before = torch.get_num_threads()
    Watch(n_neurons=4, max_epochs=1, callbacks=[Count()], random_state=seed).fit(X, y)
    return before, counts[0], torch.get_num_threads()


def test_no_more_threads_than_cores():
    from joblib import cpu_count

    for before, during, after in Parallel(n_jobs=2)(delayed(count_threads)(seed) for seed in range(4)):
        assert during == 1
        assert before == after <= max(1, cpu_count() // 2)
    before, during, after = count_threads(0)
    assert (during, after) == (1, before)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_diverged_network_loses_loudly(n_jobs):
    """Plain skorch scores its all-NaN network as "always class 0", which wins on data with 80 % of class 0."""
    worse = y.copy()
    np.random.default_rng(0).shuffle(worse)  # nothing to learn: an honest network is below 80 % on some folds
    search = GridSearchCV(NET, {"lr": [1e-3, 1e6]}, n_jobs=n_jobs)
    with (
        pytest.warns(FitFailedWarning, match="DivergedError: the network diverged"),
        pytest.warns(UserWarning, match="test scores are non-finite"),
    ):
        search.fit(X, worse)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]
    assert search.best_params_ == {"lr": 1e-3}
    assert search.cv_results_["rank_test_score"].tolist() == [1, 2]
