"""The private names of other packages in the drawers ``sktune/_<package>_compat.py``: there, and as they are needed.

Each is looked up in its own package, without sktune: an import of sktune fails when one of them goes, these tests say
which one, what it is for, and where to mend it.
"""

import ast
import tempfile
from numbers import Integral, Real
from pkgutil import resolve_name

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from private_names import FILES, TREES, foreign_names, inherited_names, is_drawer, is_private
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackContext
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import check_scoring, mean_squared_error, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeRegressor

#: dotted path -> what sktune uses it for, and a function of the object there that raises if it does not do that
CHECKS = {}


def private(path, purpose):
    """Register a check; "()" in the path stands for an instance, whose attributes are the check's own business."""

    def register(check):
        CHECKS[path] = purpose, check
        return check

    return register


def run_check(path, purpose, check):
    package = path.split(".")[0]
    remedy = f"sktune needs it {purpose}: mend sktune/_{package}_compat.py, or raise a bound in pyproject.toml."
    try:
        item = resolve_name(path.partition("()")[0])
    except (ImportError, AttributeError) as error:
        pytest.fail(f"{package} no longer has {path} ({error}). {remedy}")
    try:
        check(item)
    except Exception as error:
        raise AssertionError(f"{path} of {package} no longer does what it did. {remedy}") from error


# -- scikit-learn ------------------------------------------------------------------------------------------------------


class Checked(BaseEstimator):
    """An estimator whose parameter has one constraint; how it is fitted, the checks say."""

    def __init__(self, value=None):
        self.value = value


def message_of(value, *constraints):
    """What scikit-learn says of the value of a parameter with those constraints; None if it takes it."""
    _fit_context = resolve_name("sklearn.base._fit_context")

    class Constrained(Checked):
        _parameter_constraints = {"value": list(constraints)}

        @_fit_context(prefer_skip_nested_validation=True)
        def fit(self, X, y=None):
            return self

    try:
        Constrained(value).fit([[0.0]])
    except ValueError as error:
        return str(error)
    return None


@private("sklearn.base._fit_context", "to validate the parameters of an estimator before its fit")
def check_fit_context(_fit_context):
    assert message_of("abc", str) is None
    assert "'value' parameter of Constrained must be an instance of 'str'. Got 3 instead" in message_of(3, str)


@private("sklearn.utils._param_validation.Interval", "to say which numbers a parameter may be")
def check_interval(Interval):
    half_open = Interval(Real, 0, 1, closed="left")
    assert message_of(0, half_open) is message_of(0.5, half_open) is None
    assert "in the range [0.0, 1.0)" in message_of(1, half_open)
    assert message_of(1e300, Interval(Real, 0, None, closed="neither")) is None


@private("sklearn.utils._param_validation.StrOptions", "to say which strings a parameter may be")
def check_str_options(StrOptions):
    assert message_of("a", StrOptions({"a", "b"})) is None
    assert "a str among {" in message_of("c", StrOptions({"a", "b"}))


@private("sklearn.utils._param_validation.Hidden", "to take a deprecated value without a word of it in messages")
def check_hidden(Hidden):
    hidden = Hidden(resolve_name("sklearn.utils._param_validation.StrOptions")({"deprecated"}))
    assert message_of("deprecated", hidden, "boolean") is None
    assert "deprecated" not in message_of(3, hidden, "boolean")


@private("sklearn.utils._param_validation.HasMethods", "to say that a parameter must be an estimator")
def check_has_methods(HasMethods):
    assert message_of(SVC(), HasMethods(["fit"])) is None
    assert "must be an object implementing 'fit'. Got 3 instead" in message_of(3, HasMethods(["fit"]))


@private("sklearn.utils._param_validation.make_constraint", "to tell a range that an estimator refuses")
def check_make_constraint(make_constraint):
    (whole, nothing) = map(make_constraint, SVR._parameter_constraints["max_iter"] + [None])
    assert whole.type is Integral
    assert whole.is_satisfied_by(5)
    assert not whole.is_satisfied_by(5.0)
    assert nothing.is_satisfied_by(None)
    assert hasattr(SVR.fit, "__wrapped__")  # by the decorator that checks the parameters


