"""The search that all of sktune's searches are: frozen splits, streamed results, failures as data."""

import math
import os
import time
import warnings
from abc import abstractmethod
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.callback import CallbackContext
from sklearn.utils import Bunch, indexable

from .._sklearn_compat import (
    N_JOBS,
    RANDOM_STATE,
    BaseSearchCV,
    Documented,
    HasMethods,
    HintedParams,
    Interval,
    _check_method_params,
    _fit_context,
    has_callbacks,
    hears_of_fits,
    scorers_by_name,
    scorers_with_classes,
)
from .._utils.interrupts import interrupts
from .._utils.notices import notices_given_once
from .._utils.portable import Portable
from .._utils.random import derive_seed, root_seed
from ..exceptions import TimeBudgetError
from ._curves import store_curves
from ._dispatch import can_join, goes_to_threads, open_parallel
from ._evaluation import Problem, fit_watched, make_candidate
from ._evaluator import EpochBudgetError, Evaluator
from ._failures import explain_no_winner, pass_on_notices, warn_of_failures, warn_of_interruption
from ._fit_checks import check_fit_params, check_pre_dispatch, hint_at_scorer, metadata_of_callbacks
from ._initial_results import KnownResults
from ._input_checks import check_inputs
from ._ledger import Run, data_key
from ._live_results import LiveResults
from ._picklable import check_picklable
from ._planning import rehearse
from ._progress_lines import size_line
from ._reporter import Reporter
from ._results import extra_columns, fold_outcomes, rank_failures_last
from ._resuming import check_has_epochs
from ._scores import Scores, leading_metric
from ._search_clock import SearchClock
from ._seeding import seeded_generators
from ._splits import check_labels_of_splits, freeze_splits
from ._trial import open_trial

Schedule = Callable[[Evaluator], str | None]


