"""The losses and their gradients, against scikit-learn's and torch's."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import huber
from sklearn.metrics import (
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
)  # fmt: skip

from sktune.engine import FitPlan
from sktune.engine._losses import LOSSES

OF_CLASSES = ("log_loss", "focal")
OF_LABELS = ("binary_log_loss", "binary_focal")


def targets_for(loss, rng, shape):
    """Targets of shape (M, n_batches, n_outputs, B)."""
    if loss in OF_CLASSES:  # mixtures of classes
        return rng.dirichlet(np.ones(shape[2]), size=(*shape[:2], shape[3])).swapaxes(2, 3)
    if loss in OF_LABELS:
        return rng.choice([0.0, 0.1, 1.0], size=shape)
    if loss in ("poisson", "gamma"):
        return rng.gamma(1.0, size=shape) + 0.1
    return rng.normal(size=shape)


@pytest.mark.parametrize("loss", LOSSES)
@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000), scale=st.sampled_from([0.1, 3.0, 30.0]), n_models=st.integers(1, 3),
    n_batches=st.integers(1, 2), n_outputs=st.integers(2, 4), n_rows=st.sampled_from([8, 32]),
)  # fmt: skip
def test_gradients_are_those_of_torch(loss, seed, scale, n_models, n_batches, n_outputs, n_rows):
    rng = np.random.default_rng(seed)
    shape = n_models, n_batches, n_outputs, n_rows
    target = torch.as_tensor(np.ascontiguousarray(targets_for(loss, rng, shape)))
    if loss == "poisson":
        target = target.where(target > 0.5, 0.0)
    factor = torch.as_tensor(rng.uniform(0.0, 1.0, (n_models, n_batches, 1, n_rows)))
    plans = [FitPlan(network=None, loss=loss, loss_setting=rng.uniform(0.1, 0.9)) for _ in range(n_models)]
    losses = LOSSES[loss](SimpleNamespace(target=target, factor=factor), plans)
    outputs = torch.as_tensor(rng.normal(scale=scale, size=shape), dtype=torch.float64)
    total = torch.zeros(n_models, n_batches, dtype=torch.float64)
    for batch in range(n_batches):
        free = outputs[:, batch].clone().requires_grad_()
        rows = [written_out(loss, free[m], target[m, batch], plan.loss_setting) for m, plan in enumerate(plans)]
        total[:, batch] = (torch.stack(rows) * factor[:, batch, 0]).sum(1).detach()
        torch.stack(rows).mul(factor[:, batch, 0]).sum().backward()
        derivative = losses.derivative(outputs[:, batch].clone(), batch)
        assert_allclose(derivative, free.grad, rtol=1e-7, atol=1e-12)
    assert_allclose(losses.per_batch(), total, rtol=1e-9, atol=1e-12)


def written_out(loss, outputs, target, setting):
    """The loss of each row, of outputs and targets (n_outputs, B), as its definition says."""
    if loss in OF_CLASSES:
        log_p = torch.log_softmax(outputs, 0)
        return -(target * (focus(log_p, setting) if loss == "focal" else 1.0) * log_p).sum(0)
    return of_each(loss, outputs, target, setting).mean(0)


def focus(log_p, gamma):
    return torch.exp(gamma * torch.log(-torch.expm1(log_p.clamp(max=-1e-300))))


def of_each(loss, o, t, setting):
    log_p, log_q = torch.nn.functional.logsigmoid(o), torch.nn.functional.logsigmoid(-o)
    match loss:
        case "binary_log_loss":
            return -t * log_p - (1 - t) * log_q
        case "binary_focal":
            return -t * torch.exp(setting * log_q) * log_p - (1 - t) * torch.exp(setting * log_p) * log_q
        case "squared_error":
            return (o - t) ** 2
        case "absolute_error":
            return (o - t).abs()
        case "huber":
            return torch.nn.functional.huber_loss(o, t, reduction="none", delta=setting)
        case "quantile":
            return torch.relu(t - o) * setting + torch.relu(o - t) * (1 - setting)
        case "poisson":
            return 2 * (torch.xlogy(t, t) - t * o - t + o.exp())
        case "gamma":
            return 2 * (o - t.log() + t * torch.exp(-o) - 1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("gamma", [0.1, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("loss", ["focal", "binary_focal"])
def test_the_focal_loss_of_what_is_certain_is_finite(loss, gamma, dtype):
    outputs = torch.tensor([[-1e4, -200.0, -30.0, 0.0, 30.0, 200.0, 1e4, 1e4]], dtype=dtype)
    outputs = torch.stack([outputs, torch.zeros_like(outputs)], dim=1)  # (1, 2, 8)
    target = torch.zeros(1, 1, 2, 8, dtype=dtype)
    target[:, :, 0] = 1.0
    losses = LOSSES[loss](
        SimpleNamespace(target=target, factor=torch.ones(1, 1, 1, 8, dtype=dtype)),
        [FitPlan(network=None, loss_setting=gamma)],
    )
    assert losses.derivative(outputs.clone(), 0).isfinite().all()
    assert losses.per_batch().isfinite().all()


MEASURES = {
    "squared_error": (mean_squared_error, 0.0),
    "absolute_error": (mean_absolute_error, 0.0),
    "huber": (lambda y, o: huber(1.2, y - o).mean(), 1.2),
    "quantile": (partial(mean_pinball_loss, alpha=0.9), 0.9),
    "poisson": (lambda y, o: mean_poisson_deviance(y, np.exp(o)), 0.0),
    "gamma": (lambda y, o: mean_gamma_deviance(y, np.exp(o)), 0.0),
    "log_loss": (lambda y, o: log_loss(y, torch.softmax(torch.as_tensor(o), 1).numpy()), 0.0),
    "binary_log_loss": (
        lambda y, o: np.mean([log_loss(y[:, i], 1 / (1 + np.exp(-o[:, i])), labels=[0, 1]) for i in range(3)]), 0.0
    ),
}  # fmt: skip


@pytest.mark.parametrize("loss", MEASURES)
def test_evaluated_losses_are_those_of_scikit_learn(loss):
    rng = np.random.default_rng(0)
    o = rng.normal(size=(40, 3))
    y = {
        "log_loss": rng.integers(0, 3, 40), "binary_log_loss": rng.integers(0, 2, (40, 3)).astype(float),
        "poisson": rng.poisson(1.0, (40, 3)).astype(float), "gamma": rng.gamma(1.0, size=(40, 3)) + 0.1,
    }.get(loss, rng.normal(size=(40, 3)))  # fmt: skip
    measure, setting = MEASURES[loss]
    rows = LOSSES[loss].evaluate(torch.as_tensor(o), torch.as_tensor(y), setting)
    if loss in ("poisson", "gamma"):  # scikit-learn's take one column
        y, o = y.ravel(), o.ravel()
    assert_allclose(rows.mean(), measure(y, o), rtol=1e-12)
