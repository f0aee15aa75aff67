"""What the caller has set in torch changes no result, and is as before afterwards."""

import contextlib
import pickle
import random
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache, partial

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from skorch.callbacks import Callback
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack

from sktune import (
    BayesSearchCV,
    HyperbandSearchCV,
    NetClassifier,
    NetRegressor,
    PopulationSearchCV,
    ZoomSearchCV,
    load,
    save,
)
from sktune._torch_compat import function_modes_set_aside
from sktune._utils.torch_state import HeldSetting, plain_torch
from sktune.exceptions import DivergedError

X, y = load_iris(return_X_y=True)
X, y = X[::3], y[::3]
LR = {"lr": [1e-3, 1e-2]}
BUSY = {"dropout": 0.2, "input_noise": 0.1, "mixup": 0.3, "normalization": "batch", "l1": 1e-4, "clip_norm": 1.0}


def net(**params):
    return NetClassifier(n_neurons=8, max_epochs=3, random_state=0, **params)


# -- settings ----------------------------------------------------------------------------------------------------------


class Refusing(TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), kwargs=None):
        raise AssertionError(f"{function} is seen by the caller's mode")


@contextmanager
def after(put, value, before):
    put(value)
    try:
        yield
    finally:
        put(before)


def anomalies_detected():
    return after(torch.autograd.set_detect_anomaly, True, False)


SETTINGS = {
    "float64": partial(after, torch.set_default_dtype, torch.float64, torch.float32),
    "float16": partial(after, torch.set_default_dtype, torch.float16, torch.float32),
    "bfloat16": partial(after, torch.set_default_dtype, torch.bfloat16, torch.float32),
    "default device": partial(after, torch.set_default_device, "meta", None),
    "device": partial(torch.device, "meta"),
    "inference mode": torch.inference_mode,
    "no_grad": torch.no_grad,
    "set_grad_enabled": partial(after, torch.set_grad_enabled, False, True),
    "autocast": partial(torch.autocast, "cpu", dtype=torch.bfloat16),
    "deterministic": partial(after, torch.use_deterministic_algorithms, True, False),
    "precision": partial(after, torch.set_float32_matmul_precision, "medium", "highest"),
    "flush denormals": partial(after, torch.set_flush_denormal, True, False),
    "anomalies": anomalies_detected,
    "threads": partial(after, torch.set_num_threads, 2, 1),
    "function mode": Refusing,
}


def all_of_them():
    """All settings that go together, at once."""
    stack = ExitStack()
    for name in SETTINGS:
        stack.enter_context(SETTINGS[name]())
    return stack


