"""A training written out in plain torch: what the parameters are supposed to do, without skorch and the engine."""

import numpy as np
import torch
from torch import nn

from sktune._utils.random import derive_seed
from sktune.modules import MLP

OPTIMIZERS = {
    "adamw": lambda groups, momentum: torch.optim.AdamW(groups, betas=(momentum, 0.999)),
    "adam": lambda groups, momentum: torch.optim.Adam(groups, betas=(momentum, 0.999)),
    "sgd": lambda groups, momentum: torch.optim.SGD(groups, lr=1e-3, momentum=momentum, nesterov=momentum > 0),
    "rmsprop": lambda groups, momentum: torch.optim.RMSprop(groups, momentum=momentum),
}


def is_matrix(name):
    return name.endswith("weight") and not name.startswith("norms")


def train(fitted, X, y, sample_weight=None):
    """Train a network like `fitted`'s from the start, on targets `y` as the network has them; return its weights.

    For networks without noise: no dropout, mixup or input noise, constant learning rate, no early stopping.
    """
    module = MLP(fitted.net_.module_.spec, derive_seed(fitted._seed, "init"), getattr(torch, fitted.dtype))
    module.load_state_dict({**module.state_dict(), **buffers_of(fitted.net_.module_)})
    named = dict(module.named_parameters())
    matrices = [parameter for name, parameter in named.items() if is_matrix(name)]
    others = [parameter for name, parameter in named.items() if not is_matrix(name)]
    optimizer = OPTIMIZERS[fitted.optimizer](
        [{"params": matrices, "weight_decay": fitted.weight_decay}, {"params": others, "weight_decay": 0.0}],
        fitted.momentum,
    )
    for group in optimizer.param_groups:
        group["lr"] = fitted.lr
    X, y = torch.as_tensor(X), torch.as_tensor(y)
    weight = torch.ones(len(X), dtype=X.dtype) if sample_weight is None else torch.as_tensor(sample_weight)
    weight = weight / weight.mean()
    for epoch in range(fitted.max_epochs):
        generator = torch.Generator().manual_seed(derive_seed(fitted._seed, "batches", epoch))
        for rows in torch.split(torch.randperm(len(X), generator=generator), fitted.batch_size):
            module.train()
            optimizer.zero_grad()
            loss = (weight[rows] * row_losses(fitted, module(X[rows]), y[rows])).mean()
            loss = loss + fitted.l1 * sum(matrix.abs().sum() for matrix in matrices)
            loss.backward()
            if fitted.clip_norm is not None:
                clip(module.parameters(), fitted.clip_norm)
            optimizer.step()
    return {name: parameter.detach().numpy() for name, parameter in module.named_parameters()}


def row_losses(fitted, output, target):
    if target.ndim == 2:
        scale = fitted.net_.criterion_.scale
        return (((output - target) / scale) ** 2).mean(dim=1)
    n_classes = output.shape[1]
    smooth = fitted.label_smoothing
    probabilities = (1 - smooth) * nn.functional.one_hot(target, n_classes).to(output.dtype) + smooth / n_classes
    return -(probabilities * torch.log_softmax(output, dim=1)).sum(dim=1)


def clip(parameters, bound):
    parameters = list(parameters)
    norm = torch.sqrt(sum((parameter.grad**2).sum() for parameter in parameters))
    if norm > bound:
        for parameter in parameters:
            parameter.grad *= bound / (norm + 1e-6)  # torch's guard against a norm of zero


def buffers_of(module):
    return {name: value for name, value in module.named_buffers() if name.startswith("output_")}


def weights_of(fitted):
    return {name: parameter.detach().numpy() for name, parameter in fitted.net_.module_.named_parameters()}


def assert_same_weights(actual, expected, rtol=1e-9):
    assert actual.keys() == expected.keys()
    for name, value in expected.items():
        # biases before a batch normalisation have no gradient but rounding, of which Adam makes up to 1e-9
        np.testing.assert_allclose(
            actual[name], value, rtol=rtol, atol=max(1e-9, rtol * abs(value).max()), err_msg=name
        )
