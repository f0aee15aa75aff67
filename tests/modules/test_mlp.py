"""The network's shape, its first weights, and what batch normalisation predicts with."""

from fnmatch import fnmatch
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import kstest

from sktune.modules import ACTIVATIONS, MLP, NetworkSpec

EPS = 1e-5  # of torch's normalisations


def test_batch_normalization_predicts_with_running_statistics():
    rng = np.random.default_rng(1)
    network = MLP(NetworkSpec(3, 1, (4,), normalization="batch"), seed=0, dtype=torch.float64)
    X = torch.as_tensor(rng.normal(size=(8, 3)))
    network(X)  # one training step with torch's momentum of 0.1
    z = network.hidden[0](X).detach().numpy()
    mean, variance = 0.1 * z.mean(0), 0.9 + 0.1 * z.var(0, ddof=1)
    hidden = np.maximum((z - mean) / np.sqrt(variance + EPS), 0)
    expected = hidden @ network.output.weight.detach().numpy().T
    assert_allclose(network.eval()(X).detach(), expected, rtol=1e-12)


@pytest.mark.parametrize("hidden", [(), (7,), (3, 9), (2, 2, 2, 2)])
def test_layers_have_the_widths_of_the_specification(hidden):
    network = MLP(NetworkSpec(5, 3, hidden), seed=0)
    widths = (5, *hidden, 3)
    shapes = [tuple(layer.weight.shape) for layer in (*network.hidden, network.output)]
    assert shapes == [(out, into) for into, out in pairwise(widths)]
    assert network(torch.zeros(4, 5)).shape == (4, 3)


def test_no_hidden_layer_is_a_linear_model():
    network = MLP(NetworkSpec(2, 2, (), activation="tanh", normalization="batch", dropout=0.9), seed=0)
    X = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(network(X), X @ network.output.weight.T + network.output.bias)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_all_of_the_network_has_the_type_asked_for(dtype, normalization):
    network = MLP(NetworkSpec(2, 2, (3,), normalization=normalization, rescale=True), seed=0, dtype=dtype)
    floating = {tensor.dtype for tensor in network.state_dict().values() if tensor.is_floating_point()}
    assert floating == {dtype}
    assert network.numpy_dtype == np.dtype(str(dtype).removeprefix("torch."))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_initial_weights_are_uniform_with_variance_gain_squared_over_fan_in(activation):
    network = MLP(NetworkSpec(400, 50, (300,), activation), seed=3)
    gain = ACTIVATIONS[activation].gain
    for layer, layer_gain in ((network.hidden[0], gain), (network.output, 1.0)):
        bound = layer_gain * (3 / layer.in_features) ** 0.5  # a uniform law on (-b, b) has variance b**2 / 3
        assert kstest(layer.weight.detach().numpy().ravel() / bound, "uniform", args=(-1, 2)).pvalue > 1e-3
        assert_array_equal(layer.bias.detach(), 0)


def test_penalties_act_on_the_matrices_only():
    for normalization in (None, "batch", "layer"):
        network = MLP(NetworkSpec(3, 2, (4, 4), normalization=normalization), seed=0)
        penalized = {name for name, _ in network.named_parameters() if fnmatch(name, MLP.PENALIZED)}
        assert penalized == {"hidden.0.weight", "hidden.1.weight", "output.weight"}
