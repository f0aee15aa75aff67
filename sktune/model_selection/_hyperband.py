"""`HyperbandSearchCV`: many short trainings, few long ones, and every mixture between."""

import os
from numbers import Integral

import numpy as np

from .._sklearn_compat import Interval, StrOptions
from .._utils.hints import explains_names
from ..space import Space
from ._base import BaseTuneSearchCV
from ._brackets import Stage, brackets, count_epochs, spread, survivors
from ._evaluator import Evaluator
from ._initial_results import WarmStarted, place_results
from ._other_names import other_names
from ._paced_search import PacedSearchCV
from ._proposals import Observation, propose
from ._results import CandidateRecord
from ._search_spaces import SpaceBudget, whole_epochs
from ._tournament import Tournament

#: Under "bayes", one of so many candidates is from anywhere: what is learnt from short trainings may mislead. Falkner,
#: Klein and Hutter, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale", ICML 2018, do so; on noisy bowls
#: on which some candidates learn slowly it lowered the mean regret by a quarter to a third.
_ONE_ANYWHERE_OF = 3


class HyperbandSearchCV(WarmStarted, PacedSearchCV):
    """Hyperband over the parameters of an estimator, by cross-validation.

    Candidates are trained for few epochs, the best of them for `reduction_factor` times as many, and so on until one
    is trained as long as `estimator` is meant to be: a bracket of successive halving. How early a score can be trusted
    is not known beforehand; hence there is a bracket that begins with many candidates and few epochs, one that begins
    with few candidates and all their epochs, and those between. All spend about the same number of epochs.

    Training goes on where it was paused, and candidates are compared after equal shares of their epochs on equal
    splits.

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
    reduction_factor : int, default=3
        One of so many candidates goes on, for so many times the epochs.
    min_epochs : int, default=1
        Number of epochs after which candidates are compared for the first time, at least. More of them mean fewer
        brackets and fewer candidates.
    n_rounds : int, default=1
        How often to run all brackets, with new candidates each time.
    n_first_splits : int or None, default=None
        Number of splits on which candidates are trained until they have all their epochs; None is a third of them,
        rounded up. The scores that decide in the end are those of all splits.
    sampler : {"bayes", "random"}, default="bayes"
        What proposes the candidates of a bracket: a Gaussian process that has learnt from all trainings so far, also
        from the short ones, or chance, as in the paper. Under "bayes" the first bracket and a third of the candidates
        of the others cover the space evenly, whatever the process expects.
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
    initial_results : str, path-like, list of (dict, float) or None, default=None
        What is known already: settings and their mean scores after all their epochs, tried by hand for example (NaN
        for a failure); or the name of a file that was the `storage` of searches. Of a file those candidates count that
        were evaluated to the end on the same rows, splits and scorer, that lie in the space, and whose estimator is
        `estimator` in all that is not searched here: another class, other steps of a pipeline or another `max_epochs`
        share nothing (``random_state``, ``n_jobs``, ``verbose`` and ``memory`` may differ). An `UnusedResultsWarning`
        says how many were left out, and why, if none is left or if only such parameters differ. The process that
        proposes candidates begins with the results, and chance does not draw them again; they are not in
        ``cv_results_``. With a `storage`, a search that is begun again keeps to what was known when it was begun first.

    Attributes
    ----------
    cv_results_ : dict of ndarray and masked array
        Scikit-learn's columns, with the latest scores of every candidate, and ``status`` ("ok", "pruned", "failed",
        "diverged", "timeout" or "interrupted"; only an "ok" one can be the best), ``n_epochs`` (mean over the splits),
        ``stopped_by`` ("hyperband", "timeout", "max_epochs_total", "interrupt" or None) and ``error`` (the reason of
        the first split that failed). The mean of a candidate that was not trained on all splits is NaN.
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
    brackets_ : list of list of (int, int)
        For each bracket of a round its pairs (number of candidates, number of epochs).
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
    ZoomSearchCV : From wide ranges and short trainings to narrow ranges and long ones.
    BayesSearchCV : Proposes candidates one by one; its `pruning` stops those that cannot win.

    Notes
    -----
    With `R` epochs and ``s_max = floor(log(R / min_epochs, reduction_factor))``, bracket s = s_max, ..., 0 begins with
    ``floor((s_max + 1) / (s + 1)) * reduction_factor**s`` candidates, as in the table of [1]_. (The text of its
    algorithm rounds up instead, 34, 15 and 8 candidates where the table has 27, 9 and 6, and so spends more than is
    allotted to a bracket.) A space with fewer settings than there are candidates is spread over the brackets.

    References
    ----------
    .. [1] L. Li, K. Jamieson, G. DeSalvo, A. Rostamizadeh and A. Talwalkar, "Hyperband: A Novel Bandit-Based Approach
       to Hyperparameter Optimization", Journal of Machine Learning Research 18, 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import GradientBoostingClassifier
    >>> from sktune.model_selection import HyperbandSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> space = {"learning_rate": (1e-2, 1.0, "log-uniform"), "max_depth": [1, 2, 3]}
    >>> search = HyperbandSearchCV(GradientBoostingClassifier(n_estimators=9), space, cv=3, random_state=0).fit(X, y)
    >>> for bracket in search.brackets_:
    ...     print(bracket)
    [(9, 1), (3, 3), (1, 9)]
    [(3, 3), (1, 9)]
    [(3, 9)]
    >>> float(search.best_score_) > 0.9
    True
    """

    _parameter_constraints: dict = {
        **BaseTuneSearchCV._parameter_constraints,
        "search_spaces": "no_validation",  # parse_search_spaces explains what is wrong
        "reduction_factor": [Interval(Integral, 2, None, closed="left")],
        "min_epochs": [Interval(Integral, 1, None, closed="left")],
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "n_first_splits": [Interval(Integral, 1, None, closed="left"), None],
        "sampler": [StrOptions({"bayes", "random"})],
        "initial_params": [StrOptions({"current"}), list, None],
        "initial_results": [str, os.PathLike, list, None],
    }
    _other_names = other_names(
        "the brackets follow from the epochs of the estimator and reduction_factor; n_rounds repeats them"
    )

    @explains_names
    def __init__(
        self,
        estimator,
        search_spaces,
        *,
        reduction_factor=3,
        min_epochs=1,
        n_rounds=1,
        n_first_splits=None,
        sampler="bayes",
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
        initial_results=None,
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
        self.reduction_factor = reduction_factor
        self.min_epochs = min_epochs
        self.n_rounds = n_rounds
        self.n_first_splits = n_first_splits
        self.sampler = sampler
        self.initial_params = initial_params
        self.initial_results = initial_results

    def _check_knowledge(self, space: Space) -> None:
        super()._check_knowledge(space)
        self._check_initial_results([SpaceBudget(space, 0)])

    def _schedule(self, evaluate: Evaluator, space: Space, max_epochs: int) -> None:
        once = self._brackets(max_epochs, len(evaluate.splits))
        self.brackets_ = [[(stage.n_candidates, stage.rung.epochs(max_epochs)) for stage in one] for one in once]
        planned, sizes = self._planned(once, space)
        evaluate.reporter.n_epochs_planned = sum(
            size / bracket[0].n_candidates * _count_epochs(bracket, max_epochs)
            for bracket, size in zip(planned, sizes, strict=True)
        )
        first = self._first(space)
        known = self._known_in(space, evaluate)
        tournament = Tournament(evaluate, "hyperband")
        for number, (bracket, size) in enumerate(zip(planned, sizes, strict=True)):
            seed = evaluate.derive_seed("bracket", number)
            observed = known + tournament.observations()
            params = self._propose(observed, space, size, seed, bracket[0].rung.share, first)
            run_bracket(tournament, evaluate.add(params), bracket)
            first = []

    def _brackets(self, max_epochs, n_splits):
        """The brackets of one round."""
        return brackets(
            max_epochs,
            reduction_factor=self.reduction_factor,
            min_epochs=self.min_epochs,
            n_splits=n_splits,
            n_first_splits=self.n_first_splits,
        )

    def _planned(self, once, space):
        """The brackets of all rounds, and how many candidates begin each."""
        planned = once * self.n_rounds
        sizes = spread([bracket[0].n_candidates for bracket in planned], space.n_points)
        return planned, [max(sizes[0], len(self._first(space))), *sizes[1:]]

    def _n_candidates(self) -> int:
        (space,) = self.search_spaces_
        _, sizes = self._planned(self._brackets(whole_epochs(self.estimator, space), self.n_splits_), space)
        return sum(sizes)

    def _known_in(self, space, evaluate):
        (places,) = place_results(evaluate.known_results, self.estimator, [SpaceBudget(space, 0)], all_must_fit=False)
        return [Observation(params, score, share=1.0) for params, score in places]

    def _propose(self, known, space, n_points, seed, share, first):
        if self.sampler == "bayes" and known:
            n_anywhere = min(n_points, len(first) + n_points // _ONE_ANYWHERE_OF)
            first = propose("sobol", space, n_anywhere, known, seed=seed, first=first)
        return propose(self.sampler, space, n_points, known, seed=seed, share=share, first=first)


def _count_epochs(bracket: list[Stage], max_epochs: int) -> int:
    stages = [(0 if number else n, n if number else 0, rung) for number, (n, rung) in enumerate(bracket)]
    return count_epochs(stages, max_epochs)


def run_bracket(tournament: Tournament, candidates: list[CandidateRecord], bracket: list[Stage]) -> None:
    """Train candidates from stage to stage, at each as many as it has room for."""
    for stage, n_next in zip(bracket, [*(stage.n_candidates for stage in bracket[1:]), 0], strict=True):
        scores = tournament.train(candidates, stage.rung)
        candidates = tournament.keep(survivors(scores, n_next), candidates)
