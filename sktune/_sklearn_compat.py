"""The only file that touches scikit-learn's private names: what breaks with a new release breaks here, in one place."""

from collections.abc import Mapping
from copy import copy
from inspect import signature
from numbers import Integral

import numpy as np
from sklearn import config_context, get_config

# The decorator of every `fit`: checks `_parameter_constraints`, then tears callbacks down whatever happens.
from sklearn.base import _fit_context

# What reports the epochs of a network and the fits of a search to scikit-learn's callbacks.
from sklearn.callback import AutoPropagatedCallback, CallbackSupportMixin

# Trees of histogram gradient boosting and their nodes, which saved files hold field by field.
from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE as HIST_NODE
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

# Named scorers; whether one takes weights, and what it asks an estimator for, are private questions of theirs.
from sklearn.metrics import d2_brier_score, d2_log_loss_score, get_scorer, get_scorer_names, roc_auc_score

# Several metrics as one scorer, which asks the estimator for its predictions once.
# And what all named scorers are, to tell which of them one is.
from sklearn.metrics._scorer import _BaseScorer, _MultimetricScorer, _Scorer

# The public face of GridSearchCV (predict, score, tags, metadata routing); only the loop is ours.
from sklearn.model_selection._search import BaseSearchCV

# Decision trees and their nodes, for the same.
from sklearn.tree._tree import NODE_DTYPE as TREE_NODE
from sklearn.tree._tree import Tree

# Rows of anything that scikit-learn takes for rows.
from sklearn.utils import _safe_indexing as take_rows

# The array library and the device of X, where the indices of its rows have to live.
from sklearn.utils._array_api import device as array_device
from sklearn.utils._array_api import get_namespace

# The methods that have metadata requests of their own.
from sklearn.utils._metadata_requests import SIMPLE_METHODS

# The vocabulary of `_parameter_constraints`, and what checks them.
from sklearn.utils._param_validation import HasMethods as _HasMethods
from sklearn.utils._param_validation import Hidden, StrOptions, make_constraint, validate_parameter_constraints
from sklearn.utils._param_validation import Interval as _Interval

# Estimators in estimators, where notebooks show them.
from sklearn.utils._repr_html.estimator import _VisualBlock

# The rows of one fold (the columns too for precomputed kernels), and those of the parameters of `fit` and `score`;
# sample weights checked as scikit-learn's own estimators check theirs, message for message.
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params, _check_sample_weight, _num_samples

from ._utils.hints import did_you_mean, unknown_name

__all__ = [
    "HIST_NODE",
    "INHERITED",
    "N_JOBS",
    "RANDOM_STATE",
    "TREE_NODE",
    "BaseSearchCV",
    "Documented",
    "Hidden",
    "HintedParams",
    "Interval",
    "StrOptions",
    "Tree",
    "TreePredictor",
    "_check_method_params",
    "_check_sample_weight",
    "_fit_context",
    "_num_samples",
    "_safe_split",
    "array_device",
    "cloned_besides",
    "constraints_on",
    "get_namespace",
    "get_scorer_names",
    "has_callbacks",
    "has_no_more_to_learn",
    "hears_of_fits",
    "is_scorer",
    "metadata_requests",
    "named_scorer_of_metric",
    "scorer_name",
    "scorer_of",
    "scorers_by_name",
    "scorers_of_probabilities",
    "scorers_with_classes",
    "set_metadata_requests",
    "shown_with_part",
    "take_rows",
    "validate_parameter_constraints",
    "validate_params",
    "weighted_scorer",
    "will_stop_early",
]

#: Private methods that our classes inherit and call on themselves, and where they come from.
INHERITED = {
    "_init_callback_context": CallbackSupportMixin,  # begins to report a fit
    "_get_scorers": BaseSearchCV,  # the one scorer that stands for `scoring`
    "_get_routed_params_for_fit": BaseSearchCV,  # parameters of `fit`, by who wants them
    "_check_refit_for_multimetric": BaseSearchCV,  # that `refit` names one of several metrics
    "_format_results": BaseSearchCV,  # `cv_results_`, column by column
    "_select_best_index": BaseSearchCV,  # its best row, for any `refit`
    "_score": _Scorer,  # the score of rows, given what asks the estimator for its response
}


class Interval(_Interval):
    """Scikit-learn's interval, in which no bool lies: ``lr=True`` is a slip of the pen, not a rate of 1."""

    def is_satisfied_by(self, val):
        return not isinstance(val, bool) and super().is_satisfied_by(val)


class HasMethods(_HasMethods):
    """Scikit-learn's object with methods, which is no class: ``SVC`` has been taken for ``SVC()``."""

    def is_satisfied_by(self, val):
        return not isinstance(val, type) and super().is_satisfied_by(val)

    def __str__(self):
        return super().__str__().replace("an object", "an object (not a class)")


#: Constraints as scikit-learn has them, without bools and without ``n_jobs=0``.
RANDOM_STATE = [Interval(Integral, 0, 2**32 - 1, closed="both"), np.random.RandomState, None]
N_JOBS = [Interval(Integral, None, -1, closed="right"), Interval(Integral, 1, None, closed="left"), None]


