"""Networks that tune themselves, in the manner of LassoCV."""

import os
from numbers import Integral, Real

from scipy.sparse import issparse
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone, is_classifier
from sklearn.callback import CallbackSupportMixin
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from .._sklearn_compat import (
    N_JOBS,
    RANDOM_STATE,
    Documented,
    HintedParams,
    Interval,
    StrOptions,
    _fit_context,
    get_scorer_names,
    shown_with_part,
    weighted_scorer,
)
from .._utils.estimator_state import check_feature_names, estimator_state, new_estimator, require
from .._utils.hints import explains_names
from .._utils.portable import Portable
from .._utils.random import derive_seed, root_seed
from ..neural_network import NetClassifier, NetRegressor
from ..neural_network._data_checks import check_targets, check_weights, names_of_arrays, without_duplicates
from ..neural_network._fit_data import check_groups
from ..neural_network._multilabel import dense
from ..neural_network._plain_labels import plain_labels
from ..space import Space
from ._auto_space import default_search_space
from ._bayes import BayesSearchCV
from ._other_names import OF_SELF_TUNING

_PREFIX = "net__"


class _BaseNetCV(Portable, HintedParams, Documented, CallbackSupportMixin, BaseEstimator):
    """Base of the self-tuning networks; see `NetClassifierCV` and `NetRegressorCV`."""

    _parameter_constraints = {
        "estimator": "no_validation",  # a network or None, checked in fit
        "search_space": [dict, Space, None],
        "n_iter": [Interval(Integral, 1, None, closed="left")],
        "n_points": [Interval(Integral, 1, None, closed="left")],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "standardize": ["boolean"],
        "n_jobs": N_JOBS,
        "timeout": [Interval(Real, 0, None, closed="neither"), None],
        "storage": [str, os.PathLike, None],
        "keep_curves": ["boolean"],
        "random_state": RANDOM_STATE,
        "verbose": ["verbose"],
    }
    _NET: type
    _SPLITTER: type  # of the default folds
    _may_hold_functions = ("scoring", "cv", "_skl_callbacks")
    _other_names = {
        **{name: f"{use}; set it in the network, `estimator`" for name, use in NetClassifier._other_names.items()},
        **dict.fromkeys(
            NetClassifier().get_params(), "set it in the network, such as estimator=NetClassifier(lr=0.01)"
        ),
        **OF_SELF_TUNING,
    }

    @explains_names
    def __init__(
        self,
        *,
        estimator=None,
        search_space=None,
        n_iter=30,
        n_points=1,
        cv=None,
        scoring=None,
        standardize=True,
        n_jobs=None,
        timeout=None,
        storage=None,
        keep_curves=False,
        random_state=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.search_space = search_space
        self.n_iter = n_iter
        self.n_points = n_points
        self.cv = cv
        self.scoring = scoring
        self.standardize = standardize
        self.n_jobs = n_jobs
        self.timeout = timeout
        self.storage = storage
        self.keep_curves = keep_curves
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, *, groups=None):
        """Search for the best parameters by cross-validation, then train on all rows with them.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Finite numbers, in any units unless `standardize` is False.
        y : {array-like, sparse matrix} of shape (n_samples,) or (n_samples, n_outputs)
            Labels for a classifier, or a column of 0 and 1 for each of several labels; numbers for a regressor.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows, in training and in the scores. A callable `scoring` gets none.
        groups : array-like of shape (n_samples,), default=None
            What belongs together, for a `cv` that divides by groups, and for an `estimator` with
            ``validation_split="group"``.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        y = plain_labels(y) if is_classifier(self) else y
        with names_of_arrays(X=X, y=y):
            settings = {"accept_sparse": "csr", "dtype": "numeric"}
            settings |= self._NET()._target_checks(y)
            X, y = validate_data(self, without_duplicates(X), y, **settings)
        y = dense(y)
        net = self._checked_net()
        if sample_weight is not None:
            sample_weight = check_weights(sample_weight, X)
        check_targets(net, y, sample_weight)
        if groups is not None:
            groups = check_groups(groups, X.shape[0])
        metadata = {"sample_weight": sample_weight, "groups": groups}
        metadata = {name: value for name, value in metadata.items() if value is not None}
        context = self._init_callback_context(max_subtasks=1).call_on_fit_task_begin(estimator=self, X=X, y=y)
        search_context = context.subcontext(task_name="search")
        # Routing sends the weights to the scaler, to the network and to the score, and the groups to the network and to
        # the splitter, whatever the user's own setting is.
        with config_context(enable_metadata_routing=True):
            search = self._make_search(net, X, self._folds(y))
            with search_context.propagate_callback_context(search):
                search_context.call_on_fit_task_begin(estimator=self, X=X, y=y)
                self.search_ = search.fit(X, y, **metadata)
        search_context.call_on_fit_task_end(estimator=self, X=X, y=y)
        self._read_results()
        context.call_on_fit_task_end(estimator=self, X=X, y=y, reconstruction_attributes={})
        return self

    def _checked_net(self):
        if self.estimator is None:
            return self._NET()
        if not isinstance(self.estimator, self._NET):
            raise TypeError(f"estimator must be a {self._NET.__name__} or None, got {self.estimator!r}")
        net = clone(self.estimator)
        searched = getattr(self.search_space, "names", self.search_space or ())
        own = {name: value for name, value in net.get_params().items() if name not in searched}
        self._NET(**own)._validate_params()
        return net

    def _make_search(self, net, X, folds):
        space = Space(default_search_space(X, estimator=net) if self.search_space is None else self.search_space)
        net.set_fit_request(sample_weight=True, groups=True).set_score_request(sample_weight=True)
        return BayesSearchCV(
            Pipeline([("scale", self._scaler(X)), ("net", net)]),
            space.prefixed(_PREFIX),
            n_iter=self.n_iter,
            n_points=self.n_points,
            # what the user would get without a search comes first: the search can only improve on it
            initial_params="current",
            cv=folds,
            scoring=weighted_scorer(self.scoring),
            n_jobs=self.n_jobs,
            timeout=self.timeout,
            storage=self.storage,
            keep_curves=self.keep_curves,
            random_state=self.random_state,
            verbose=self.verbose,
        )

    def _scaler(self, X):
        if not self.standardize:
            return "passthrough"
        return MaxAbsScaler() if issparse(X) else StandardScaler().set_fit_request(sample_weight=True)

    def _folds(self, y):
        """Return the splitter of `cv`: rows often come sorted, so that folds in their order would differ in kind."""
        if not isinstance(self.cv, Integral | None):
            return self.cv
        # Without a seed of one's own the search seeds the folds, which keeps its seed in `storage`.
        seed = None if self.random_state is None else derive_seed(root_seed(self.random_state), "folds") & 0x7FFFFFFF
        splitter = KFold if y.ndim == 2 else self._SPLITTER  # several labels cannot be stratified
        return splitter(5 if self.cv is None else self.cv, shuffle=True, random_state=seed)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _read_results(self):
        self.best_estimator_ = self.search_.best_estimator_
        self.best_score_ = self.search_.best_score_
        self.best_params_ = {name.removeprefix(_PREFIX): value for name, value in self.search_.best_params_.items()}
        self.cv_results_ = self.search_.cv_results_
        vars(self).pop("curves_", None)
        if hasattr(self.search_, "curves_"):
            self.curves_ = self.search_.curves_

    _FITTED = ("n_features_in_", "feature_names_in_", "search_")
    #: what `_read_results` takes from the search
    _RESULTS = ("best_estimator_", "best_score_", "best_params_", "cv_results_", "classes_", "curves_")

    def _to_state(self):
        """Return the parameters and the search (see `sktune.persistence`); all else follows from them."""
        state = estimator_state(self, (*self._FITTED, *self._RESULTS))
        fitted = {name: value for name, value in state["fitted"].items() if name in self._FITTED}
        return {**state, "fitted": fitted if "search_" in fitted else {}}

    @classmethod
    def _from_state(cls, state):
        """Return the estimator that `_to_state` told of; FileFormatError for anything that is not one."""
        self = new_estimator(cls, state, cls._FITTED)
        fitted = state["fitted"]
        if not fitted:
            return self
        require(isinstance(fitted.get("search_"), BayesSearchCV), "a self-tuning network has no search")
        vars(self).update(fitted)
        net = getattr(self.search_, "best_estimator_", {"net": None})["net"]
        require(isinstance(net, cls._NET) and net.__sklearn_is_fitted__(), "a self-tuning network has no network")
        require(fitted.get("n_features_in_") == net.n_features_in_, "n_features_in_ does not fit the network")
        if "feature_names_in_" in fitted:
            check_feature_names(self.feature_names_in_, self.n_features_in_)
        self._read_results()
        return self

    @property
    def net_(self):
        """The trained net of skorch."""
        if "best_estimator_" not in vars(self):
            raise AttributeError(f"this {type(self).__name__} is not fitted yet, so it has no net_")
        return self.best_estimator_["net"].net_

    def _sk_visual_block_(self):
        if "best_estimator_" in vars(self):
            return shown_with_part("best_estimator_", self.best_estimator_)
        return shown_with_part("estimator", self._NET() if self.estimator is None else self.estimator)

    def predict(self, X):
        """Predict with the network that was trained with the best parameters.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        predictions : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels, or targets in the shape that `y` had in `fit`.
        """
        return self._apply("predict", X)

    def _apply(self, method, X):
        check_is_fitted(self, "best_estimator_")
        with names_of_arrays(X=X):
            X = validate_data(self, without_duplicates(X), reset=False, accept_sparse="csr", dtype="numeric")
        return getattr(self.best_estimator_, method)(X)


class NetClassifierCV(ClassifierMixin, _BaseNetCV):
    """A `NetClassifier` that tunes itself by cross-validated Bayesian search.

    Parameters
    ----------
    estimator : NetClassifier or None, default=None
        Supplies the parameters that are not searched; None is ``NetClassifier()``. Its own settings are the first that
        are evaluated, whether they lie within the space or not: `best_score_` is never below theirs.
    search_space : dict, Space or None, default=None
        What to search, by parameter names of `NetClassifier`; None is `default_search_space` for the data.
    n_iter : int, default=30
        Number of settings to evaluate.
    n_points : int, default=1
        Settings evaluated at a time: more keep more cores busy, at some cost in what each can learn from the others.
    cv : int, cross-validation generator or iterable, default=None
        The splits. None is five folds, an int so many: stratified by class (not by several labels) and shuffled by
        `random_state`, as rows often come sorted. All else is taken as it is.
    scoring : str, callable or None, default=None
        What to maximise; None is accuracy. Scores of probabilities, such as "neg_log_loss", know all classes of the
        network: test rows may lack one.
    standardize : bool, default=True
        Whether to bring each feature to mean 0 and variance 1 first, by the training rows of each fold. A feature of
        a sparse `X` is divided by its largest absolute value instead, which keeps its zeros.
    n_jobs : int or None, default=None
        Number of cores to use; None is 1 unless in a ``joblib.parallel_config`` context. The networks of all folds
        train together in any case.
    timeout : float or None, default=None
        Seconds after which no more settings are evaluated.
    storage : str, path-like or None, default=None
        Name of a file in which to keep every score as soon as it is known: fitting again in the same way, after a
        crash for example, goes on where it was. The seconds that were spent of `timeout` before count.
    keep_curves : bool, default=False
        Whether to keep the learning curves of all fits in `curves_`; see `BayesSearchCV`.
    random_state : int, RandomState instance or None, default=None
        Seed of the search, of the default folds, and of every network whose own `random_state` is None.
    verbose : int, default=0
        1 prints a line for each candidate as it ends, more than 1 also scikit-learn's lines for each fit.

    Attributes
    ----------
    best_params_ : dict
        The best values of the parameters searched.
    best_score_ : float
        Their mean score over the folds. It is optimistic, as the maximum of noisy scores: what to expect of new rows is
        told by ``cross_val_score`` of this estimator (nested cross-validation).
    best_estimator_ : Pipeline
        Scaler and network with these parameters, trained on all rows.
    net_ : skorch.NeuralNetClassifier
        The trained net.
    cv_results_ : dict of str to array
        Every setting that was evaluated; names have the prefix ``net__``.
    curves_ : dict of str to ndarray
        With `keep_curves`: the losses of each epoch of each fit, as columns of a table.
    search_ : BayesSearchCV
        The search itself.
    classes_ : ndarray of shape (n_classes,)
        The classes; of several labels see `NetClassifier`.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if `X` had string names for all.

    See Also
    --------
    BayesSearchCV : The same for any estimator.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sktune import NetClassifier, NetClassifierCV
    >>> X, y = load_iris(return_X_y=True)
    >>> model = NetClassifierCV(estimator=NetClassifier(max_epochs=10), n_iter=3, cv=3, random_state=0).fit(X, y)
    >>> sorted(model.best_params_)[:3]
    ['activation', 'batch_size', 'dropout']
    >>> model.predict(X[:2]).tolist()
    [0, 0]
    """

    _NET = NetClassifier
    _SPLITTER = StratifiedKFold

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def predict_proba(self, X):
        """Return the probability of each class for each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of `classes_`.
        """
        return self._apply("predict_proba", X)

    def predict_log_proba(self, X):
        """Return the logarithm of `predict_proba`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of `classes_`.
        """
        return self._apply("predict_log_proba", X)

    def _read_results(self):
        super()._read_results()
        self.classes_ = self.best_estimator_.classes_


class NetRegressorCV(RegressorMixin, _BaseNetCV):
    """A `NetRegressor` that tunes itself by cross-validated Bayesian search.

    Parameters
    ----------
    estimator : NetRegressor or None, default=None
        Supplies the parameters that are not searched; None is ``NetRegressor()``. Its own settings are the first that
        are evaluated, whether they lie within the space or not: `best_score_` is never below theirs.
    search_space : dict, Space or None, default=None
        What to search, by parameter names of `NetRegressor`; None is `default_search_space` for the data.
    n_iter : int, default=30
        Number of settings to evaluate.
    n_points : int, default=1
        Settings evaluated at a time: more keep more cores busy, at some cost in what each can learn from the others.
    cv : int, cross-validation generator or iterable, default=None
        The splits. None is five folds, an int so many, shuffled by `random_state`, as rows often come sorted. All else
        is taken as it is: rows whose order means something need a splitter such as `TimeSeriesSplit`.
    scoring : str, callable or None, default=None
        What to maximise; None is R2.
    standardize : bool, default=True
        Whether to bring each feature to mean 0 and variance 1 first, by the training rows of each fold. A feature of
        a sparse `X` is divided by its largest absolute value instead, which keeps its zeros.
    n_jobs : int or None, default=None
        Number of cores to use; None is 1 unless in a ``joblib.parallel_config`` context. The networks of all folds
        train together in any case.
    timeout : float or None, default=None
        Seconds after which no more settings are evaluated.
    storage : str, path-like or None, default=None
        Name of a file in which to keep every score as soon as it is known: fitting again in the same way, after a
        crash for example, goes on where it was. The seconds that were spent of `timeout` before count.
    keep_curves : bool, default=False
        Whether to keep the learning curves of all fits in `curves_`; see `BayesSearchCV`.
    random_state : int, RandomState instance or None, default=None
        Seed of the search, of the default folds, and of every network whose own `random_state` is None.
    verbose : int, default=0
        1 prints a line for each candidate as it ends, more than 1 also scikit-learn's lines for each fit.

    Attributes
    ----------
    best_params_ : dict
        The best values of the parameters searched.
    best_score_ : float
        Their mean score over the folds. It is optimistic, as the maximum of noisy scores: what to expect of new rows is
        told by ``cross_val_score`` of this estimator (nested cross-validation).
    best_estimator_ : Pipeline
        Scaler and network with these parameters, trained on all rows.
    net_ : skorch.NeuralNetRegressor
        The trained net.
    cv_results_ : dict of str to array
        Every setting that was evaluated; names have the prefix ``net__``.
    curves_ : dict of str to ndarray
        With `keep_curves`: the losses of each epoch of each fit, as columns of a table.
    search_ : BayesSearchCV
        The search itself.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if `X` had string names for all.

    See Also
    --------
    BayesSearchCV : The same for any estimator.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sktune import NetRegressor, NetRegressorCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = NetRegressorCV(estimator=NetRegressor(max_epochs=10), n_iter=3, cv=3, random_state=0).fit(X, y)
    >>> model.predict(X[:2]).shape
    (2,)
    """

    _NET = NetRegressor
    _SPLITTER = KFold

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