def settings_now():
    with function_modes_set_aside():
        flushed = float(torch.tensor([1e-40], dtype=torch.float32).mul(1.0)) == 0.0
    return {
        "dtype": torch.get_default_dtype(),
        "modes": _get_current_function_mode_stack(),
        "inference": torch.is_inference_mode_enabled(),
        "grad": torch.is_grad_enabled(),
        "autocast": (torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "precision": torch.get_float32_matmul_precision(),
        "flushed": flushed,
        "anomalies": (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
        "threads": torch.get_num_threads(),
    }


def random_numbers_to_come():
    return torch.get_rng_state().tolist(), repr(np.random.get_state()), random.getstate()  # noqa: NPY002


# -- entries -----------------------------------------------------------------------------------------------------------


def outcome(fitted):
    module = fitted.net_.module_
    with function_modes_set_aside():
        weights = {name: value.numpy().tobytes() for name, value in module.state_dict().items()}
    outputs = fitted.predict_proba(X) if hasattr(fitted, "classes_") else fitted.predict(X)
    return weights, outputs.tobytes(), fitted.history_


@cache
def fitted_before(kind):
    return {"plain": net(), "float64": net(dtype="float64"), "busy": net(**BUSY)}[kind].fit(X, y)


def search_outcome(search):
    search.fit(X, y)
    return search.cv_results_["mean_test_score"].tolist(), outcome(search.best_estimator_)


def in_pieces():
    half = net(early_stopping=True, **BUSY)
    for n_epochs in (1, 2, 3):
        half.fit_until(X, y, n_epochs)
    return outcome(half)


def warm_started():
    return outcome(clone(fitted_before("plain")).set_params(warm_start=True).fit(X, y).fit(X, y))


def in_batches():
    return outcome(net().partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y))


def copied(fitted):
    with ExitStack() as stack:
        if any(isinstance(mode, Refusing) for mode in _get_current_function_mode_stack()):
            stack.enter_context(function_modes_set_aside())  # pickle itself shows it each tensor
        return pickle.loads(pickle.dumps(fitted))


def further(kind):
    return outcome(copied(fitted_before(kind)).partial_fit(X, y))


def saved_and_loaded(path):
    save(fitted_before("plain"), path / "net.sktune")
    return outcome(load(path / "net.sktune"))


def together(path):
    with joblib.parallel_config("sktune"):
        return search_outcome(GridSearchCV(net(), {"lr": [1e-3, 1e-2, 1e-1]}, cv=2))


def stored(path):
    search = BayesSearchCV(net(), LR, n_iter=2, cv=2, random_state=0, storage=path / "a.db", refit=False).fit(X, y)
    return search.cv_results_["mean_test_score"].tolist()


def pruned(path):
    return search_outcome(BayesSearchCV(net(), LR, n_iter=2, cv=2, random_state=0, pruning="halving"))


NETWORKS = {
    "fit": lambda path: outcome(net().fit(X, y)),
    "fit, everything": lambda path: outcome(net(early_stopping=True, **BUSY).fit(X, y)),
    "fit by skorch": lambda path: outcome(net(callbacks=[Callback()], **BUSY).fit(X, y)),
    "rmsprop by skorch": lambda path: outcome(net(callbacks=[Callback()], optimizer="rmsprop").fit(X, y)),
    "regression": lambda path: outcome(NetRegressor(max_epochs=2, n_neurons=8, random_state=0).fit(X, X[:, :2])),
    "predict": lambda path: fitted_before("plain").predict_log_proba(X).tobytes(),
    "net_": lambda path: outcome(copied(fitted_before("float64"))),
    "fit_until": lambda path: in_pieces(),
    "warm_start": lambda path: warm_started(),
    "partial_fit": lambda path: in_batches(),
    "pickle": lambda path: further("plain"),
    "save": saved_and_loaded,
}
SEARCHES = {
    "the backend": together,
    "storage": stored,
    "pruning": pruned,
    "hyperband": lambda path: search_outcome(HyperbandSearchCV(net(), LR, cv=2, random_state=0)),
    "zoom": lambda path: search_outcome(ZoomSearchCV(net(), LR, n_candidates=2, n_rounds=1, cv=2, random_state=0)),
    "population": lambda path: search_outcome(PopulationSearchCV(net(), LR, population_size=2, cv=2, random_state=0)),
}


@cache
def plain_outcome(entry, path):
    return (NETWORKS | SEARCHES)[entry](path)


@pytest.fixture(scope="module")
def plain_path(tmp_path_factory):
    return tmp_path_factory.mktemp("plain")


def check(entry, setting, plain_path, path):
    expected = plain_outcome(entry, plain_path)
    for kind in ("plain", "float64"):
        fitted_before(kind)
    before = random_numbers_to_come()
    with setting():
        had = settings_now()
        found = (NETWORKS | SEARCHES)[entry](path)
        assert settings_now() == had
    assert found == expected
    assert random_numbers_to_come() == before


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("entry", NETWORKS)
def test_no_setting_of_the_caller_changes_a_network(entry, setting, plain_path, tmp_path):
    check(entry, SETTINGS[setting], plain_path, tmp_path)


@pytest.mark.parametrize("entry", SEARCHES)
def test_no_setting_of_the_caller_changes_a_search(entry, plain_path, tmp_path):
    check(entry, all_of_them, plain_path, tmp_path)


def test_what_a_store_has_is_found_whatever_the_caller_has_set(tmp_path):
    found = [stored(tmp_path)]
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as file:
        n_rows = file.execute("SELECT COUNT(*) FROM results").fetchone()
        with all_of_them():
            found.append(stored(tmp_path))
        assert file.execute("SELECT COUNT(*) FROM results").fetchone() == n_rows
    assert found[0] == found[1]


def test_processes_give_what_this_one_gives_whatever_it_has_set():
    scores = cross_val_score(net(**BUSY), X, y, cv=2)
    with all_of_them():
        np.testing.assert_array_equal(cross_val_score(net(**BUSY), X, y, cv=2), scores)
        np.testing.assert_array_equal(cross_val_score(net(**BUSY), X, y, cv=2, n_jobs=2), scores)


@pytest.mark.parametrize("callbacks", [None, [Callback()]])
def test_the_settings_are_restored_after_an_error(callbacks):
    with all_of_them():
        had = settings_now()
        with pytest.raises(DivergedError):
            net(callbacks=callbacks, optimizer="sgd", lr=1e30).fit(X * 1e30, y)
        assert settings_now() == had


# -- a setting of the process ------------------------------------------------------------------------------------------


def test_a_held_setting_is_restored_by_the_last_of_several_threads():
    values = ["rough"]
    held = HeldSetting(lambda: values[-1], values.append, "plain")
    first, second = plain_in_a_thread(held), plain_in_a_thread(held)
    next(first), next(second)
    assert values[-1] == "plain"
    next(first, None)
    assert values[-1] == "plain"
    next(second, None)
    assert values == ["rough", "plain", "rough"]


def plain_in_a_thread(held):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(held.__enter__).result()
        yield
        pool.submit(held.__exit__).result()


def test_a_held_setting_that_somebody_else_changes_stays_so():
    values = ["rough"]
    with HeldSetting(lambda: values[-1], values.append, "plain"):
        values.append("his own")
    assert values[-1] == "his own"


def test_callbacks_see_the_plain_settings_of_the_training(tmp_path):
    seen = []

    class Look(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append(torch.zeros(1).device.type + str(torch.is_inference_mode_enabled()))

    with torch.device("meta"), torch.inference_mode():
        net(callbacks=[Look()]).fit(X, y)
    assert seen == ["cpuFalse"] * 3


def test_plain_settings_can_be_asked_for_twice():
    with all_of_them():
        had = settings_now()
        with plain_torch():
            inner = settings_now()
            with plain_torch():
                assert settings_now() == inner
            assert settings_now() == inner
        assert settings_now() == had
