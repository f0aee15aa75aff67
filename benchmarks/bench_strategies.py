"""Ways to tune a network, on real data: time to a cross-validated score, and the score on rows kept aside.

    python benchmarks/bench_strategies.py --data digits breast_cancer --seeds 3

tunes learning rate, dropout, weight decay, depth, width and batch size of a network behind a scaler, by 5 folds on
three quarters of the rows: default settings, grid, random, BayesSearchCV without and with pruning, Hyperband, a
population, zooming; and scikit-optimize's BayesSearchCV and OptunaSearchCV over skorch, where these are installed. The
refit is not in the time. "to the peer" is the time until the best score so far was at least the final one of
scikit-optimize's search, but for less than one error in all folds (as folds differ by a row in size, equally many
errors give scores that differ in the sixth digit); the ratio says how many times as long that search took.
"""

import argparse
import time
import warnings
from importlib import import_module
from importlib.util import find_spec

import joblib
import numpy as np
from _peers import PlainMLP, print_machine
from scipy.stats import loguniform, uniform
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from torch import nn, optim

from sktune import BayesSearchCV, HyperbandSearchCV, NetClassifier, PopulationSearchCV, ZoomSearchCV

DATA = {"digits": load_digits, "breast_cancer": load_breast_cancer, "wine": load_wine}
#: So many times the candidates are begun where most are not trained to the end.
_MORE = 3
#: name of the parameter in sktune -> (name in skorch, what is searched)
SPACE = {
    "lr": ("lr", (1e-4, 1e-1, "log-uniform")),
    "weight_decay": ("optimizer__weight_decay", (1e-6, 1e-1, "log-uniform")),
    "dropout": ("module__dropout", (0.0, 0.5)),
    "n_layers": ("module__n_layers", [1, 2, 3]),
    "n_neurons": ("module__n_neurons", [32, 64, 128, 256]),
    "batch_size": ("batch_size", [32, 64, 128]),
}


class Contest:
    """One division of one data set, and what all searches share.

    Parameters
    ----------
    name : str
        Of the data.
    seed : int
        Of the division, the folds and the searches.
    max_epochs, n_iter : int
        Epochs of a whole training, and candidates of a search.
    """

    def __init__(self, name, seed, max_epochs, n_iter):
        X, y = DATA[name](return_X_y=True)
        self.train, self.test, self.y_train, self.y_test = train_test_split(
            X.astype(np.float32), y.astype(np.int64), test_size=0.25, stratify=y, random_state=seed
        )
        self.seed, self.max_epochs, self.n_iter = seed, max_epochs, n_iter
        self.cv = StratifiedKFold(5, shuffle=True, random_state=seed)

    def ours(self):
        """Return our network behind a scaler."""
        return Pipeline([("scale", StandardScaler()), ("net", NetClassifier(max_epochs=self.max_epochs))])

    def skorch(self):
        """Return skorch's."""
        net = NeuralNetClassifier(
            PlainMLP,
            module__n_features=self.train.shape[1],
            module__n_outputs=len(np.unique(self.y_train)),
            criterion=nn.CrossEntropyLoss,
            optimizer=optim.AdamW,
            max_epochs=self.max_epochs,
            verbose=0,
        )
        return Pipeline([("scale", StandardScaler()), ("net", net)])

    def space(self, *, skorch=False):
        """Return the search space."""
        return {f"net__{theirs if skorch else name}": spec for name, (theirs, spec) in SPACE.items()}

    def measure(self, search, *, watch=False, backend=None):
        """Fit; return seconds without the refit, (seconds, best score so far) as far as seen, and the test score."""
        start, trace = time.perf_counter(), []
        given = {"callback": lambda result: trace.append((time.perf_counter() - start, -result.fun)) and None}
        with joblib.parallel_config(n_jobs=2, **({"backend": backend} if backend else {})):
            search.fit(self.train, self.y_train, **(given if watch else {}))
        seconds = time.perf_counter() - start - getattr(search, "refit_time_", 0.0)
        trace.append((seconds, float(search.best_score_)))
        return seconds, trace, search.score(self.test, self.y_test)


def default_settings(contest):
    """Evaluate the defaults of the estimator."""
    return contest.measure(GridSearchCV(contest.ours(), {}, cv=contest.cv), backend="sktune")


def grid(contest):
    """Search a grid."""
    values = {"net__lr": [1e-3, 3e-3, 1e-2], "net__dropout": [0.0, 0.25], "net__n_neurons": [64, 128, 256]}
    return contest.measure(GridSearchCV(contest.ours(), values, cv=contest.cv), backend="sktune")


def random(contest):
    """Search at random."""
    given = {name: spec if isinstance(spec, list) else _distribution(spec) for name, spec in contest.space().items()}
    search = RandomizedSearchCV(contest.ours(), given, n_iter=contest.n_iter, cv=contest.cv, random_state=contest.seed)
    return contest.measure(search, backend="sktune")


def _distribution(spec):
    return loguniform(*spec[:2]) if len(spec) == 3 else uniform(spec[0], spec[1] - spec[0])


