"""Mixup, input noise and dropout reach the training as they are defined, and prediction not at all."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import beta, binom, kstest
from sklearn.datasets import make_classification
from skorch.callbacks import Callback
from torch import nn

from sktune import NetClassifier, NetRegressor
from sktune._utils.random import derive_seed
from sktune.engine import BatchStream, FitPlan, Rows
from sktune.modules import MLP, NetworkSpec

X, y = make_classification(n_samples=50, n_features=5, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
WEIGHT = np.random.default_rng(0).uniform(0.2, 3, size=50)
WEIGHT /= WEIGHT.mean()
SEED, N_EPOCHS, LR = 4, 3, 0.05
COMMON = {
    "n_layers": 1, "n_neurons": 6, "activation": "tanh", "optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0,
    "lr": LR, "batch_size": 16, "max_epochs": N_EPOCHS, "dtype": "float64", "random_state": SEED,
}  # fmt: skip
AUGMENTATIONS = [{"mixup": 0.5}, {"input_noise": 0.3}, {"mixup": 0.2, "input_noise": 0.1}]


def plain_gradient_descent(target, weight, label_smoothing=0.0, **augmentation):
    """Weights after the training written out, on the batches of the stream."""
    is_classification = target.ndim == 1
    network = NetworkSpec(5, 3 if is_classification else target.shape[1], (6,), "tanh", rescale=not is_classification)
    shift, scale = (None, None) if is_classification else (target.mean(0), target.std(0))
    if not is_classification and weight is not None:
        shift = np.average(target, axis=0, weights=weight)
        scale = np.sqrt(np.average((target - shift) ** 2, axis=0, weights=weight))
    plan = FitPlan(
        network=network, train=Rows(X, target, weight), target_shift=shift, target_scale=scale, batch_size=16,
        loss="log_loss" if is_classification else "squared_error",
        seed=SEED, dtype="float64", **augmentation,
    )  # fmt: skip
    start = MLP(network, derive_seed(SEED, "init"), torch.float64)
    parameters = list(start.parameters())  # W1, b1, W2, b2
    stream = BatchStream(plan)
    for epoch in range(N_EPOCHS):
        for batch in stream.train(epoch):
            features, targets = batch
            W1, b1, W2, b2 = parameters
            output = torch.tanh(features @ W1.T + b1) @ W2.T + b2
            if is_classification:
                probabilities = targets if targets.ndim == 2 else nn.functional.one_hot(targets, 3).double()
                smooth = (1 - label_smoothing) * probabilities + label_smoothing / 3
                losses = -(smooth * torch.log_softmax(output, dim=1)).sum(dim=1)
            else:
                standardized = (targets - torch.as_tensor(shift)) / torch.as_tensor(scale)
                losses = ((output - standardized) ** 2).mean(dim=1)
            loss = (losses if batch.weight is None else batch.weight * losses).mean()
            gradients = torch.autograd.grad(loss, parameters)
            parameters = [(p - LR * g).detach().requires_grad_() for p, g in zip(parameters, gradients, strict=True)]
    return [parameter.detach().numpy() for parameter in parameters]


def trained_weights(net):
    return [parameter.detach().numpy() for parameter in net.net_.module_.parameters()]


def assert_all_close(actual, expected):
    for one, other in zip(actual, expected, strict=True):
        assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
@pytest.mark.parametrize("augmentation", AUGMENTATIONS, ids=str)
def test_classifier_descends_the_loss_of_the_augmented_batches(augmentation, label_smoothing, weight):
    net = NetClassifier(**COMMON, **augmentation, label_smoothing=label_smoothing).fit(X, y, weight)
    assert_all_close(trained_weights(net), plain_gradient_descent(y, weight, label_smoothing, **augmentation))


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("augmentation", AUGMENTATIONS, ids=str)
def test_regressor_descends_the_loss_of_the_augmented_batches(augmentation, weight):
    targets = np.column_stack([X[:, 0] * X[:, 1], 100 + 5 * X[:, 2]])
    net = NetRegressor(**COMMON, **augmentation).fit(X, targets, weight)
    assert_all_close(trained_weights(net), plain_gradient_descent(targets, weight, **augmentation))


def batches_of(n_rows, n_epochs, **augmentation):
    """The inputs of some epochs on the identity matrix, where each mixed row shows its parents and their shares."""
    identity = np.eye(n_rows)
    plan = FitPlan(
        network=NetworkSpec(n_rows, n_rows, ()), train=Rows(identity, np.arange(n_rows)), batch_size=n_rows, seed=1,
        dtype="float64", **augmentation,
    )  # fmt: skip
    stream = BatchStream(plan)
    return [next(iter(stream.train(epoch))) for epoch in range(n_epochs)]


@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_shares_of_a_mixture_follow_the_beta_distribution(alpha):
    # rows whose partner they are themselves stay as they are: the least of the row maxima is the larger share
    larger = [batch[0].max(dim=1).values.min().item() for batch in batches_of(12, 400, mixup=alpha)]
    law = beta(alpha, alpha)
    assert kstest(larger, lambda x: law.cdf(x) - law.cdf(1 - x)).pvalue > 1e-3  # of the larger of m and 1 - m


def test_each_row_is_mixed_with_one_partner_and_its_target_likewise():
    for batch in batches_of(9, 20, mixup=0.7):
        mixed, target = batch
        assert_allclose(mixed.sum(dim=0), 1)  # partners are a permutation: each row is used up once
        assert_allclose(mixed.sum(dim=1), 1)
        assert (mixed > 0).sum(dim=1).max() <= 2
        assert_allclose(target, mixed)


def test_noise_is_normal_fresh_in_every_epoch_and_independent_of_the_order():
    noisy = torch.stack([batch[0] for batch in batches_of(40, 10, input_noise=0.5)])
    clean = torch.stack([batch[0] for batch in batches_of(40, 10)])
    noise = (noisy - clean).numpy() / 0.5
    assert kstest(noise.ravel(), "norm").pvalue > 1e-3
    correlations = np.corrcoef(noise.reshape(10, -1))[np.triu_indices(10, k=1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(40 * 40)


class CountZeros(Callback):
    """Count the zeros that the output layer gets while training and validating."""

    def on_train_begin(self, net, **kwargs):
        self.zeros = {True: [], False: []}

        def note(module, args):
            if not torch.is_inference_mode_enabled():
                self.zeros[net.module_.training].append((args[0] == 0).double().mean().item())

        self.handle = net.module_.output.register_forward_pre_hook(note)

    def on_train_end(self, net, **kwargs):
        self.handle.remove()


@pytest.mark.parametrize("dropout", [0.0, 0.25, 0.6])
def test_hidden_units_are_dropped_at_the_rate_while_training_only(dropout):
    options = {**COMMON, "n_neurons": 200, "max_epochs": 10}
    net = NetClassifier(**options, dropout=dropout, early_stopping=True, callbacks=[CountZeros()]).fit(X, y)
    zeros = dict(net.net_.callbacks_)["CountZeros"].zeros
    n_units = 10 * 45 * 200
    n_dropped = np.average(zeros[True], weights=np.tile([16, 16, 13], 10)) * n_units
    assert abs(n_dropped - binom.mean(n_units, dropout)) <= 5 * binom.std(n_units, dropout)
    assert set(zeros[False]) == {0.0}
    assert_array_equal(net.predict_proba(X), net.predict_proba(X))


def test_masks_differ_between_epochs_and_repeat_with_the_seed():
    options = {**COMMON, "dropout": 0.5, "n_neurons": 50, "lr": 1e-30}  # only the masks change the loss
    one, two = (NetClassifier(**options).fit(X, y).history_["train_loss"] for _ in range(2))
    assert one == two
    assert len(set(one)) == N_EPOCHS