@private("sklearn.utils._param_validation.validate_parameter_constraints", "to check the parameters in a saved file")
def check_validate(validate_parameter_constraints):
    validate_parameter_constraints({"value": [str]}, {"value": "abc"}, caller_name="File")
    with pytest.raises(ValueError, match=r"'value' parameter of File must be an instance of 'str'\. Got 3"):
        validate_parameter_constraints({"value": [str]}, {"value": 3}, caller_name="File")


@private("sklearn.utils._metadata_requests.SIMPLE_METHODS", "to save what metadata an estimator has asked for")
def check_simple_methods(SIMPLE_METHODS):
    assert {"fit", "partial_fit", "predict", "score", "transform"} <= set(SIMPLE_METHODS)


@private("sklearn.tree._tree.NODE_DTYPE", "to check the nodes of decision trees in saved files")
def check_tree_nodes(NODE_DTYPE):
    assert {"left_child", "right_child", "feature", "threshold"} <= set(NODE_DTYPE.names)


@private("sklearn.tree._tree.Tree", "to make decision trees of saved files")
def check_tree(Tree):
    tree = DecisionTreeRegressor().fit([[0.0], [1.0]], [3.0, 4.0]).tree_
    kind, args, state = tree.__reduce__()
    again = Tree(*args)
    again.__setstate__(state)
    assert kind is Tree
    assert set(state) == {"max_depth", "node_count", "nodes", "values"}
    assert again.predict(np.array([[0.9]], np.float32)) == [[4.0]]


@private(
    "sklearn.ensemble._hist_gradient_boosting.common.PREDICTOR_RECORD_DTYPE", "to check the nodes of boosting in files"
)
def check_boosting_nodes(PREDICTOR_RECORD_DTYPE):
    assert {"left", "right", "feature_idx", "is_leaf", "is_categorical", "bitset_idx"} <= set(
        PREDICTOR_RECORD_DTYPE.names
    )


@private("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor", "to make trees of boosting of saved files")
def check_tree_predictor(TreePredictor):
    parts = np.zeros(1), np.zeros((0, 8), np.uint32), np.zeros((0, 8), np.uint32)
    names = ["nodes", "binned_left_cat_bitsets", "raw_left_cat_bitsets"]
    assert vars(TreePredictor(*parts)) == dict(zip(names, parts, strict=True))


@private("sklearn.utils.validation._num_samples", "to count the rows of any X")
def check_num_samples(_num_samples):
    assert _num_samples(np.zeros((3, 2))) == _num_samples([[1], [2], [3]]) == 3


#: what sktune's searches hand to the constructor of their base
SETTINGS = {"scoring": "r2", "n_jobs": None, "refit": True, "cv": None, "verbose": 0, "pre_dispatch": "2*n_jobs"}
SETTINGS |= {"error_score": np.nan, "return_train_score": False}


@private("sklearn.model_selection._search.BaseSearchCV", "for predict, score, tags and routing of the searches")
def check_base_search(BaseSearchCV):
    class Found(BaseSearchCV):
        def __init__(self, estimator, **settings):
            super().__init__(estimator, **settings)

    search = Found(LinearRegression(), **SETTINGS)
    assert set(BaseSearchCV._parameter_constraints) == {"estimator", *SETTINGS}
    X, y = [[0.0], [1.0], [2.0]], [0.0, 2.0, 4.0]
    search.best_estimator_, search.multimetric_ = LinearRegression().fit(X, y), False
    search.scorer_ = check_scoring(search.estimator, "r2")
    assert_allclose(search.predict([[3.0]]), [6.0])
    assert search.score(X, y) == pytest.approx(1.0)
    assert search.n_features_in_ == 1
    assert search.__sklearn_tags__().estimator_type == "regressor"


def make_search(scoring=None, refit=True):
    return GridSearchCV(DummyRegressor(), {}, scoring=scoring, refit=refit)