#: Where an estimator is documented. There is no site yet, and a link to an address that is not ours could lead anywhere
#: one day: until there is one, links stay on the page. scikit-learn shows what a parameter means beside links alone.
DOCUMENTATION = "#{estimator_module}.{estimator_name}"


class Documented:
    """Mixin of estimators whose parameters and attributes are explained, and linked, where notebooks show them."""

    _doc_link_module = "sktune"
    _doc_link_template = DOCUMENTATION


def shown_with_part(name, part):
    """Return what ``_sk_visual_block_`` of an estimator returns that is shown with an estimator in it, as searches are.

    Parameters
    ----------
    name : str
        The parameter or the attribute that holds the part.
    part : estimator
    """
    label = f"{name}: {type(part).__name__}"
    return _VisualBlock("parallel", [part], names=[label], name_details=[str(part)])


class HintedParams:
    """Mixin of estimators whose errors about parameters say what is likely meant.

    That is the most similar of the strings that are allowed, and of names what to write instead of those that other
    libraries have.
    """

    #: name of a parameter elsewhere -> what to do instead
    _other_names: Mapping[str, str] = {}

    def set_params(self, **params):
        """Set parameters of this estimator, and of estimators in it.

        Parameters
        ----------
        **params : dict
            Values by names; ``<component>__<parameter>`` is a parameter of an estimator in it.

        Returns
        -------
        self : object
            This estimator.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        own = self.get_params(deep=False)
        for name in params:
            first = name.partition("__")[0]
            if first not in own:
                raise ValueError(unknown_name(type(self).__name__, first, own, self._other_names))
        return super().set_params(**params)

    def _validate_params(self):
        try:
            super()._validate_params()
        except ValueError as error:
            raise type(error)(f"{error}{self._hint_at(str(error))}") from None

    def _hint_at(self, message: str) -> str:
        for name, value in self.get_params(deep=False).items():
            constraints = self._parameter_constraints.get(name, ())
            options = {one for c in constraints if isinstance(c, StrOptions) for one in c.options}
            if message.startswith(f"The {name!r} parameter"):
                return did_you_mean(value, options)
        return ""


def has_callbacks(*estimators):
    """Whether one of `estimators`, or an estimator among their parameters, carries scikit-learn callbacks."""
    return any(
        getattr(candidate, "_skl_callbacks", None)
        for estimator in estimators
        for candidate in (estimator, *estimator.get_params(deep=True).values())
    )


def hears_of_fits(search, context):
    """Whether callbacks ask for the fits of a search, and not only for its candidates.

    Those of the estimator do, and those of the search that go down two levels from it: to candidates, then to fits.

    Parameters
    ----------
    search : estimator
    context : CallbackContext
        The root of its fit.
    """
    depth = 2
    while context is not None:
        depth += context.source_estimator_name is not None  # the search is itself part of an estimator
        context = context.parent
    callbacks = [one for one in getattr(search, "_skl_callbacks", ()) if isinstance(one, AutoPropagatedCallback)]
    depths = [callback.max_propagation_depth for callback in callbacks]
    return has_callbacks(search.estimator) or any(one is None or one >= depth for one in depths)


def scorers_by_name(scorer):
    """Return the scorers that a multimetric scorer combines, as a dict; any other scorer is returned as it is."""
    return scorer._scorers if isinstance(scorer, _MultimetricScorer) else scorer


def scorer_of(search):
    """Return the one scorer that a search of scikit-learn's kind calls."""
    scorer, _ = search._get_scorers()
    return scorer


def scorers_of_probabilities(scorer):
    """Return the names of the scorers in `scorer` that ask for probabilities or decisions, not for predictions."""
    scorers = scorers_by_name(scorer)
    named = scorers if isinstance(scorers, dict) else {"score": scorers}
    return [name for name, one in named.items() if isinstance(one, _BaseScorer) and one._response_method != "predict"]


class _ScorerWithClasses(_Scorer):
    """A scorer that tells its function the classes of the estimator where scikit-learn leaves that to the rows.

    Its functions take the labels of the rows for all that there are. Where a class has no rows, they raise, or take the
    probabilities of one class for those of another. So they do for two classes that are not 0 and 1, or -1 and 1.
    """

    def _score(self, method_caller, estimator, X, y_true, **kwargs):
        classes, labels = getattr(estimator, "classes_", None), np.asarray(y_true)
        if isinstance(classes, np.ndarray) and classes.ndim == labels.ndim == 1 and np.isin(labels, classes).all():
            kwargs = {**self._about(classes, np.isin(classes, labels)), **kwargs}
        return super()._score(method_caller, estimator, X, y_true, **kwargs)

    def _about(self, classes, has_rows):
        told, parameters = {}, signature(self._score_func).parameters
        # what compares with the frequencies of the labels is not defined where there is a single one
        fewest = 2 if self._score_func in (d2_log_loss_score, d2_brier_score) else 1
        if "labels" in parameters and fewest <= has_rows.sum() < len(classes):
            told["labels"] = classes
        if len(classes) == 2 and "pos_label" in parameters and parameters["pos_label"].default is None:
            told["pos_label"] = classes[1]  # whose probability the function is given
        return {name: value for name, value in told.items() if name not in self._kwargs}