class BaseTuneSearchCV(LiveResults, Portable, HintedParams, Documented, BaseSearchCV):
    """Cross-validated search with scikit-learn's interface and a loop of its own.

    A subclass says in `_schedule` which candidates to evaluate, and nothing else. Everything around it is done here:

    - The splits are drawn once, so that all candidates are compared on the same rows.
    - Every (candidate, split) is one task of joblib's; its record is kept the moment it arrives, and the order of
      arrival changes nothing.
    - What goes wrong with a candidate is recorded and the search goes on. Such a candidate ranks last and is never
      ``best_index_``, not even when a numeric `error_score` would beat the others. Only when every candidate fails
      does `fit` raise.
    - With a `random_state`, every task has a seed that depends on its candidate and split alone.
    - After `timeout` seconds, and after Ctrl-C, the best of what has finished is refitted. A second Ctrl-C, during
      the refit, ends that too.

    ``cv_results_`` has scikit-learn's columns and these:

    ============== ==================================================================================================
    ``status``     "ok", "pruned", "failed", "diverged", "timeout" or "interrupted": that of the first split that is
                   not "ok"
    ``n_epochs``   mean over the splits of the epochs, or trees, that the estimators were trained; NaN where an
                   estimator does not tell
    ``stopped_by`` "timeout", "max_epochs_total" or "interrupt" for a candidate that was ended from outside, else None
    ``error``      the reason of the first split that failed, as "ExceptionName: message", else None
    ============== ==================================================================================================

    ``mean_fit_time`` counts, of networks that trained together, each one's share of the time, so that the times of all
    fits sum up to the work that was done.

    Parameters
    ----------
    estimator : estimator object
        Any scikit-learn estimator, with a ``score`` method unless `scoring` is given.
    scoring : str, callable, list, tuple, dict or None, default=None
        What to maximise, as in scikit-learn.
    n_jobs : int or None, default=None
        Number of tasks at once.
    refit : bool, str or callable, default=True
        Whether to fit the best candidate on all data, and by which metric it is the best, as in scikit-learn.
    cv : int, splitter, iterable or None, default=None
        The splits.
    verbose : int, default=0
        1 prints a line per candidate, more than 1 also scikit-learn's lines for each fit.
    pre_dispatch : int or str, default="2*n_jobs"
        How many tasks to hand out in advance.
    random_state : int, RandomState or None, default=None
        Root of the seeds of all tasks; None seeds nothing.
    error_score : "raise" or numeric, default=np.nan
        Score of a split on which a candidate failed.
    return_train_score : bool, default=False
        Whether to score on the training rows too.
    timeout : float or None, default=None
        Seconds after which no batch starts.
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
        Whether to keep the learning curves of all fits in ``curves_``.
    """

    _parameter_constraints: dict = {
        **BaseSearchCV._parameter_constraints,
        "estimator": [HasMethods(["fit"])],
        "n_jobs": N_JOBS,
        "pre_dispatch": [Interval(Integral, 1, None, closed="left"), str],
        "random_state": RANDOM_STATE,
        "timeout": [Interval(Real, 0, None, closed="neither"), None],
        "storage": [str, os.PathLike, None],
        "max_epochs_total": [Interval(Integral, 1, None, closed="left"), None],
        "keep_curves": ["boolean"],
    }
    _may_hold_functions = ("scoring", "scorer_", "refit", "cv", "_checked_cv_orig", "fit_params", "_skl_callbacks")

    @abstractmethod
    def __init__(
        self,
        estimator,
        *,
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
    ):
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.random_state = random_state
        self.timeout = timeout
        self.storage = storage
        self.max_epochs_total = max_epochs_total
        self.keep_curves = keep_curves

    @abstractmethod
    def _schedule(self, evaluate: Evaluator) -> str | None:
        """Evaluate the candidates of this search.

        Parameters
        ----------
        evaluate : Evaluator
            ``evaluate(list_of_params)`` returns one `CandidateRecord` per candidate once all their splits are
            known; ``evaluate.score(record)`` is what to maximise, NaN for a candidate that is not "ok".

        Returns
        -------
        str or None
            What ended the search early, for ``stopped_by_``; None if it went to its end.
        """

    def _n_candidates(self) -> int | None:
        """Return how many candidates `_schedule` will evaluate at most, None if that is not known beforehand."""
        return None

    @_fit_context(prefer_skip_nested_validation=False)  # the estimator is validated by its own fit
    def fit(self, X, y=None, **params):
        """Search, then refit the best candidate.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, n_samples)
            Training data, or a precomputed kernel.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Target; None for unsupervised learning.
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
            If every candidate failed; the message has the reasons.
        TimeBudgetError
            If no candidate finished within `timeout`.
        """
        return self._fit(X, y, params, self._schedule)

    def plan(self, X, y=None, *, probe=True, **params):
        """Tell what `fit` would cost, before it is spent.

        The schedule is rehearsed on made-up scores; then a few candidates are trained for a few epochs, or one is
        fitted where the estimator has no epochs, with the workers that the search would have.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            As in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            As in `fit`.
        probe : bool, default=True
            Whether to train for the expected time.
        **params : dict of str -> object
            As in `fit`.

        Returns
        -------
        SearchPlan
            Numbers of candidates, fits and epochs, and the expected seconds, shown as a table. Failures, early
            stopping and the refit are not in it.

        Raises
        ------
        ValueError
            As `fit` does, for what can be known beforehand.
        """
        rehearsal = clone(self).set_params(verbose=0, timeout=None, storage=None)
        rehearsal._rehearses = {"probe": probe}
        return rehearsal.fit(X, y, **params)._plan

    #: What `plan` wants to know, in a copy of the search that only pretends.
    _rehearses: dict | None = None

    def _fit(self, X: Any, y: Any, params: dict[str, Any], schedule: Schedule) -> "BaseTuneSearchCV":
        start = time.time()
        seed = None if self.random_state is None else root_seed(self.random_state)
        check_pre_dispatch(self.pre_dispatch)
        y = check_inputs(self, X, y)
        scorer, _ = self._get_scorers()
        X, y = indexable(X, y)
        params = _check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        check_fit_params(self.estimator, routed.estimator.fit, X)
        if self.max_epochs_total is not None:
            check_has_epochs(self.estimator, self.max_epochs_total)
        with nullcontext() if self.storage is None else Run(self, X, y, params, seed) as run, notices_given_once():
            return self._run(X, y, params, scorer, routed, seed if run is None else run.seed, run, schedule, start)

    def _run(self, X, y, params, scorer, routed, seed, run: Run | None, schedule: Schedule, start: float):
        news = {"estimator": self, "X": X, "y": y, "metadata": metadata_of_callbacks(params)}
        root = self._init_callback_context(max_subtasks=1 + (self.refit is not False)).call_on_fit_task_begin(**news)
        splits = freeze_splits(self.estimator, self.cv, X, y, routed.splitter.split, seed)
        self.n_splits_ = len(splits)
        check_labels_of_splits(self.estimator, y, splits, scorer)
        spent = 0.0 if run is None or self.timeout is None else run.seconds_before()
        clock = SearchClock(start - spent, self.timeout, run and run.note_time)
        problem = self._pose_problem(X, y, scorer, routed, root, clock.deadline)
        if self._rehearses is not None:
            silent = Reporter(is_silent=True)
            opened = partial(self._open_evaluator, problem, splits, seed, None, lambda: False, silent)
            typical = self._scores_decide()
            self._plan = rehearse(problem, splits, seed, schedule, opened, is_typical=typical, **self._rehearses)
            return self

        settings = {
            "known_results": self._known_results(lambda: run.data if run else data_key(X, y, params), splits, run),
            "ledger": None if run is None else run.open_ledger(problem, splits),
            "clock": clock,
        }
        evaluator = self._search(problem, splits, seed, root, schedule, settings)
        self._store_results(evaluator)
        store_curves(self, evaluator.recorded(), evaluator.first_scores)
        self._store_best(evaluator.first_scores)
        warn_of_failures(evaluator.candidates, self.error_score)
        pass_on_notices(evaluator.recorded(), getattr(self, "best_index_", None))
        if self.stopped_by_ == "interrupt":
            warn_of_interruption(int(np.sum(self.cv_results_["status"] == "ok")), refits=bool(self.refit))
        if self.refit:
            self._refit(problem, seed, root)
        self.scorer_ = scorers_by_name(scorer)
        root.call_on_fit_task_end(**news)
        return self

    def _get_scorers(self):
        try:
            scorer, refit_metric = super()._get_scorers()
            return scorers_with_classes(scorer), refit_metric
        except ValueError as error:
            if isinstance(self.scoring, str) or "parameter refit" in str(error):
                raise
            raise type(error)(f"scoring={self.scoring!r}: {error}{hint_at_scorer(self.scoring)}") from None

    def _pose_problem(self, X, y, scorer, routed: Bunch, root, deadline: float | None) -> Problem:
        """Gather what all tasks share."""
        return Problem(
            estimator=clone(self.estimator),
            X=X,
            y=y,
            scorer=scorer,
            fit_params=routed.estimator.fit,
            score_params=routed.scorer.score,
            n_splits=self.n_splits_,
            return_train_score=self.return_train_score,
            keep_curves=self.keep_curves,
            error_score=self.error_score,
            verbose=self.verbose,
            deadline=deadline,
            caller=self if hears_of_fits(self, root) else None,
        )

    def _search(
        self,
        problem: Problem,
        splits: list,
        seed: int | None,
        root: CallbackContext,
        schedule: Schedule,
        settings: dict[str, Any],
    ) -> Evaluator:
        """Run the schedule to its end, to the end of the time budget, or to Ctrl-C."""
        if not goes_to_threads(can_join(self.estimator)):
            check_picklable(problem.estimator, problem.scorer, self.n_jobs)
        n_planned, of_fits = self._n_candidates(), problem.caller is not None
        n_fits = None if n_planned is None or self._pauses() else n_planned * len(splits)
        settings["trial"] = open_trial(self.estimator, self.n_jobs, n_fits)
        context = root.subcontext(
            task_name="search",
            max_subtasks=n_fits if of_fits else n_planned,
            sequential_subtasks=False,
        ).call_on_fit_task_begin(estimator=self)
        of_candidates = context if has_callbacks(self) and not of_fits else None
        reporter = Reporter(self.verbose, n_planned, context=of_candidates, search=self)
        reporter.stage(size_line(len(splits), n_planned, all_folds=not self._pauses()))
        with interrupts() as was_interrupted:
            heard = context if of_fits else None  # pickled with every task, so only where callbacks need it
            evaluator = self._open_evaluator(
                problem, splits, seed, heard, was_interrupted, reporter, partial(Evaluator, **settings)
            )
            with self._showing(evaluator):
                self.stopped_by_ = self._run_schedule(schedule, evaluator)
                reporter.finish(self.stopped_by_, evaluator.metric)
        context.call_on_fit_task_end(estimator=self)
        if evaluator.ledger is not None:
            evaluator.ledger.note_outcomes(evaluator.recorded(), is_over=True)
            if self.stopped_by_ is None:
                evaluator.ledger.drop_networks(evaluator.candidates)
        if not evaluator.any_ok():
            raise explain_no_winner(evaluator.candidates, self.stopped_by_, self.timeout, self.max_epochs_total)
        return evaluator

    def _open_evaluator(self, problem, splits, seed, context, was_interrupted, reporter, kind: Callable) -> Evaluator:
        return kind(
            problem,
            splits,
            parallel=open_parallel(self.n_jobs, self.pre_dispatch, fuse=can_join(self.estimator)),
            seed=seed,
            context=context,
            name_metric=self._leading_metric,
            was_interrupted=was_interrupted,
            reporter=reporter,
            max_epochs_total=self.max_epochs_total,
        )

    def _known_results(self, data_key: Callable[[], str], splits: list, run: Run | None) -> KnownResults:
        """Return the scores that are known before anything is evaluated."""
        return []

    def _pauses(self) -> bool:
        """Whether candidates are trained in pieces, not all of them to the end."""
        return False

    def _scores_decide(self) -> bool:
        """Whether the scores decide how much is trained, and not only what."""
        return False

    def _run_schedule(self, schedule: Schedule, evaluator: Evaluator) -> str | None:
        """Return what ended the search early, None if nothing did."""
        try:
            with evaluator.parallel:
                stopped_by = schedule(evaluator)
        except TimeBudgetError:
            if self.timeout is None:  # then it is the estimator's own
                raise
            stopped_by = "timeout"
        except EpochBudgetError:
            stopped_by = "max_epochs_total"
        except KeyboardInterrupt:
            if not evaluator.any_ok():
                raise
            stopped_by = "interrupt"
        except Exception:
            if evaluator.any_ok():
                self._store_results(evaluator)  # the error is the user's to see, but what has finished is not lost
            raise
        finally:
            for candidate in evaluator.candidates:
                candidate.release()
        for candidate in evaluator.candidates:
            if stopped_by == "timeout":
                candidate.time_out()
            elif stopped_by == "max_epochs_total" and any(candidate.folds):
                candidate.prune(stopped_by)
        timed_out = self.timeout is not None and any(c.status == "timeout" for c in evaluator.candidates)
        return stopped_by or ("timeout" if timed_out else "max_epochs_total" if evaluator.has_left_out else None)

    def _leading_metric(self, first_scores: Scores) -> str:
        """Name the metric that leads the search, once the scores of a first fit show which metrics there are.

        That is the metric of a str `refit`; for a callable `refit`, and for several metrics without a refit, the
        first one.
        """
        if not isinstance(first_scores, dict):
            return "score"
        self._check_refit_for_multimetric(first_scores)  # a callable scoring shows its metrics only now
        return leading_metric(first_scores, self.refit)

    def _store_results(self, evaluator: Evaluator) -> None:
        """Set ``cv_results_``."""
        candidates, scores = evaluator.recorded(), evaluator.first_scores
        metrics = list(scores) if isinstance(scores, dict) else None
        error_score = math.nan if self.error_score == "raise" else self.error_score
        outcomes = fold_outcomes(candidates, metrics, error_score, self.return_train_score)
        params = [candidate.params for candidate in candidates]
        with warnings.catch_warnings(), np.errstate(invalid="ignore"):
            warnings.filterwarnings("ignore", message="One or more of the")  # the columns and a warning of ours say it
            results = self._format_results(params, self.n_splits_, outcomes)
        results.update(extra_columns(candidates))
        rank_failures_last(results)
        self.cv_results_ = results

    def _store_best(self, first_scores: Scores) -> None:
        """Set ``best_index_`` and its friends, as scikit-learn does."""
        self.multimetric_ = isinstance(first_scores, dict)
        if self.multimetric_ and not self.refit:
            return
        metric = self.refit if self.multimetric_ else "score"
        index = self._select_best_index(self.refit, metric, self.cv_results_)
        status = self.cv_results_["status"][index]
        if status != "ok":  # only a callable refit can do that, with np.argmax over NaN for example
            raise ValueError(
                f"refit={self.refit!r} chose candidate {index}, whose status is {status!r} "
                f"({self.cv_results_['error'][index]}); it must choose one with cv_results_['status'] == 'ok'"
            )
        self.best_index_ = index
        self.best_params_ = self.cv_results_["params"][index]
        if not callable(self.refit):
            self.best_score_ = self.cv_results_[f"mean_test_{metric}"][index]

    def _fit_method(self, best: BaseEstimator, problem: Problem) -> Callable:
        """Return what fits the best candidate on all rows; pieces, where there were any, come to what `fit` does."""
        return best.fit

    def _refit(self, problem: Problem, seed: int | None, root: CallbackContext) -> None:
        """Fit the best candidate on all rows; the time budget does not bind it."""
        vars(self).pop("best_estimator_", None)  # an earlier one is not the best of this search
        seed = None if seed is None else derive_seed(seed, "refit")
        best = make_candidate(problem.estimator, self.best_params_, seed)
        context = root.subcontext(task_name="refit-with-best-params")
        start = time.perf_counter()
        with interrupts() as was_interrupted, seeded_generators(seed):
            fit = self._fit_method(best, problem)
            fit_watched(fit, best, problem.X, problem.y, problem.fit_params, context=context, caller=self)
        if was_interrupted():  # and the estimator went on with what it had learnt so far
            raise KeyboardInterrupt
        self.refit_time_ = time.perf_counter() - start
        self.best_estimator_ = best
        if hasattr(best, "feature_names_in_"):
            self.feature_names_in_ = best.feature_names_in_
