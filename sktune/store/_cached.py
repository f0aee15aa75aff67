"""Estimators that remember what they have computed, for the searches that are not ours."""

from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.metaestimators import available_if

from .._sklearn_compat import Documented
from .._utils.codec import decode, encode
from .._utils.paths import as_path
from .._utils.stopwatch import Stopwatch
from ._database import Result, Store
from ._fingerprint import data_key, fingerprint, versions
from ._plain import to_plain

#: What estimators tell about a fit that others ask for without asking for the fit itself.
_SMALL_ATTRIBUTES = ("classes_", "n_features_in_", "feature_names_in_", "n_iter_", "n_outputs_")


def _has(name):
    return available_if(lambda self: hasattr(self.estimator, name))


class CachedEstimator(Documented, MetaEstimatorMixin, BaseEstimator):
    """An estimator whose fits and predictions are kept in a file, and are not computed twice.

    For scikit-learn's own ``GridSearchCV``, ``RandomizedSearchCV``, ``cross_val_score`` and the like, which have no
    `storage`: around their estimator, it makes them go on where an earlier run was cut off. A fit that is in the file
    is not repeated; nor is a prediction of it, from which scores are computed. Only when something new is asked of
    such a fit is it done again.

    Parameters
    ----------
    estimator : estimator object
        Any estimator. With ``random_state=None`` the result of the first fit stands for all that are alike.
    storage : str or path-like
        Name of the file; several processes may write to it. It may be the `storage` of sktune's searches too.

    Attributes
    ----------
    estimator_ : estimator
        A fitted clone of `estimator`; asking for it fits if the fit was found in the file.
    classes_ : ndarray of shape (n_classes,)
        The class labels, if `estimator` has them.
    n_features_in_ : int
        Number of features, if `estimator` tells it.

    See Also
    --------
    sktune.BayesSearchCV : Has a `storage` of its own.

    Notes
    -----
    A stored result is used only if everything that it depends on is the same: the class and the parameters of the
    estimator, the data, the parameters of ``fit``, and the versions of the libraries. Your own code is compared by its
    instructions. Data is compared by its content, which takes about a second per gigabyte.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.svm import SVC
    >>> from sktune.store import CachedEstimator
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model = CachedEstimator(SVC(), os.path.join(folder, "search.db"))
    ...     grid = GridSearchCV(model, {"estimator__C": [0.1, 1.0]}).fit(*load_iris(return_X_y=True))
    >>> grid.best_params_
    {'estimator__C': 1.0}
    """

    def __init__(self, estimator, storage):
        self.estimator = estimator
        self.storage = storage

    def fit(self, X, y=None, **fit_params):
        """Fit the estimator, unless the file has that fit.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            As for `estimator`.
        y : array-like of shape (n_samples,), default=None
            As for `estimator`.
        **fit_params : dict
            As for `estimator`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        TypeError
            If `estimator` or `storage` is not what it should be.
        StoreError
            If the file cannot be used.
        FingerprintError
            If something in the data or the parameters cannot be pickled, such as a lock or an open file.
        """
        if not hasattr(self.estimator, "fit") or isinstance(self.estimator, type):
            raise TypeError(f"estimator must be an estimator with fit, got {self.estimator!r}")
        with self._open() as store:  # complains before any work
            key = fingerprint("fit", data_key(X, y, fit_params), versions(), estimator=self.estimator)
            estimator = clone(self.estimator)
            vars(self).pop("_fitted", None)
            self._key, self._to_fit = key, (estimator, X, y, fit_params)
            data = store.find_blob(key)
            self._attributes = self._fit_and_keep(store) if data is None else decode(data)
        return self

    def _fit_and_keep(self, store):
        params = {name: to_plain(value) for name, value in self._to_fit[0].get_params(deep=False).items()}
        with Stopwatch() as stopwatch:
            fitted = self._fit_now()
        record = {"fit_time": stopwatch.seconds}
        known = {name: getattr(fitted, name) for name in _SMALL_ATTRIBUTES if hasattr(fitted, name)}
        store.add(Result(self._key, "", "", 0, 0, params, record), encode(known))
        return known

    def _open(self):
        """Return the store, open for this call only: nobody says when a search of others ends."""
        return Store(as_path(self.storage, "storage"))

    def _fit_now(self):
        if "_fitted" not in vars(self):
            estimator, X, y, fit_params = self._to_fit
            arguments = (X,) if y is None else (X, y)
            self._fitted = estimator.fit(*arguments, **fit_params)
            self._to_fit = None  # the data is of no more use
        return self._fitted

    def __sklearn_is_fitted__(self):
        return "_key" in vars(self)

    def __getattr__(self, name):
        attributes = vars(self).get("_attributes")
        if attributes is not None and name == "estimator_":
            return self._fit_now()
        if attributes is not None and name in attributes:
            return attributes[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _call(self, method, *arguments, **params):
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(f"This {type(self).__name__} instance is not fitted yet. Call 'fit' first.")
        key = fingerprint(self._key, method, *arguments, **params)
        with self._open() as store:
            data = store.find_blob(key)
            if data is not None:
                return decode(data)
            answer = getattr(self._fit_now(), method)(*arguments, **params)
            try:
                data = encode(answer)
            except TypeError:  # a sparse matrix or a data frame, for example: it is computed each time
                return answer
            store.add_blob(key, data)
        return answer

    @_has("predict")
    def predict(self, X, **params):
        """Return what the estimator predicts.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        **params : dict
            As for `estimator`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Its predictions.
        """
        return self._call("predict", X, **params)

    @_has("predict_proba")
    def predict_proba(self, X, **params):
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        **params : dict
            As for `estimator`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return self._call("predict_proba", X, **params)

    @_has("predict_log_proba")
    def predict_log_proba(self, X, **params):
        """Return the logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        **params : dict
            As for `estimator`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return self._call("predict_log_proba", X, **params)

    @_has("decision_function")
    def decision_function(self, X, **params):
        """Return the values that the estimator decides by.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        **params : dict
            As for `estimator`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            As `estimator` returns them.
        """
        return self._call("decision_function", X, **params)

    @_has("transform")
    def transform(self, X, **params):
        """Return the rows as the estimator transforms them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        **params : dict
            As for `estimator`.

        Returns
        -------
        array-like of shape (n_samples, n_features_out)
            The transformed rows.
        """
        return self._call("transform", X, **params)

    @_has("score")
    def score(self, X, y=None, **params):
        """Return the estimator's own score.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The rows.
        y : array-like of shape (n_samples,), default=None
            Their targets.
        **params : dict
            As for `estimator`.

        Returns
        -------
        float
            Greater is better.
        """
        return self._call("score", X, y, **params) if y is not None else self._call("score", X, **params)

    def get_metadata_routing(self):
        """Return the metadata that the estimator asks for.

        Returns
        -------
        MetadataRequest or MetadataRouter
            That of `estimator`.
        """
        return get_routing_for_object(self.estimator)

    def __sklearn_tags__(self):
        return get_tags(self.estimator)