def bayes(contest, **params):
    """Search by BayesSearchCV."""
    given = {"n_iter": contest.n_iter, "cv": contest.cv, "random_state": contest.seed, **params}
    return contest.measure(BayesSearchCV(contest.ours(), contest.space(), **given), watch=True)


def bayes_pruned(contest, pruning):
    """Search by BayesSearchCV with pruning, which has time for more candidates."""
    return bayes(contest, pruning=pruning, n_points=8, n_iter=_MORE * contest.n_iter)


def paced(contest, search_class, **params):
    """Search by one of the classes that train in pieces."""
    given = {"cv": contest.cv, "random_state": contest.seed, **params}
    return contest.measure(search_class(contest.ours(), contest.space(), **given))


def scikit_optimize(contest):
    """Search by scikit-optimize's BayesSearchCV over skorch."""
    skopt = import_module("skopt")
    spaces = {}
    for name, spec in contest.space(skorch=True).items():
        is_choice = isinstance(spec, list)
        spaces[name] = skopt.space.Categorical(spec) if is_choice else skopt.space.Real(*spec)
    search = skopt.BayesSearchCV(
        contest.skorch(), spaces, n_iter=contest.n_iter, cv=contest.cv, n_jobs=2, random_state=contest.seed
    )
    return contest.measure(search)


def optuna(contest):
    """Search by OptunaSearchCV over skorch."""
    peer, module = import_module("optuna"), import_module("optuna_integration.sklearn")
    peer.logging.set_verbosity(peer.logging.ERROR)
    distributions = peer.distributions
    spaces = {
        name: distributions.CategoricalDistribution(spec)
        if isinstance(spec, list)
        else distributions.FloatDistribution(*spec[:2], log=len(spec) == 3)
        for name, spec in contest.space(skorch=True).items()
    }
    given = {"n_trials": contest.n_iter, "cv": contest.cv, "random_state": contest.seed, "n_jobs": 1, "verbose": 0}
    return contest.measure(module.OptunaSearchCV(contest.skorch(), spaces, **given))


STRATEGIES = {
    "default settings": (default_settings, {}, None),
    "grid": (grid, {}, None),
    "random": (random, {}, None),
    "Bayes": (bayes, {}, None),
    "Bayes, freeze-thaw": (bayes_pruned, {"pruning": "freeze-thaw"}, None),
    "Bayes, halving": (bayes_pruned, {"pruning": "halving"}, None),
    "Hyperband": (paced, {"search_class": HyperbandSearchCV}, None),
    "population": (paced, {"search_class": PopulationSearchCV, "population_size": 12, "n_generations": 6}, None),
    "zoom": (paced, {"search_class": ZoomSearchCV}, None),
    "scikit-optimize over skorch": (scikit_optimize, {}, "skopt"),
    "Optuna over skorch": (optuna, {}, "optuna_integration"),
}
PEER = "scikit-optimize over skorch"


def compete(name, seed, strategies, max_epochs, n_iter):
    """Return (seconds, best score, seconds to the peer's score or NaN, test score) of each strategy."""
    contest = Contest(name, seed, max_epochs, n_iter)
    runs = {}
    for strategy in strategies:
        run, params, _ = STRATEGIES[strategy]
        runs[strategy] = run(contest, **params)
    target = runs[PEER][1][-1][1] - 0.5 / len(contest.train) if PEER in runs else np.inf
    rows = {}
    for strategy, (seconds, trace, test) in runs.items():
        reached = [at for at, score in trace if score >= target]
        rows[strategy] = (seconds, trace[-1][1], min(reached, default=np.nan), test)
    return rows


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["digits", "breast_cancer"], choices=list(DATA))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--candidates", type=int, default=50, help="of the searches that take a number (default 50)")
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), choices=list(STRATEGIES))
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    warnings.simplefilter("ignore")
    print_machine()
    strategies = [s for s in arguments.strategies if STRATEGIES[s][2] is None or find_spec(STRATEGIES[s][2])]
    for missing in set(arguments.strategies) - set(strategies):
        print(f"without {missing}: {STRATEGIES[missing][2]} is not installed")
    for name in arguments.data:
        runs = [
            compete(name, seed, strategies, arguments.epochs, arguments.candidates) for seed in range(arguments.seeds)
        ]
        print(f"\n{name}: medians of {arguments.seeds} seeds, {arguments.candidates} candidates, 2 cores")
        print(f"{'':<30}{'seconds':>9}{'cv score':>10}{'test':>8}{'to the peer':>13}{'peer / ours':>13}")
        peers = [run[PEER][0] if PEER in run else np.nan for run in runs]
        for strategy in strategies:
            seconds, score, reached, test = np.transpose([run[strategy] for run in runs])
            # one that was not reached took for ever
            ratio = np.median(np.where(np.isnan(reached), 0.0, peers / reached))
            when = np.median(np.where(np.isnan(reached), np.inf, reached))
            print(f"{strategy:<30}{np.median(seconds):9.1f}{np.median(score):10.4f}{np.median(test):8.4f}", end="")
            print(f"{when:13.1f}{ratio:13.1f}", flush=True)


if __name__ == "__main__":
    main()
