"""The only file that touches scikit-learn's private names: what breaks with a new release breaks here, in one place."""

# The decorator of every `fit`: checks `_parameter_constraints`, then tears callbacks down whatever happens.
from sklearn.base import _fit_context

# What reports the epochs of a network and the fits of a search to scikit-learn's callbacks.
from sklearn.callback import CallbackSupportMixin

# Named scorers; whether one takes weights is a private question of theirs.
from sklearn.metrics import get_scorer

# Several metrics as one scorer, which asks the estimator for its predictions once.
from sklearn.metrics._scorer import _MultimetricScorer

# The public face of GridSearchCV (predict, score, tags, metadata routing); only the loop is ours.
from sklearn.model_selection._search import BaseSearchCV

# The array library and the device of X, where the indices of its rows have to live.
from sklearn.utils._array_api import device as array_device
from sklearn.utils._array_api import get_namespace

# The vocabulary of `_parameter_constraints`.
from sklearn.utils._param_validation import Hidden, Interval, StrOptions

# The rows of one fold (the columns too for precomputed kernels), and those of the parameters of `fit` and `score`;
# sample weights checked as scikit-learn's own estimators check theirs, message for message.
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params, _check_sample_weight

__all__ = [
    "INHERITED",
    "BaseSearchCV",
    "Hidden",
    "Interval",
    "StrOptions",
    "_check_method_params",
    "_check_sample_weight",
    "_fit_context",
    "_safe_split",
    "array_device",
    "get_namespace",
    "has_callbacks",
    "scorers_by_name",
    "weighted_scorer",
]

#: Private methods that our classes inherit and call on themselves, and where they come from.
INHERITED = {
    "_init_callback_context": CallbackSupportMixin,  # begins to report a fit
    "_get_scorers": BaseSearchCV,  # the one scorer that stands for `scoring`
    "_get_routed_params_for_fit": BaseSearchCV,  # parameters of `fit`, by who wants them
    "_check_refit_for_multimetric": BaseSearchCV,  # that `refit` names one of several metrics
    "_format_results": BaseSearchCV,  # `cv_results_`, column by column
    "_select_best_index": BaseSearchCV,  # its best row, for any `refit`
}


def has_callbacks(*estimators):
    """Whether one of `estimators`, or an estimator among their parameters, carries scikit-learn callbacks."""
    return any(
        getattr(candidate, "_skl_callbacks", None)
        for estimator in estimators
        for candidate in (estimator, *estimator.get_params(deep=True).values())
    )


def scorers_by_name(scorer):
    """Return the scorers that a multimetric scorer combines, as a dict; any other scorer is returned as it is."""
    return scorer._scorers if isinstance(scorer, _MultimetricScorer) else scorer


def weighted_scorer(scoring):
    """Return the scorer that the string `scoring` names, asking for weights if it takes them; others as they are.

    Needs metadata routing to be enabled.
    """
    if not isinstance(scoring, str):
        return scoring
    scorer = get_scorer(scoring)
    return scorer.set_score_request(sample_weight=True) if scorer._accept_sample_weight() else scorer
