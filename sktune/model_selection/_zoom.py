"""`ZoomSearchCV`: from coarse, short and wide to fine, long and narrow."""

from numbers import Integral, Real

import numpy as np

from .._sklearn_compat import Interval, StrOptions
from .._utils.hints import explains_names
from ..space import Space
from ._base import BaseTuneSearchCV
from ._brackets import count_epochs, survivors
from ._evaluator import Evaluator
from ._other_names import other_names
from ._paced_search import PacedSearchCV
from ._proposals import propose
from ._results import CandidateRecord
from ._tournament import Tournament
from ._zoom_rule import ZoomRound, zoom_rounds


class ZoomSearchCV(PacedSearchCV):
    """Coarse-to-fine search over the parameters of an estimator, by cross-validation.

    The first round has many candidates from the whole ranges and trains them for few epochs. Each further round has
    fewer from narrower ranges around the best one so far, and trains them longer. The best candidates of a round are
    trained further in the next, so that none is lost to a range that was narrowed too early, and all of a round are
    compared after equal shares of their epochs on equal splits. Only those of the last round have all their epochs.

    Parameters
    ----------
    estimator : estimator object
        One whose training in pieces comes to what its own ``fit`` does: a network of this library, or another estimator
        with ``fit_until`` and ``max_epochs``; ``MLP*`` with the solver "adam" or "sgd", gradient boosting, forests and
        bagging of scikit-learn, where trees are the epochs; a net of skorch without callbacks that remember. It may
        stand at the end of a pipeline, or in a :class:`~sklearn.compose.TransformedTargetRegressor`. Others are
        refused: :class:`BayesSearchCV` takes them all. A candidate that cannot be trained in pieces, such as one with
        ``solver="lbfgs"`` beside others, is trained to its end at once. The number of epochs is that of a whole
        training; schedules of the learning rate refer to it.
    search_spaces : dict, Space or "auto"
        Names of parameters of `estimator`, and what to search for each: a :class:`~sktune.Real`,
        :class:`~sktune.Integer` or :class:`~sktune.Categorical`; a tuple ``(low, high[, prior[, base]])``, which is a
        range; a list, which is a set of choices, ``[3]`` a constant; or what else
        :func:`~sktune.space.check_dimension` takes, such as distributions of ``scipy.stats``.
        Where the number of epochs is searched too, a candidate is trained for shares of its own.
        "auto" is :func:`~sktune.default_search_space` for the network in `estimator` and the data that reach it.
    n_rounds : int, default=3
        Number of rounds.
    n_candidates : int or list of int, default=27
        Number of new candidates of each round; an int is that of the first round, after which each has
        `reduction_factor` times fewer, as its trainings are so many times longer.
    n_carried : int, default=3
        How many of the best candidates of a round are trained further in the next.
    zoom_factor : float, default=0.5
        Width of each range relative to the round before: on a logarithmic scale under a logarithmic prior. Choices
        stay whole; see :meth:`~sktune.Space.zoomed`.
    reduction_factor : float, default=3
        Number of epochs of a round relative to the round before.
    n_first_splits : int or None, default=None
        Number of splits on which candidates are trained before the last round; None is a third of them, rounded up.
    sampler : {"sobol", "random", "grid", "bayes"}, default="sobol"
        What proposes the candidates of a round: a design that covers the ranges evenly; chance; the finest grid that
        has no more points than the round has candidates (a list such as ``n_candidates=[9, 9, 9]`` keeps it a grid);
        or a Gaussian process that has learnt from all trainings in these ranges so far, also from the shorter ones.
    scoring : str, callable, list, tuple, dict or None, default=None
        What to maximise, as in scikit-learn. Of several metrics, the one that a str `refit` names leads the search;
        with a callable `refit`, or with ``refit=False``, the first one does.
        Scores of probabilities, such as "neg_log_loss", know all classes of the estimator: test rows may lack one
        (but "roc_auc" does not exist then, which is a failure). Test rows of a class that the training rows lack have
        no probability: that is an error before anything is trained.
    n_jobs : int or None, default=None
        Number of cores to use, None is 1 unless in a ``joblib.parallel_config`` context, -1 is all of them. A task is
        one candidate on one split, up to the next comparison. Where the estimator has a network of this library in it,
        tasks run in threads, and those at hand train their networks together (joblib's backend "sktune"); otherwise
        each runs in a process. A backend named in ``joblib.parallel_config`` wins.
    refit : bool, str or callable, default=True
        Whether to fit the best candidate on all data. With several metrics, the name of the one that decides, or
        False. A callable takes ``cv_results_`` and returns an index, which must be that of a candidate with the status
        "ok".
    cv : int, splitter, iterable or None, default=None
        The splits, as in scikit-learn; None means 5 folds. They are drawn once for all candidates.
    verbose : int, default=0
        1 prints a line for each candidate and each comparison (see the Notes of `BayesSearchCV`), more than 1 also
        scikit-learn's lines for each task.
    pre_dispatch : int or str, default="2*n_jobs"
        How many tasks to hand out in advance.
    random_state : int, RandomState or None, default=None
        With an int, the result is the same for any `n_jobs` and joblib backend: it seeds the proposals, every
        ``random_state`` of the estimator that is None (differently for each candidate and split), and, in processes
        and in the main thread, the global generators of numpy and torch while a fit runs. None seeds nothing.
    error_score : "raise" or numeric, default=np.nan
        Score of a split on which a candidate raised, diverged, ran out of time or got a score that is not finite.
        Such a candidate goes no further and ranks last, whatever the number. "raise" raises what the estimator or the
        scorer raised.
    return_train_score : bool, default=False
        Whether to score on the training rows too, which adds the columns ``*_train_*``.
    timeout : float or None, default=None
        Seconds after which nothing more is trained. What is paused then cannot be the best. As long as no candidate
        has been trained to its end, time for one is kept in reserve: few candidates are trained at once until it is
        known how long they take, and when time gets short, the best one is trained to its end. The same holds for
        `max_epochs_total`. The refit is not limited.
    storage : str, path-like or None, default=None
        Name of a file in which to keep every score as soon as it is known, see :class:`~sktune.store.Store`: searching
        again in the same way, after a crash for example, then goes on where it was, and ends with the same result.
        Scores are reused only for the same data, splits, settings and code. What cannot change them does not count:
        `n_jobs`, `verbose` and `memory` of any estimator, and whether it was fitted before. With ``random_state=None``
        the seed is kept there as well.
        The seconds that were spent of `timeout` before count: searching again with a longer one continues the search.
    max_epochs_total : int or None, default=None
        Number of epochs, over all candidates and splits, that the search must not exceed; for estimators that have
        epochs. Trainings that fail, or whose worker dies, count too: as many epochs as they had, or all that were
        planned where that is not known. What finished counts as a result. The refit is not limited.
    keep_curves : bool, default=False
        Whether to keep the learning curves of all fits in `curves_`. They take 8 bytes for each number: 100 candidates
        on 5 splits, 100 epochs and 8 columns are 3 MB. They are in `storage` as well, in which results that were found
        without curves are not found again.
    initial_params : None, "current" or list of dict, default=None
        Settings to begin with: those of `estimator` itself, or known-good ones.

    Attributes
    ----------
    cv_results_ : dict of ndarray and masked array
        Scikit-learn's columns, with the latest scores of every candidate, and ``status`` ("ok", "pruned", "failed",
        "diverged", "timeout" or "interrupted"; only an "ok" one can be the best), ``n_epochs`` (mean over the splits),
        ``stopped_by`` ("zoom", "timeout", "max_epochs_total", "interrupt" or None) and ``error`` (the reason of the
        first split that failed). The mean of a candidate that was not trained on all splits is NaN.
        ``mean_fit_time`` counts, of networks that trained together, each one's share of the time.
    best_estimator_ : estimator
        The best candidate, fitted on all data; only if `refit` is not False.
    best_score_ : float
        Its mean score over the splits; not for a callable `refit`.
        It is optimistic, as the maximum of noisy scores: what to expect of new rows is told by rows that the search has
        not seen, in nested cross-validation for example (see the examples of `BayesSearchCV`).
    best_params_ : dict
        Its parameters.
    best_index_ : int
        Its index in ``cv_results_``.
    spaces_ : list of Space
        What was searched in each round, the whole space first.
    search_spaces_ : list of Space
        What was searched: `search_spaces`, or what "auto" stood for.
    curves_ : dict of str to ndarray
        With `keep_curves`: a row for each epoch of each fit, in columns of which ``pandas.DataFrame(search.curves_)``
        makes a table. ``candidate`` (row of ``cv_results_``), ``split``, ``epoch``, ``train_loss``, ``valid_loss``,
        ``lr``, what else an epoch recorded, and ``test_score`` (``test_<metric>`` of several) after the epochs that
        were scored: pauses, and the last one. NaN where something is not known. Of pruned candidates as far as they
        came; of fits that failed up to their last pause. Estimators that tell their epochs have curves: networks of
        sktune, skorch's nets, and scikit-learn's networks and boosting, whose scores are ``train_score`` and
        ``valid_score``.
    stopped_by_ : str or None
        What ended the search early: "timeout", "max_epochs_total", "interrupt" or None.
    scorer_ : callable or dict
        The scorer, or those of several metrics by name.
    n_splits_ : int
        Number of splits.
    refit_time_ : float
        Seconds that the refit took; only if `refit` is not False.
    multimetric_ : bool
        Whether there are several metrics.
    classes_ : ndarray of shape (n_classes,)
        The class labels; only for a classifier with a refit.
    n_features_in_ : int
        Number of features, where the best estimator tells it.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where the best estimator tells them.

    See Also
    --------
    HyperbandSearchCV : Many short trainings and few long ones, of candidates from the whole space.
    BayesSearchCV : Proposes candidates one by one.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sktune import NetClassifier, ZoomSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> net = NetClassifier(max_epochs=27, n_neurons=8)
    >>> space = {"lr": (1e-4, 1e-1, "log-uniform"), "activation": ["relu", "tanh"]}
    >>> search = ZoomSearchCV(net, space, n_candidates=9, cv=3, random_state=0).fit(X, y)
    >>> len(search.spaces_), len(search.cv_results_["params"])
    (3, 13)
    >>> search.best_estimator_.n_iter_
    27
    """

    _parameter_constraints: dict = {
        **BaseTuneSearchCV._parameter_constraints,
        "search_spaces": "no_validation",  # parse_search_spaces explains what is wrong
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "n_candidates": [Interval(Integral, 1, None, closed="left"), list, tuple],
        "n_carried": [Interval(Integral, 1, None, closed="left")],
        "zoom_factor": [Interval(Real, 0, 1, closed="right")],
        "reduction_factor": [Interval(Real, 1, None, closed="neither")],
        "n_first_splits": [Interval(Integral, 1, None, closed="left"), None],
        "sampler": [StrOptions({"bayes", "grid", "random", "sobol"})],
        "initial_params": [StrOptions({"current"}), list, None],
    }
    _other_names = other_names("use n_candidates, for each round")

    @explains_names
    def __init__(
        self,
        estimator,
        search_spaces,
        *,
        n_rounds=3,
        n_candidates=27,
        n_carried=3,
        zoom_factor=0.5,
        reduction_factor=3,
        n_first_splits=None,
        sampler="sobol",
        scoring=None,
        n_jobs=None,
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        random_state=None,
        error_score=np.nan,
        return_train_score=False,
        timeout=None,
        storage=None,
        max_epochs_total=None,
        keep_curves=False,
        initial_params=None,
    ):
        super().__init__(
            estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
            timeout=timeout,
            storage=storage,
            max_epochs_total=max_epochs_total,
            keep_curves=keep_curves,
        )
        self.search_spaces = search_spaces
        self.n_rounds = n_rounds
        self.n_candidates = n_candidates
        self.n_carried = n_carried
        self.zoom_factor = zoom_factor
        self.reduction_factor = reduction_factor
        self.n_first_splits = n_first_splits
        self.sampler = sampler
        self.initial_params = initial_params

    def _rounds(self, n_splits: int) -> list[ZoomRound]:
        return zoom_rounds(
            self.n_rounds,
            self.n_candidates,
            n_carried=self.n_carried,
            zoom_factor=self.zoom_factor,
            reduction_factor=self.reduction_factor,
            n_splits=n_splits,
            n_first_splits=self.n_first_splits,
        )

    def _n_candidates(self) -> int:
        sizes = [one.n_candidates for one in self._rounds(self.n_splits_)]
        return max(sizes[0], len(self._first(self.search_spaces_[0]))) + sum(sizes[1:])

    def _schedule(self, evaluate: Evaluator, space: Space, max_epochs: int) -> None:
        tournament = Tournament(evaluate, "zoom")
        rounds = self._rounds(len(evaluate.splits))
        first = self._first(space)
        stages = [(one.n_candidates, one.n_carried, one.rung) for one in rounds]
        evaluate.reporter.n_epochs_planned = count_epochs(stages, max_epochs)
        best: list[CandidateRecord] = []
        self.spaces_ = []
        for number, (now, following) in enumerate(zip(rounds, [*rounds[1:], None], strict=True)):
            part = space.zoomed(best[0].params, now.width) if best else space  # none: all have failed
            self.spaces_.append(part)
            seed = evaluate.derive_seed("proposals", number)
            size = max(now.n_candidates, len(first))
            given = {"seed": seed, "share": now.rung.share, "first": first}
            params = propose(self.sampler, part, size, tournament.observations(), **given)
            first, newcomers = [], evaluate.add(params)
            scores = tournament.train(best + newcomers, now.rung)
            n_carried = following.n_carried if following else 0
            best = tournament.keep(survivors(scores, n_carried), best + newcomers)
