"""Fitted estimators without what only a training to come would need."""

import copy
from typing import Any

from .._utils.portable import training_left_out


def for_prediction(estimator: Any) -> Any:
    """Return a copy of an estimator or a search that predicts alike and is smaller, also when it is pickled.

    All networks in it keep their weights and leave out where their training stands: the state of the optimizer, which
    is one to two times as large as the weights, the weights of the last epoch beside those of the best, and skorch
    nets with the user's callbacks. Parameters, histories and ``cv_results_`` stay.

    A training cannot be resumed in the copy: `fit_until` and `partial_fit` raise ValueError. `fit` starts again, and
    with ``warm_start=True`` from the weights, with a warning that the training state was left out.

    Parameters
    ----------
    estimator : estimator object
        A network, a self-tuning network, a search, a pipeline, or any other estimator with networks in it.

    Returns
    -------
    copy : estimator object
        Of the same class, with bit-equal predictions. The original stays as it is.

    Raises
    ------
    TypeError
        If `estimator` is no estimator, or holds something that cannot be copied.

    See Also
    --------
    save : With ``for_prediction=True`` writes such a copy to a file.

    Examples
    --------
    >>> import pickle
    >>> import numpy as np
    >>> import sktune
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = sktune.NetClassifier(max_epochs=5, random_state=0).fit(X, y)
    >>> light = sktune.for_prediction(model)
    >>> np.array_equal(light.predict_proba(X), model.predict_proba(X))
    True
    >>> len(pickle.dumps(light)) < len(pickle.dumps(model)) / 2
    True
    """
    check_estimator(estimator)
    with training_left_out():
        return copy.deepcopy(estimator)


def check_estimator(estimator: Any) -> None:
    """Raise TypeError for what is no estimator."""
    if not hasattr(estimator, "get_params") or isinstance(estimator, type):
        raise TypeError(f"estimator must be an estimator or a search, got {estimator!r:.200}")