@private("sklearn.model_selection._search.BaseSearchCV._get_scorers", "to make one scorer of `scoring`")
def check_get_scorers(_get_scorers):
    data = DummyRegressor(strategy="constant", constant=1.0).fit([[0]], [0]), [[0.0], [0.0]], [1.0, 3.0]
    one, name = _get_scorers(make_search("neg_mean_squared_error"))
    assert (one(*data), name) == (-2.0, "score")
    several, name = _get_scorers(make_search(["neg_mean_squared_error", "neg_max_error"], refit="neg_max_error"))
    assert (several(*data), name) == ({"neg_mean_squared_error": -2.0, "neg_max_error": -2.0}, "neg_max_error")


@private("sklearn.model_selection._search.BaseSearchCV._get_routed_params_for_fit", "to route the parameters of fit")
def check_routed_params(_get_routed_params_for_fit):
    routed = _get_routed_params_for_fit(make_search(), {"sample_weight": [1.0], "groups": [0]})
    assert routed.estimator.fit == {"sample_weight": [1.0]}
    assert routed.splitter.split == {"groups": [0]}
    assert routed.scorer.score == {"sample_weight": [1.0]}


@private("sklearn.model_selection._search.BaseSearchCV._check_refit_for_multimetric", "to refuse an unknown `refit`")
def check_refit_for_multimetric(_check_refit_for_multimetric):
    _check_refit_for_multimetric(make_search(refit="r2"), {"r2": 0.5})
    with pytest.raises(ValueError, match="refit"):
        _check_refit_for_multimetric(make_search(refit=True), {"r2": 0.5})


@private("sklearn.model_selection._search.BaseSearchCV._format_results", "to make cv_results_ of the scores")
def check_format_results(_format_results):
    rest = {"n_test_samples": 5, "fit_time": 0.0, "score_time": 0.0, "fit_error": None}
    out = [{"test_scores": {"score": score}, **rest} for score in (1.0, 3.0, 4.0, 4.0)]
    results = _format_results(make_search(), [{"a": 1}, {"a": 2}], 2, out)
    assert_array_equal(results["mean_test_score"], [2.0, 4.0])
    assert_array_equal(results["std_test_score"], [1.0, 0.0])
    assert_array_equal(results["split1_test_score"], [3.0, 4.0])
    assert_array_equal(results["rank_test_score"], [2, 1])
    assert list(results["param_a"]) == [1, 2]


@private("sklearn.model_selection._search.BaseSearchCV._select_best_index", "to choose the best row of cv_results_")
def check_select_best_index(_select_best_index):
    results = {"rank_test_r2": np.array([2, 1]), "params": [{}, {}]}
    assert _select_best_index("r2", "r2", results) == 1
    assert _select_best_index(lambda results: 0, "r2", results) == 0


@private("sklearn.callback.CallbackSupportMixin._init_callback_context", "to report a fit to scikit-learn's callbacks")
def check_init_callback_context(_init_callback_context):
    context = _init_callback_context(GridSearchCV(DummyRegressor(), {}), max_subtasks=2)
    assert isinstance(context, CallbackContext)
    assert context.max_subtasks == 2
    assert context.subcontext(task_name="epoch").task_name == "epoch"


