"""`PopulationSearchCV`: candidates that learn from one another while they are being trained."""

from collections.abc import Collection
from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np

from .._sklearn_compat import Interval, StrOptions, _fit_context
from .._utils.hints import explains_names
from .._utils.random import root_seed
from ..space import Space
from ._auto_space import OverSpaces
from ._base import BaseTuneSearchCV
from ._containers import last_step_prefix
from ._evaluation import epochs_with
from ._evaluator import Evaluator
from ._evolution import Evolution
from ._initial_params import place_initial_params
from ._lineage import lineage_columns, replay, schedule_of
from ._mutable import mutable_params
from ._other_names import other_names
from ._population import explore, generation_ends
from ._resuming import find_resource
from ._search_spaces import SpaceBudget


class PopulationSearchCV(OverSpaces, BaseTuneSearchCV):
    """Population based training under cross-validation: settings that change during training.

    A population of candidates is trained at the same time, each on all splits. After each generation, a share of the
    epochs, the worst candidates are replaced: they copy the networks of one of the best, split by split, and go on
    with settings that are a little different from its. So bad settings cost little, and what is found is a schedule of
    settings, such as a learning rate that falls while the weight decay grows. The refit trains on all data under the
    schedule of the winner.

    For estimators that can be trained in pieces, as for :class:`HyperbandSearchCV`; the other steps of a pipeline are
    fitted once per split.

    Parameters
    ----------
    estimator : estimator object
        An estimator that can be trained in pieces, with a ``score`` method unless `scoring` is given. Its
        ``max_epochs`` (``max_iter``, ``n_estimators``) is the length of a whole training. Others are refused; a
        candidate whose settings do not allow it is trained to its end at once, and not copied.
    search_spaces : dict, Space or "auto"
        Names of parameters of `estimator`, and what to search for each, as for :class:`~sktune.BayesSearchCV`. The
        number of epochs cannot be searched.
        "auto" is :func:`~sktune.default_search_space` for the network in `estimator` and the data that reach it.
    population_size : int, default=20
        Number of candidates in training. The search costs as much as so many whole trainings.
    n_generations : int, default=10
        Number of generations, at most one per epoch; between two of them candidates are replaced.
    quantile : float, default=0.2
        Share of the candidates, at least one, that is replaced after a generation, and as large a share may be copied.
        Candidates that failed are replaced in any case.
    resample_probability : float, default=0.25
        Probability with which a parameter of a copy is drawn anew from the whole space. Otherwise a number takes a
        step, and a choice stays.
    perturbation : float, default=0.1
        Length of such a step, up or down, as a share of the parameter's range: on a logarithmic scale under a
        logarithmic prior. Integers go at least to the next one.
    fixed_params : list of str or None, default=None
        Names in `search_spaces` that cannot change during training: copies inherit their values. Those that are known
        need not be named: the steps before the last one of a pipeline, whole estimators, every ``random_state``; of
        networks of this library ``n_layers``, ``n_neurons``, ``activation``, ``normalization``, ``early_stopping``,
        ``validation_fraction``, ``device``, ``dtype`` and ``warm_start``; of scikit-learn's ``MLP*`` the layers, the
        solver and all that belongs to it, the learning rate too; of ``HistGradientBoosting*`` the loss, the bins and
        what concerns early stopping; of skorch's nets ``module`` and all that begins with it.
    initial_params : None, "current" or list of dict, default=None
        Settings to start some of the candidates with: those of `estimator` itself, or known-good ones. The others
        cover the space evenly.
    scoring : str, callable, list, tuple, dict or None, default=None
        What to maximise, as in scikit-learn. Of several metrics, the one that a str `refit` names decides who is
        copied; with a callable `refit`, or with ``refit=False``, the first one does.
        Scores of probabilities, such as "neg_log_loss", know all classes of the estimator: test rows may lack one
        (but "roc_auc" does not exist then, which is a failure). Test rows of a class that the training rows lack have
        no probability: that is an error before anything is trained.
    n_jobs : int or None, default=None
        Number of cores to use, None is 1 unless in a ``joblib.parallel_config`` context, -1 is all of them. A task is
        one generation of one candidate on one split. Networks of this library that are at the same generation are
        trained together, by joblib's backend "sktune"; other estimators run in processes, unless
        ``joblib.parallel_config`` names a backend.
    refit : bool, str or callable, default=True
        Whether to train on all data under the schedule of the best candidate. With several metrics, the name of the
        one that decides, or False. A callable takes ``cv_results_`` and returns an index, which must be that of a
        candidate with the status "ok".
    cv : int, splitter, iterable or None, default=None
        The splits, as in scikit-learn; None means 5 folds. They are drawn once for all candidates.
    verbose : int, default=0
        1 prints a line for each candidate and each generation (see the Notes of `BayesSearchCV`), more than 1 also
        scikit-learn's lines for each task.
    pre_dispatch : int or str, default="2*n_jobs"
        How many tasks to hand out in advance.
    random_state : int, RandomState or None, default=None
        With an int, the result is the same for any `n_jobs` and joblib backend. It seeds the population, its changes,
        and every ``random_state`` of the estimator that is None, differently for each candidate and split; a copy goes
        on with the random states of what it copied. None seeds nothing.
    error_score : "raise" or numeric, default=np.nan
        Score of a split on which a candidate raised, diverged, ran out of time or got a score that is not finite.
        Such a candidate is never copied and ranks last. "raise" raises what the estimator or the scorer raised.
    return_train_score : bool, default=False
        Whether to score on the training rows too, which adds the columns ``*_train_*``.
    timeout : float or None, default=None
        Seconds after which no generation starts, and networks of sktune stop after their epoch. Only candidates that
        were trained to the end can win. As long as there is none, time for one is kept in reserve: few candidates are
        trained at once until it is known how long they take, and when time gets short, the best one is trained to its
        end. The same holds for `max_epochs_total`.
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

    Attributes
    ----------
    best_schedule_ : list of (int, dict)
        The settings under which the best candidate was trained: the epoch until which they held, and the settings.
    cv_results_ : dict of ndarray and masked array
        Scikit-learn's columns and those of sktune's searches: ``status`` ("ok" for what was trained to the end,
        "pruned" for what was replaced, "failed", "diverged", "timeout" or "interrupted"), ``n_epochs``, ``stopped_by``
        ("exploit", "timeout", "max_epochs_total", "interrupt" or None) and ``error``. A copy is a row of its own, with
        its settings, and times and epochs that include those of what it copied: ``parent`` is the row of the latter, -1
        if there is none, and ``n_inherited_epochs`` how long that had been trained then.
        ``mean_fit_time`` counts, of networks that trained together, each one's share of the time.
    best_estimator_ : estimator
        Trained on all data under ``best_schedule_``; only if `refit` is not False. Its parameters are the final ones.
    best_score_ : float
        The mean score of the best candidate over the splits, at the end of its training; not for a callable `refit`.
        It is optimistic, as the maximum of noisy scores: what to expect of new rows is told by rows that the search has
        not seen, in nested cross-validation for example (see the examples of `BayesSearchCV`).
    best_params_ : dict
        Its final settings.
    best_index_ : int
        Its index in ``cv_results_``.
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
    sktune.BayesSearchCV : Looks for settings that stay; learns from all candidates which to try next.

    Notes
    -----
    Learning-rate schedules refer to the whole training, and so do the epochs of ``best_schedule_``. What an estimator
    takes up of a change is its own affair: networks of this library do of everything that is not fixed.

    Candidates are compared before they are trained to the end, so that what helps at once is preferred to what helps
    in the long run: fewer generations are less greedy.

    A candidate that early stopping has ended on some split keeps its score and can win, but is not copied any more.

    Ctrl-C ends the search. If some candidates had been trained to the end, the best of them is refitted; a second
    Ctrl-C ends the refit too.

    References
    ----------
    .. [1] M. Jaderberg et al., "Population Based Training of Neural Networks", arXiv:1711.09846, 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sktune import NetClassifier, PopulationSearchCV
    >>> X, y = load_iris(return_X_y=True)
    >>> search = PopulationSearchCV(
    ...     NetClassifier(max_epochs=12, n_neurons=16, batch_size=32),
    ...     {"lr": (1e-4, 1e-1, "log-uniform"), "dropout": (0.0, 0.5)},
    ...     population_size=6,
    ...     n_generations=4,
    ...     cv=2,
    ...     random_state=0,
    ... )
    >>> search = search.fit(X, y)
    >>> float(search.best_score_) > 0.9
    True
    >>> [n_epochs for n_epochs, _ in search.best_schedule_][-1]
    12
    """

    _parameter_constraints: dict = {
        **BaseTuneSearchCV._parameter_constraints,
        "search_spaces": "no_validation",  # parse_search_spaces explains what is wrong
        "population_size": [Interval(Integral, 2, None, closed="left")],
        "n_generations": [Interval(Integral, 1, None, closed="left")],
        "quantile": [Interval(Real, 0, 0.5, closed="right")],
        "resample_probability": [Interval(Real, 0, 1, closed="both")],
        "perturbation": [Interval(Real, 0, 1, closed="right")],
        "fixed_params": [list, None],
        "initial_params": [StrOptions({"current"}), list, None],
    }
    _other_names = other_names("use population_size")

    @explains_names
    def __init__(
        self,
        estimator,
        search_spaces,
        *,
        population_size=20,
        n_generations=10,
        quantile=0.2,
        resample_probability=0.25,
        perturbation=0.1,
        fixed_params=None,
        initial_params=None,
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
        self.population_size = population_size
        self.n_generations = n_generations
        self.quantile = quantile
        self.resample_probability = resample_probability
        self.perturbation = perturbation
        self.fixed_params = fixed_params
        self.initial_params = initial_params

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, **params):
        """Search, then train on all data under the schedule of the best candidate.

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
            If a parameter is not valid, the estimator has no parameter of a searched name or cannot be trained in
            pieces; or if every candidate failed (the message has the reasons).
        TimeBudgetError
            If no candidate was trained to the end within `timeout`.
        """
        space = self._check_space(X, y, params)
        mutable = mutable_params(self.estimator, space, self.fixed_params)
        budget = SpaceBudget(space, self.population_size)
        (first,) = place_initial_params(self.initial_params, self.estimator, [budget], "population_size")
        return self._fit(X, y, params, partial(self._schedule, space=space, mutable=mutable, first=first))

    def _check_space(self, X: Any, y: Any, params: dict[str, Any]) -> Space:
        """Return the space, checked against the estimator."""
        resource = find_resource(self.estimator).parameter
        _check_single(self.search_spaces)
        ((space, _),) = self._find_budgets(X, y, params, self.population_size)
        length = last_step_prefix(self.estimator) + resource
        if length in space.names:
            raise ValueError(
                f"search_spaces must not have {length!r}: it is the length of all trainings, which the generations "
                "divide. Set it in the estimator"
            )
        return space

    def _schedule(self, evaluate: Evaluator, space: Space, mutable: Collection[str], first: list[dict]) -> str | None:
        seed = evaluate.derive_seed("population")
        design = space.design(self.population_size - len(first), root_seed(None) if seed is None else seed)
        evolution = Evolution(
            evaluate,
            n_generations=self.n_generations,
            quantile=self.quantile,
            explore=partial(
                explore,
                space,
                mutable=mutable,
                resample_probability=self.resample_probability,
                perturbation=self.perturbation,
            ),
            mutable=mutable,
        )
        n_epochs = find_resource(self.estimator).n_epochs
        evaluate.reporter.n_epochs_planned = self.population_size * n_epochs * len(evaluate.splits)
        return evolution.run([*first, *space.from_unit(design)], n_epochs)

    def _pauses(self) -> bool:
        return True

    def _store_results(self, evaluator: Evaluator) -> None:
        super()._store_results(evaluator)
        self.cv_results_.update(lineage_columns(evaluator.recorded()))

    def _store_best(self, first_scores) -> None:
        super()._store_best(first_scores)
        if self.refit or not self.multimetric_:  # otherwise there is no best one
            n_epochs = self._most_epochs(self.best_params_)
            self.best_schedule_ = schedule_of(self.cv_results_, self.best_index_, n_epochs)

    def _most_epochs(self, params: dict[str, Any]) -> int:
        try:
            return epochs_with(self.estimator, params)
        except ValueError:  # it has none, and is trained as a whole
            return find_resource(self.estimator).n_epochs

    def _fit_method(self, best, problem):
        (space,) = self.search_spaces_
        mutable = mutable_params(self.estimator, space, self.fixed_params)
        pauses = generation_ends(self.best_schedule_[-1][0], self.n_generations)
        return partial(replay, best, self.best_schedule_, pauses, mutable)


def _check_single(search_spaces):
    """Raise a ValueError for several spaces: members of one population must be able to take over from each other."""
    if isinstance(search_spaces, list | tuple):
        raise ValueError(f"search_spaces of PopulationSearchCV must be a single dict or Space, got {search_spaces!r}")