def scorers_with_classes(scorer):
    """Return a scorer that is right where rows lack a class: `scorer`, given the classes of the estimator.

    That concerns functions of probabilities or decisions that have a parameter `labels`, the user's own too. Not
    `roc_auc_score`, which does not exist where a class has no rows. Everything else is returned as it is.
    """
    if isinstance(scorer, _MultimetricScorer):
        told = {name: scorers_with_classes(one) for name, one in scorer._scorers.items()}
        if any(told[name] is not one for name, one in scorer._scorers.items()):
            scorer = copy(scorer)
            vars(scorer)["_scorers"] = told
        return scorer
    if type(scorer) is not _Scorer or scorer._response_method == "predict" or scorer._score_func is roc_auc_score:
        return scorer
    if "labels" not in signature(scorer._score_func).parameters:
        return scorer
    told = _ScorerWithClasses(scorer._score_func, scorer._sign, scorer._kwargs, scorer._response_method)
    vars(told).update(vars(scorer))  # its metadata requests too
    return told


def is_scorer(scoring):
    """Whether something is a scorer of scikit-learn's own making."""
    return isinstance(scoring, _BaseScorer | _MultimetricScorer)


def named_scorer_of_metric(metric):
    """Return the name of scikit-learn's scorer that asks a metric, and whether more of it is better; None for others.

    Where several do, with other settings, the first by the alphabet that has none.
    """
    scorers = {name: get_scorer(name) for name in get_scorer_names()}
    asking = [name for name, one in scorers.items() if one._score_func is metric]
    asking.sort(key=lambda name: (bool(scorers[name]._kwargs), name))
    return (asking[0], scorers[asking[0]]._sign > 0) if asking else None


def weighted_scorer(scoring):
    """Return the scorer that the string `scoring` names, asking for weights if it takes them; others as they are.

    Needs metadata routing to be enabled.
    """
    if not isinstance(scoring, str):
        return scoring
    scorer = get_scorer(scoring)
    return scorer.set_score_request(sample_weight=True) if scorer._accept_sample_weight() else scorer


def validate_params(estimator):
    """Raise InvalidParameterError, a ValueError, for a parameter that the estimator's class does not allow."""
    validate_parameter_constraints(
        estimator._parameter_constraints, estimator.get_params(deep=False), caller_name=type(estimator).__name__
    )


def constraints_on(estimator, name):
    """Return what the estimator's own ``fit`` allows for a parameter, None if that is not known or not checked.

    Each constraint has the method ``is_satisfied_by(value)``.
    """
    constraints = getattr(estimator, "_parameter_constraints", {}).get(name, "no_validation")
    checks = hasattr(getattr(type(estimator), "fit", None), "__wrapped__")  # not where a subclass has a fit of its own
    if constraints == "no_validation" or not checks or get_config()["skip_parameter_validation"]:
        return None
    return [make_constraint(constraint) for constraint in constraints]


def metadata_requests(estimator):
    """Return what was requested with ``set_*_request``, as plain dicts; empty if nothing was."""
    request = vars(estimator).get("_metadata_request")
    return {} if request is None else {name: dict(getattr(request, name).requests) for name in _methods_of(request)}


def cloned_besides(estimator):
    """Return what a clone takes over from an estimator besides its parameters."""
    attributes = getattr(estimator, "__dict__", {})
    requests = metadata_requests(estimator) if "_metadata_request" in attributes else {}
    return {"metadata requests": requests, "output": attributes.get("_sklearn_output_config")}


def set_metadata_requests(estimator, requests):
    """Request again what `metadata_requests` told."""
    with config_context(enable_metadata_routing=True):
        for method, given in requests.items():
            if method not in SIMPLE_METHODS:
                raise ValueError(f"there are no metadata requests for {method!r}")
            if given:
                getattr(estimator, f"set_{method}_request")(**given)


def _methods_of(request):
    return [name for name in SIMPLE_METHODS if getattr(request, name).requests]


def scorer_name(scorer):
    """Return the name of scikit-learn's scorer that equals `scorer`, None if there is none."""
    if type(scorer) is not _Scorer:
        return None
    return next((name for name in get_scorer_names() if _recipe(get_scorer(name)) == _recipe(scorer)), None)


def _recipe(scorer):
    return scorer._score_func, scorer._sign, scorer._kwargs, scorer._response_method


def has_no_more_to_learn(mlp):
    """Whether the `tol` of a network of scikit-learn would have ended its ``fit`` after the epochs that it has had.

    Where only the learning rate falls, its optimizer has set the count back.
    """
    return mlp._no_improvement_count > mlp.n_iter_no_change


def will_stop_early(boosting):
    """Whether early stopping would have ended the ``fit`` of histogram boosting where it is now."""
    if not boosting.do_early_stopping_:
        return False
    scores = boosting.validation_score_ if boosting._use_validation_data else boosting.train_score_
    return bool(boosting._should_stop(list(scores)))