class Silent:
    """A callback of scikit-learn's that does nothing."""

    def setup(self, estimator, context):
        """Do nothing."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context):
        """Do nothing."""

    def teardown(self, estimator, context):
        """Do nothing."""


@private("sklearn.callback.CallbackSupportMixin()._skl_callbacks", "to see whether somebody listens to a fit")
def check_skl_callbacks(_):
    estimator, callback = GridSearchCV(DummyRegressor(), {}), Silent()
    assert not getattr(estimator, "_skl_callbacks", None)
    assert list(estimator.set_callbacks(callback)._skl_callbacks) == [callback]


@private("sklearn.metrics._scorer._MultimetricScorer", "to know a scorer of several metrics")
def check_multimetric_scorer(_MultimetricScorer):
    assert isinstance(check_scoring(scoring=["r2", "neg_max_error"]), _MultimetricScorer)
    assert not isinstance(check_scoring(scoring="r2"), _MultimetricScorer)


@private("sklearn.metrics._scorer._MultimetricScorer()._scorers", "to take the metrics of a scorer apart")
def check_scorers(_):
    data = DummyRegressor(strategy="constant", constant=1.0).fit([[0]], [0]), [[0.0], [0.0]], [1.0, 3.0]
    scorers = check_scoring(scoring=["r2", "neg_max_error"])._scorers
    assert {name: scorer(*data) for name, scorer in scorers.items()} == {"r2": -1.0, "neg_max_error": -2.0}


@private("sklearn.metrics._scorer._BaseScorer()._accept_sample_weight", "to weigh the rows of a score where it can be")
def check_accept_sample_weight(_):
    assert check_scoring(scoring="r2")._accept_sample_weight() is True
    assert check_scoring(scoring="neg_max_error")._accept_sample_weight() is False


@private("sklearn.metrics._scorer._BaseScorer", "to know a scorer that tells what it asks an estimator for")
def check_base_scorer(_BaseScorer):
    assert isinstance(check_scoring(scoring="r2"), _BaseScorer)


@private("sklearn.metrics._scorer._BaseScorer()._response_method", "to know the scores that need probabilities")
def check_response_method(_):
    assert check_scoring(scoring="accuracy")._response_method == "predict"
    assert check_scoring(scoring="neg_log_loss")._response_method == "predict_proba"


@private("sklearn.metrics._scorer._Scorer", "to know a scorer that has a name, which can be saved")
def check_scorer(_Scorer):
    assert type(check_scoring(scoring="neg_log_loss")) is _Scorer


@private("sklearn.metrics._scorer._Scorer()._score", "to tell its function the classes of the estimator")
def check_score(_Scorer):
    class Noting(_Scorer):
        def _score(self, method_caller, estimator, X, y_true, **kwargs):
            return super()._score(method_caller, estimator, X, y_true, **{"sample_weight": [1.0, 0.0], **kwargs})

    data = DummyRegressor(strategy="constant", constant=1.0).fit([[0]], [0]), [[0.0], [0.0]], [1.0, 3.0]
    assert Noting(mean_squared_error, -1, {}, "predict")(*data) == 0.0
    assert _Scorer(mean_squared_error, -1, {}, "predict")(*data) == -2.0


@private("sklearn.metrics._scorer._Scorer()._score_func", "to tell named scorers apart")
def check_score_func(_):
    assert check_scoring(scoring="r2")._score_func is r2_score


@private("sklearn.metrics._scorer._Scorer()._sign", "to tell named scorers apart")
def check_sign(_):
    assert [check_scoring(scoring=name)._sign for name in ("r2", "neg_max_error")] == [1, -1]


@private("sklearn.metrics._scorer._Scorer()._kwargs", "to tell named scorers apart")
def check_kwargs(_):
    assert check_scoring(scoring="f1_macro")._kwargs == {"average": "macro", "pos_label": None}


@private("sklearn.utils._array_api.get_namespace", "to index rows with the array library of X")
def check_get_namespace(get_namespace):
    namespace, _ = get_namespace(np.zeros((3, 2)))
    assert_array_equal(np.eye(3)[namespace.asarray([2, 0], device="cpu")], [[0, 0, 1], [1, 0, 0]])


@private("sklearn.utils._array_api.device", "to index rows on the device of X")
def check_device(device):
    namespace, _ = resolve_name("sklearn.utils._array_api.get_namespace")(np.zeros(3))
    assert isinstance(namespace.asarray([0], device=device(np.zeros(3))), np.ndarray)


@private("sklearn.utils._safe_indexing", "to put rows into the order of an epoch")
def check_safe_indexing(_safe_indexing):
    assert _safe_indexing(["a", "b", "c"], np.array([2, 0])) == ["c", "a"]
    assert _safe_indexing(np.array([[1], [2], [3]]), np.array([2, 0])).tolist() == [[3], [1]]


@private("sklearn.neural_network.MLPClassifier()._no_improvement_count", "to end a training in pieces where fit does")
def check_no_improvement_count(_):
    y = np.arange(20) % 2
    mlp = MLPClassifier((2,), tol=1e3, n_iter_no_change=3, random_state=0).fit(np.zeros((20, 1)), y)
    assert mlp._no_improvement_count == 4


@private("sklearn.ensemble.HistGradientBoostingClassifier()._should_stop", "to end a training in pieces where fit does")
def check_should_stop(_):
    boosting = HistGradientBoostingRegressor(n_iter_no_change=2, tol=0.0)
    assert boosting._should_stop([3.0, 2.0, 1.0])
    assert not boosting._should_stop([1.0, 2.0, 3.0])


@private("sklearn.ensemble.HistGradientBoostingClassifier()._use_validation_data", "to know what early stopping sees")
def check_use_validation_data(_):
    X, y = np.arange(40.0)[:, None], np.arange(40.0)
    for fraction in (0.5, None):
        boosting = HistGradientBoostingRegressor(max_iter=1, early_stopping=True, validation_fraction=fraction)
        assert boosting.fit(X, y)._use_validation_data == (fraction is not None)


@private("sklearn.utils._repr_html.estimator._VisualBlock", "to show an estimator with an estimator in it")
def check_visual_block(_VisualBlock):
    class Outer(Checked):
        def _sk_visual_block_(self):
            return _VisualBlock("parallel", [self.value], names=["value: SVC"], name_details=["as text"])

    html = Outer(SVC())._repr_html_()
    assert html.index("Outer") < html.index("value: SVC") < html.index("gamma")


@private("sklearn.utils.metaestimators._safe_split", "to cut out a fold, of precomputed kernels too")
def check_safe_split(_safe_split):
    X, y = np.arange(9.0).reshape(3, 3), np.array([5, 6, 7])
    rows, targets = _safe_split(SVC(), X, y, np.array([2]), np.array([0, 1]))
    assert (rows.tolist(), targets.tolist()) == ([[6.0, 7.0, 8.0]], [7])
    kernel, _ = _safe_split(SVC(kernel="precomputed"), X, y, np.array([2]), np.array([0, 1]))
    assert kernel.tolist() == [[6.0, 7.0]]


@private("sklearn.utils.validation._check_method_params", "to cut out the parameters of fit and score of a fold")
def check_method_params(_check_method_params):
    params = {"sample_weight": [1.0, 2.0, 3.0], "fast": True}
    cut = _check_method_params(np.zeros((3, 1)), params, indices=np.array([2, 0]))
    assert (list(cut["sample_weight"]), cut["fast"]) == ([3.0, 1.0], True)
    assert list(_check_method_params(np.zeros((3, 1)), params=params)["sample_weight"]) == [1.0, 2.0, 3.0]


@private("sklearn.utils.validation._check_sample_weight", "to check sample weights as scikit-learn does")
def check_sample_weight(_check_sample_weight):
    X, settings = np.zeros((2, 1)), {"dtype": np.float64, "ensure_non_negative": True}
    weights = _check_sample_weight([1, 2], X, **settings)
    assert (weights.dtype, weights.tolist()) == (np.float64, [1.0, 2.0])
    for wrong in ([1.0, -1.0], [1.0], [1.0, np.nan]):
        with pytest.raises(ValueError, match=r"(?i)sample.?weight|NaN"):
            _check_sample_weight(wrong, X, **settings)


# -- joblib ------------------------------------------------------------------------------------------------------------


@private("joblib.parallel.SequentialBackend", "to run calls inside a task of the backend 'sktune'")
def check_sequential_backend(SequentialBackend):
    backend = SequentialBackend(nesting_level=2)
    assert isinstance(backend, joblib.ParallelBackendBase)
    with joblib.parallel_config(backend):
        assert joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(i) for i in (-1, -2)) == [1, 2]
        assert joblib.effective_n_jobs(2) == 1


@private("joblib.parallel.get_active_backend", "to see whether the user has chosen a backend, and how many jobs")
def check_get_active_backend(get_active_backend):
    (plain, _), (preferred, _) = get_active_backend(), get_active_backend(prefer="threads")
    assert type(plain) is not type(preferred)
    with joblib.parallel_config("loky", n_jobs=3):
        (plain, n_jobs), (preferred, _) = get_active_backend(), get_active_backend(prefer="threads")
    assert n_jobs == 3
    assert type(plain) is type(preferred)


@private("joblib.logger.short_format_time", "to print times as joblib and scikit-learn do")
def check_short_format_time(short_format_time):
    assert short_format_time(3.25).strip() == "3.2s"
    assert short_format_time(150).strip() == "2.5min"


@private("joblib.memory.MemorizedFunc", "to give a function whose results are kept in files the key of the function")
def check_memorized_func(MemorizedFunc):
    with tempfile.TemporaryDirectory() as folder:
        kept = joblib.Memory(folder, verbose=0).cache(abs)
    assert type(kept) is MemorizedFunc
    assert kept.func is abs


@private("joblib.memory.NotMemorizedFunc", "to give a function for which no folder is given the key of the function")
def check_not_memorized_func(NotMemorizedFunc):
    kept = joblib.Memory(None).cache(abs)
    assert type(kept) is NotMemorizedFunc
    assert kept.func is abs


@private("joblib.parallel.LokyBackend", "to know in which way tasks are pickled")
def check_loky_backend(LokyBackend):
    with joblib.parallel_config("loky", n_jobs=2):
        assert type(resolve_name("joblib.parallel.get_active_backend")()[0]) is LokyBackend


@private("joblib.parallel.MultiprocessingBackend", "to know in which way tasks are pickled")
def check_multiprocessing_backend(MultiprocessingBackend):
    with joblib.parallel_config("multiprocessing", n_jobs=2):
        assert type(resolve_name("joblib.parallel.get_active_backend")()[0]) is MultiprocessingBackend


# -- numpy -------------------------------------------------------------------------------------------------------------


@private("numpy.ma.MaskedArray()._fill_value", "to save a masked array as it is")
def check_fill_value(_):
    array = np.ma.MaskedArray([1.0, 2.0], mask=[0, 1])
    assert array._fill_value is None
    array.fill_value = 7.0
    assert array._fill_value == 7.0


# -- torch -------------------------------------------------------------------------------------------------------------


def lists_of_numbers(n_lists):
    generator = torch.Generator().manual_seed(0)
    return [[torch.rand(size, generator=generator) + 0.5 for size in (3, 5)] for _ in range(n_lists)]


def check_fused_adam(update, public_class):
    """Compare two updates with those of torch's own optimizer."""
    (start, first, second) = lists_of_numbers(3)
    ours, theirs = [x.clone() for x in start], [x.clone().requires_grad_() for x in start]
    averages, squares = ([torch.zeros_like(x) for x in start] for _ in range(2))
    steps = [torch.tensor(0.0) for _ in start]
    optimizer = public_class(theirs, lr=0.1, betas=(0.8, 0.999), weight_decay=0.1)
    settings = {"lr": 0.1, "beta1": 0.8, "beta2": 0.999, "weight_decay": 0.1, "eps": 1e-8}
    for grads in (first, second):
        for parameter, grad, step in zip(theirs, grads, steps, strict=True):
            parameter.grad = grad.clone()
            step += 1
        optimizer.step()
        update(ours, grads, averages, squares, [], steps, amsgrad=False, maximize=False, **settings)
    for own, expected in zip(ours, theirs, strict=True):
        assert_allclose(own, expected.detach(), rtol=1e-5)


