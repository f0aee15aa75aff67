"""`BayesSearchCV`: the candidates are those that Bayesian optimisation proposes."""

import inspect
import math
import os
import warnings
from functools import partial
from numbers import Integral

import numpy as np
from sklearn.utils.metadata_routing import UNUSED

from .._sklearn_compat import Hidden, Interval, StrOptions, _fit_context
from .._utils.hints import did_you_mean, explains_names
from ..optimize import Optimizer
from ._auto_space import OverSpaces
from ._base import BaseTuneSearchCV
from ._evaluator import Evaluator
from ._freeze_thaw import FreezeThaw
from ._halving import SuccessiveHalving
from ._initial_params import own_params_outside, place_initial_params
from ._initial_results import WarmStarted, place_results
from ._other_names import OF_OTHER_OPTIMIZERS, other_names
from ._results import rank_failures_last
from ._search_spaces import SpaceBudget, parse_search_spaces
from ._space_search import SearchCallback, SpaceSearch

#: Rules by their names.
_PRUNING = {"freeze-thaw": FreezeThaw, "halving": SuccessiveHalving}
#: What the search itself gives to its optimizers.
_OWN_KWARGS = {"space", "dimensions", "random_state", "initial_params"}


class BayesSearchCV(WarmStarted, OverSpaces, BaseTuneSearchCV):
    """Bayesian optimisation of the parameters of an estimator, by cross-validation.

    A Gaussian process learns from the candidates evaluated so far which settings are promising, and proposes the next
    ones. The class has the interface of scikit-learn's :class:`~sklearn.model_selection.GridSearchCV` and the
    parameters, in their order, of scikit-optimize's class of this name. Two things are different from the latter on
    purpose: a candidate that fails is recorded and the search goes on (``error_score=np.nan`` is the default), and
    parameters are validated in `fit`, as everywhere in scikit-learn.

    Parameters
    ----------
    estimator : estimator object
        Any scikit-learn estimator, with a ``score`` method unless `scoring` is given.
    search_spaces : dict, Space, list of dict or Space, list of (dict or Space, int), or "auto"
        Names of parameters of `estimator`, and what to search for each: a :class:`~sktune.Real`,
        :class:`~sktune.Integer` or :class:`~sktune.Categorical`; a tuple ``(low, high[, prior[, base]])``, which is a
        range; a list, which is a set of choices, ``[3]`` a constant; or what else
        :func:`~sktune.space.check_dimension` takes, such as distributions of ``scipy.stats``.
        Several spaces are searched one after the other, each with `n_iter` evaluations or with its own int. Whole
        estimators may be choices: ``{"model": Categorical([SVC()]), "model__C": (0.1, 10.0)}``.
        "auto" is :func:`~sktune.default_search_space` for the network in `estimator` and the data that reach it.
    optimizer_kwargs : dict or None, default=None
        Parameters of :class:`~sktune.optimize.Optimizer`, for example ``{"base_estimator": "gp"}``.
    n_iter : int, default=50
        Number of candidates to evaluate. A finite space that has fewer points ends earlier.
    scoring : str, callable, list, tuple, dict or None, default=None
        What to maximise, as in scikit-learn. Of several metrics, the one that a str `refit` names leads the search;
        with a callable `refit`, or with ``refit=False``, the first one does.
        Scores of probabilities, such as "neg_log_loss", know all classes of the estimator: test rows may lack one
        (but "roc_auc" does not exist then, which is a failure). Test rows of a class that the training rows lack have
        no probability: that is an error before anything is trained.
    fit_params : dict or None, default=None
        Parameters of the estimator's ``fit``; those given to `fit` take precedence.
    n_jobs : int or None, default=None
        Number of cores to use, None is 1 unless in a ``joblib.parallel_config`` context, -1 is all of them. A task is
        one candidate on one split. Where the estimator has a network of this library in it, tasks run in threads, and
        those at hand train their networks together (joblib's backend "sktune"); otherwise each runs in a process;
        for estimators of scikit-learn these are started only when what remains would take much longer without them. A
        backend named in ``joblib.parallel_config`` wins.
    n_points : int, default=1
        Number of candidates to propose at once. More than one helps where there are more workers than splits; the
        optimizer then learns in larger steps.
    iid : object, default="deprecated"
        Ignored; present for scikit-optimize's signature.
    refit : bool, str or callable, default=True
        Whether to fit the best candidate on all data. With several metrics, the name of the one that decides, or
        False. A callable takes ``cv_results_`` and returns an index, which must be that of a candidate with the status
        "ok".
    cv : int, splitter, iterable or None, default=None
        The splits, as in scikit-learn; None means 5 folds. They are drawn once for all candidates.
    verbose : int, default=0
        1 prints a line for each candidate as it ends (see Notes), more than 1 also scikit-learn's lines for each fit.
    pre_dispatch : int or str, default="2*n_jobs"
        How many tasks to hand out in advance.
    random_state : int, RandomState or None, default=None
        With an int, the result is the same for any `n_jobs` and joblib backend: it seeds the optimizer, every
        ``random_state`` of the estimator that is None (differently for each candidate and split), and, in processes
        and in the main thread, the global generators of numpy and torch while a fit runs. None seeds nothing.
    error_score : "raise" or numeric, default=np.nan
        Score of a split on which a candidate raised, diverged, ran out of time or got a score that is not finite.
        Such a candidate ranks last, whatever the number, and the optimizer is told that it failed. "raise" raises
        what the estimator or the scorer raised.
    return_train_score : bool, default=False
        Whether to score on the training rows too, which adds the columns ``*_train_*`` and ``rank_train_*``.
    timeout : float or None, default=None
        Seconds after which no batch starts. Tasks that have not started then are skipped, and networks of sktune that
        are being trained stop after their epoch (the status of both is "timeout"); what has finished counts. The refit
        is not limited.
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
    initial_params : None, "current" or list of dict, default=None
        Settings to evaluate first, within `n_iter`: those of `estimator` itself, or known-good ones. With several
        spaces, a setting goes to the first that it lies in. Those of `estimator` itself may lie outside of all spaces:
        they are evaluated all the same, as the first candidate and in full, and may win; the surrogate, which knows
        nothing outside, does not learn from them.
    initial_results : str, path-like, list of (dict, float) or None, default=None
        What is known already: settings and their mean scores, tried by hand for example (NaN for a failure); or the
        name of a file that was the `storage` of searches. Of a file those candidates count that were evaluated to the
        end on the same rows, splits and scorer, that lie in the spaces, and whose estimator is `estimator` in all that
        is not searched here: another class, other steps of a pipeline or another `max_epochs` share nothing
        (``random_state``, ``n_jobs``, ``verbose`` and ``memory`` may differ). An `UnusedResultsWarning` says how many
        were left out, and why, if none is left or if only such parameters differ. The surrogate begins with the
        results; they are not evaluated again, do not count in `n_iter`, and are not in ``cv_results_``. With a
        `storage`, a search that is begun again keeps to what was known when it was begun first.
    pruning : {"freeze-thaw", "halving"}, FreezeThaw, SuccessiveHalving or None, default=None
        How to stop candidates that promise little, before they have been trained to their ends: by what the surrogate
        expects of them, see :class:`FreezeThaw`, or by their ranks, see :class:`SuccessiveHalving`. None trains all of
        them. `n_iter` is the number of candidates that are begun. Training is paused and gone on with, never begun
        anew; learning-rate schedules refer to the whole of it; candidates are compared on the same splits after the
        same share of their epochs; and only one that was trained to its end on all splits can be the best. The others
        have the status "pruned", and the scores and the number of epochs that they came to. They are also scored a
        little before they are paused: so the surrogate learns where their curves lead. As long as no candidate has
        been trained to its end, enough of a `timeout` or of `max_epochs_total` for one is kept in reserve: few are
        trained at once until it is known how long they take, and when little is left, the best one is trained to its
        end. Candidates are paused within a training only where its pieces come to what ``fit`` does, see
        :class:`HyperbandSearchCV` for such estimators; all others are paused between the splits.
    keep_curves : bool, default=False
        Whether to keep the learning curves of all fits in `curves_`. They take 8 bytes for each number: 100 candidates
        on 5 splits, 100 epochs and 8 columns are 3 MB. They are in `storage` as well, in which results that were found
        without curves are not found again.

    Attributes
    ----------
    cv_results_ : dict of ndarray and masked array
        Scikit-learn's columns, and ``status`` ("ok", "pruned", "failed", "diverged", "timeout" or "interrupted"),
        ``n_epochs`` (mean of the epochs, or trees, that the estimators were trained), ``stopped_by`` ("pruning",
        "timeout", "max_epochs_total", "interrupt" or None) and ``error`` (the reason of the first split that failed).
        ``mean_fit_time`` counts, of networks that trained together, each one's share of the time.
    best_estimator_ : estimator
        The best candidate, fitted on all data; only if `refit` is not False.
    best_score_ : float
        Its mean score over the splits; not for a callable `refit`.
        It is optimistic, as the maximum of noisy scores: what to expect of new rows is told by rows that the search has
        not seen, in nested cross-validation for example (see the examples).
    best_params_ : dict
        Its parameters.
    best_index_ : int
        Its index in ``cv_results_``.
    optimizer_results_ : list of OptimizeResult
        For each space ``x_iters`` (the points, as lists that follow the sorted names of the parameters, None where one
        is inactive), ``func_vals`` (their negated scores, infinite for failures), ``x`` and ``fun`` (the best of them)
        and ``space``. Surrogates are not kept: ``models`` is empty.
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
        What ended the search early: "timeout", "max_epochs_total", "interrupt", "callback" or None.
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
    sklearn.model_selection.GridSearchCV : Evaluates all points of a grid.
    sklearn.model_selection.RandomizedSearchCV : Evaluates random points.

    Notes
    -----
    Ctrl-C ends the search and refits the best of the candidates that have finished, with a warning; a second one ends
    the refit too.

    Progress can be followed in three ways, in every search of sktune:

    - ``verbose=1`` prints a line of at most 120 characters for each candidate as it ends: how many have ended of how
      many, the mean score with its standard deviation over the splits or what went wrong, the best score so far, the
      time and about how much remains, and the parameters that differ from those of the best candidate. Candidates that
      `storage` has from before are one line together.
    - The same lines, and events such as the death of a worker, are records of Python's ``logging`` under the name
      "sktune", with a logger for each module, whatever `verbose` is: of level INFO, and WARNING for a candidate that
      has failed. A line that your handlers show on the screen is not printed as well.
    - Progress bars are those of scikit-learn: ``search.set_callbacks(sklearn.callback.ProgressBar())``. Callbacks hear
      of a task "candidate" for each candidate, below "search", in the main process. Those whose
      ``max_propagation_depth`` is 2 or more, or None, and all where the estimator has callbacks of its own, hear of
      the fits instead, as in scikit-learn's searches: ``ProgressBar(max_propagation_depth=2)`` shows each fit and its
      epochs, which takes its time.

    While the search runs, its ``cv_results_``, ``best_score_``, ``best_params_`` and ``best_index_`` have all
    candidates that have ended: a `callback` and scikit-learn's callbacks can read them there. They are computed when
    they are read. In a worker process, where callbacks may hear of fits, there are none.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> from sktune.model_selection import BayesSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> search = BayesSearchCV(
    ...     SVC(), {"C": (1e-2, 1e2, "log-uniform"), "kernel": ["linear", "rbf"]}, n_iter=8, random_state=0
    ... )
    >>> float(search.fit(X, y).best_score_) > 0.95
    True

    The best of many scores is too good to be expected again. Nested cross-validation searches anew on the training rows
    of each fold, and scores on rows that this search has not seen:

    >>> from sklearn.model_selection import cross_val_score
    >>> cross_val_score(search, X, y, cv=3).shape
    (3,)
    """

    _parameter_constraints: dict = {
        **BaseTuneSearchCV._parameter_constraints,
        "search_spaces": "no_validation",  # parse_search_spaces explains what is wrong
        "optimizer_kwargs": [dict, None],
        "n_iter": [Interval(Integral, 1, None, closed="left")],
        "fit_params": [dict, None],
        "n_points": [Interval(Integral, 1, None, closed="left")],
        "iid": [Hidden(StrOptions({"deprecated"})), "boolean"],
        "initial_params": [StrOptions({"current"}), list, None],
        "initial_results": [str, os.PathLike, list, None],
        "pruning": [StrOptions(set(_PRUNING)), SuccessiveHalving, FreezeThaw, None],
    }
    # both are for this search alone: a meta-estimator around it has nothing to route there
    __metadata_request__fit = {"groups": UNUSED, "callback": UNUSED}

    _other_names = other_names("use n_iter")

    @explains_names
    def __init__(
        self,
        estimator,
        search_spaces,
        optimizer_kwargs=None,
        n_iter=50,
        scoring=None,
        fit_params=None,
        n_jobs=None,
        n_points=1,
        iid="deprecated",
        refit=True,
        cv=None,
        verbose=0,
        pre_dispatch="2*n_jobs",
        random_state=None,
        error_score=np.nan,
        return_train_score=False,
        *,
        timeout=None,
        storage=None,
        max_epochs_total=None,
        initial_params=None,
        initial_results=None,
        pruning=None,
        keep_curves=False,
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
        self.optimizer_kwargs = optimizer_kwargs
        self.n_iter = n_iter
        self.fit_params = fit_params
        self.n_points = n_points
        self.iid = iid
        self.initial_params = initial_params
        self.initial_results = initial_results
        self.pruning = pruning

    @property
    def total_iterations(self):
        """Number of evaluations that are planned over all spaces; a finite space may end earlier."""
        self._validate_params()
        if self._finds_space():
            return self.n_iter
        return sum(n_iter for _, n_iter in parse_search_spaces(self.search_spaces, self.n_iter))

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, *, groups=None, callback=None, **params):
        """Search, then refit the best candidate.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, n_samples)
            Training data, or a precomputed kernel.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Target; None for unsupervised learning.
        groups : array-like of shape (n_samples,), default=None
            Groups of the samples, for splitters that need them.
        callback : callable or list of callable, default=None
            Called after each batch with an OptimizeResult like those of ``optimizer_results_``; returning True ends
            the search of the current space.
        **params : dict of str -> object
            Parameters of the ``fit`` method of the estimator, of the scorer and of the splitter, as in
            :class:`~sklearn.model_selection.GridSearchCV`. What has one entry per sample is split with `X`.

        Returns
        -------
        self : object
            The fitted search.

        Raises
        ------
        ValueError
            If a parameter is not valid or the estimator has no parameter of a searched name; or if every candidate
            failed (the message has the reasons).
        TimeBudgetError
            If no candidate finished within `timeout`.
        """
        callbacks = _check_callbacks(callback)
        if self.iid != "deprecated":
            warnings.warn("iid has no effect and will be removed", FutureWarning, stacklevel=2)
        params = {**(self.fit_params or {}), **params}
        if groups is not None:
            params["groups"] = groups
        budgets = self._find_budgets(X, y, params, self.n_iter)
        outside = own_params_outside(self.initial_params, self.estimator, budgets)
        initial_params = place_initial_params(self.initial_params if outside is None else None, self.estimator, budgets)
        self._check_initial_results(budgets)
        _check_optimizer_kwargs(self.optimizer_kwargs)
        schedule = partial(
            self._schedule, budgets=budgets, initial_params=initial_params, outside=outside, callbacks=callbacks
        )
        return self._fit(X, y, params, schedule)

    def _schedule(
        self,
        evaluate: Evaluator,
        budgets: list[SpaceBudget],
        initial_params: list[list[dict]],
        outside: dict | None,
        callbacks: list[SearchCallback],
    ) -> str | None:
        pruning = _PRUNING[self.pruning]() if isinstance(self.pruning, str) else self.pruning
        searches = []
        known = place_results(evaluate.known_results, self.estimator, budgets, all_must_fit=False)
        for number, (budget, first, results) in enumerate(zip(budgets, initial_params, known, strict=True)):
            seed = evaluate.derive_seed("optimizer", number)
            kwargs = self.optimizer_kwargs or {}
            optimizer = Optimizer(budget.space, random_state=seed, initial_params=first, **kwargs)
            if results:
                optimizer.tell(*map(list, zip(*results, strict=True)))
            own = outside if number == 0 else None
            searches.append(SpaceSearch(budget, optimizer, self.n_points, pruning, own))
        try:
            for search in searches:
                search.run(evaluate, callbacks)
        finally:
            self.optimizer_results_ = [search.result(evaluate) for search in searches]
        return "callback" if any(search.stopped for search in searches) else None

    def _scores_decide(self) -> bool:
        return self.pruning is not None

    _pauses = _scores_decide

    def _n_candidates(self) -> int:
        budgets = self._known_budgets(self.n_iter)
        n_points = [space.n_points for space, _ in budgets]
        n_points[0] += own_params_outside(self.initial_params, self.estimator, budgets) is not None
        return sum(
            n_iter if math.isinf(n) else min(n_iter, n) for n, (_, n_iter) in zip(n_points, budgets, strict=True)
        )

    def _store_results(self, evaluator: Evaluator) -> None:
        super()._store_results(evaluator)
        if self.return_train_score:  # which scikit-learn does not rank, and scikit-optimize does
            rank_failures_last(self.cv_results_, "train")


def _check_callbacks(callback) -> list[SearchCallback]:
    callbacks = [callback] if callable(callback) else callback or []
    if not isinstance(callbacks, list | tuple) or not all(map(callable, callbacks)):
        raise ValueError(f"callback must be a callable or a list of callables, got {callback!r}")
    return list(callbacks)


def _check_optimizer_kwargs(kwargs: dict | None) -> None:
    allowed = set(inspect.signature(Optimizer).parameters) - _OWN_KWARGS
    for name in kwargs or {}:
        if name in _OWN_KWARGS:
            raise ValueError(f"optimizer_kwargs must not have {name!r}: BayesSearchCV has a parameter for it")
        if name not in allowed:
            elsewhere = f" {name}: {OF_OTHER_OPTIMIZERS[name]}." if name in OF_OTHER_OPTIMIZERS else ""
            raise ValueError(
                f"optimizer_kwargs has the unknown key {name!r}; it may have {', '.join(sorted(allowed))}."
                f"{did_you_mean(name, allowed) or elsewhere}"
            )
