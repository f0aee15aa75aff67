"""Whether a subclass trains as the class does that it comes from."""

from collections.abc import Callable, Collection, Sequence

from sklearn.base import BaseEstimator

#: What a subclass may have of its own without training otherwise.
_HARMLESS = {
    "predict", "predict_proba", "predict_log_proba", "decision_function", "score", "score_samples", "transform",
    "inverse_transform", "apply", "get_params", "set_params", "get_metadata_routing", "fit_predict", "named_steps",
    "classes_", "n_features_in_", "feature_names_in_", "feature_importances_",
}  # fmt: skip


def overridden(
    estimator: BaseEstimator, classes: Sequence[type], harmless: Collection[str] = frozenset(_HARMLESS)
) -> set[str]:
    """Return the names of the first of `classes` that an estimator's own class defines anew.

    But for those that have no part in training. Nothing for an estimator of another class.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> class Mine(SVC):
    ...     def fit(self, X, y):
    ...         return super().fit(X, y)
    ...     def predict(self, X):
    ...         return super().predict(X)
    >>> overridden(Mine(), [SVC])
    {'fit'}
    """
    lineage = type(estimator).__mro__
    base = next((known for known in classes if known in lineage), None)
    if base is None:
        return set()
    own = {name for one in lineage[: lineage.index(base)] for name in vars(one)}
    return {
        name
        for name in own - set(harmless)
        if isinstance(getattr(base, name, None), Callable | property) and not _is_bookkeeping(name)
    }


def _is_bookkeeping(name: str) -> bool:
    """Whether Python or scikit-learn define it for every class."""
    return (name.startswith("__") and name.endswith("__")) or (name.startswith("set_") and name.endswith("_request"))