@private("torch._fused_adam_", "to update a stack of networks in one call (it is many times slower without)")
def check_fused_adam_(_fused_adam_):
    check_fused_adam(_fused_adam_, torch.optim.Adam)


@private("torch._fused_adamw_", "to update a stack of networks in one call (it is many times slower without)")
def check_fused_adamw_(_fused_adamw_):
    check_fused_adam(_fused_adamw_, torch.optim.AdamW)


def private_foreach(name, expected, *, n_lists, **settings):
    """Register the check of a function of lists: it does what `expected` does, one tensor after the other."""

    def check(function):
        lists = lists_of_numbers(n_lists)
        wanted = [expected(*tensors) for tensors in zip(*lists, strict=True)]
        returned = function(*lists, **settings)
        for own, right in zip(lists[0] if name.endswith("_") else returned, wanted, strict=True):
            assert_allclose(own, right, rtol=1e-6)

    private(f"torch.{name}", "to update many tensors in one call, in SGD and RMSprop")(check)


private_foreach("_foreach_add_", lambda x, y: x - 0.5 * y, n_lists=2, alpha=-0.5)
private_foreach("_foreach_mul_", lambda x, y: x * y, n_lists=2)
private_foreach("_foreach_sqrt", lambda x: x**0.5, n_lists=1)
private_foreach("_foreach_addcmul_", lambda x, y, z: x + 0.5 * y * z, n_lists=3, value=0.5)
private_foreach("_foreach_addcdiv_", lambda x, y, z: x + 0.5 * y / z, n_lists=3, value=0.5)


def private_stack_of_modes(name, check):
    """Register the check of a function of the stack of torch's function modes."""
    private(f"torch.overrides.{name}", "to compute the same whatever torch.set_default_device says")(check)


def check_length_of_stack(length):
    assert length() == 0
    with torch.device("meta"):
        assert length() == 1


def check_pop_mode(pop):
    with torch.device("meta"):
        mode = pop()
        assert torch.zeros(1).device.type == "cpu"
        torch.overrides._push_mode(mode)


def check_push_mode(push):
    with torch.device("meta"):
        push(torch.overrides._pop_mode())
        assert torch.zeros(1).device.type == "meta"


private_stack_of_modes("_len_torch_function_stack", check_length_of_stack)
private_stack_of_modes("_pop_mode", check_pop_mode)
private_stack_of_modes("_push_mode", check_push_mode)


#: what the class of the backend "sktune" has, for joblib to find
JOBLIB_ASKS_FOR = {
    *("default_n_jobs", "supports_retrieve_callback", "uses_threads", "supports_sharedmem"),
    *("effective_n_jobs", "configure", "submit", "retrieve_result_callback", "abort_everything", "terminate"),
    "get_nested_backend",
}


# -- the tests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CHECKS)
def test_private_name_is_there_and_does_what_it_did(path):
    run_check(path, *CHECKS[path])


def last_parts(names):
    return {name.split(".")[-1] for name in names}


def test_every_private_name_in_a_drawer_is_checked():
    used = {name for drawer in filter(is_drawer, FILES) for name in foreign_names(drawer) if is_private(name)}
    assert last_parts(CHECKS) == last_parts(used) | inherited_names()


def test_inherited_names_are_used():
    looked_up = {node.attr for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert inherited_names() <= looked_up


def test_a_name_that_goes_or_changes_is_explained():
    with pytest.raises(pytest.fail.Exception, match=r"torch no longer has torch\._gone .* needs it to test this: mend"):
        run_check("torch._gone", "to test this", print)
    with pytest.raises(AssertionError, match=r"torch\.add of torch no longer does what it did\. sktune needs it to"):
        run_check("torch.add", "to test this", lambda add: add("a", "b"))


def test_the_fused_kernels_are_the_ones_in_use():
    from sktune import _torch_compat  # an import at the top would hide which name has gone

    assert _torch_compat.adam_updater is not _torch_compat.adam_updater_in_steps


@pytest.mark.parametrize("name", sorted(JOBLIB_ASKS_FOR))
def test_joblib_still_asks_a_backend_for(name):
    assert hasattr(resolve_name("joblib.parallel.SequentialBackend"), name), (
        f"joblib's backends have no {name} any more, so nobody asks for that of sktune/parallel/_backend.py: see in "
        "joblib.ParallelBackendBase what has taken its place, or raise a bound in pyproject.toml."
    )


def test_joblib_asks_for_all_that_the_backend_has():
    (tree,) = (tree for path, tree in TREES.items() if path.match("parallel/_backend.py"))
    (backend,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    methods = {node.name for node in backend.body if isinstance(node, ast.FunctionDef)}
    attributes = {target.id for node in backend.body if isinstance(node, ast.Assign) for target in node.targets}
    assert methods | attributes == JOBLIB_ASKS_FOR
