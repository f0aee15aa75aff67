"""Many networks of one shape as one, with the gradients written out.

Notation
--------
M, B            networks in the stack; rows of a batch (all with a leading axis M)
H_0             the batch, (M, B, n_features)
Z_l             norm(H_(l-1) W_l + b_l), (M, B, width_l)
A_l, H_l        f(Z_l), and A_l times the dropout mask
Z_out^T         W_out^T H^T + b^T, (M, n_outputs, B): the outputs
D               derivative of the loss by what stands there

Weights have the shape (M, n_in, n_out): products of untransposed matrices are the fastest, and all but one of each
layer are so. The output layer is transposed, with weights of shape (M, n_outputs, n_in): few outputs are few columns
otherwise, for which the library takes two to four times as long. Biases and the scales of norms share one tensor of
shape (M, n_vectors).

A network's numbers do not depend on the others in its stack, nor on their number: each slice of a product is computed
alike (`choose_product`), sums go over axes inside a network, and elementwise functions see blocks of whole vector
registers (`row_unit`).
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from ._activations import ACTIVATIONS
from ._dropout import LANES, advance_words, draw_words, first_kept_level, keep_scale, n_dropped_levels, n_words
from ._mlp import NetworkSpec, initial_matrices
from ._products import choose_product

_NORM_EPS, _NORM_MOMENTUM = 1e-5, 0.1  # torch's defaults
#: numbers that elementwise kernels take at a time, at most: two AVX-512 registers of float32
BLOCK = 32


def row_unit(spec: NetworkSpec) -> int:
    """Return the number of rows of which a batch must be a multiple (padding included) in a stack of `spec`."""
    widths = (*spec.hidden, spec.n_outputs)
    return next(unit for unit in (8, 16, 32) if all(unit * width % BLOCK == 0 for width in widths) or unit == BLOCK)


@dataclass(frozen=True)
class RealRows:
    """Which rows of a padded batch count.

    Parameters
    ----------
    mask : Tensor of shape (M, B, 1)
        1 for rows of the batch, 0 for padding.
    count : Tensor of shape (M, 1, 1)
        Number of rows of the batch.
    """

    mask: Tensor
    count: Tensor


class StackedMLP:
    """A stack of networks with equal shapes.

    Parameters
    ----------
    specs : sequence of NetworkSpec
        Their shapes, which differ in `dropout` at most.
    dtype : torch.dtype
    device : str

    Attributes
    ----------
    matrices : list of Tensor of shape (M, n_in, n_out)
        Weights of the layers; those of the output layer, the last, are of shape (M, n_out, n_in).
    vectors : Tensor of shape (M, n_vectors)
        Biases of all layers, then scales and shifts of the norms, then zeros.
    running : Tensor of shape (M, n_running)
        Running means, then variances, of batch normalisations.
    grad_matrices, grad_vectors
        Gradients, in the same shapes; `backward` overwrites them.
    """

    def __init__(self, specs, dtype: torch.dtype, device: str):
        self.specs, self.dtype, self.device = list(specs), dtype, device
        self.spec = replace(self.specs[0], dropout=0.0)
        self._activation = ACTIVATIONS[self.spec.activation]
        widths = (self.spec.n_features, *self.spec.hidden, self.spec.n_outputs)
        n_models, self._n_biases, self._n_hidden = len(self.specs), sum(widths[1:]), sum(self.spec.hidden)
        normalized = self.spec.normalization is not None
        new = {"dtype": dtype, "device": device}
        *hidden, (n_last, n_outputs) = pairwise(widths)
        self.matrices = [torch.zeros(n_models, *shape, **new) for shape in (*hidden, (n_outputs, n_last))]
        n_vectors = self._n_biases + 2 * normalized * self._n_hidden
        # zeros fill up the last vector register; they stay zero, as their gradients are
        self.vectors = torch.zeros(n_models, -(-n_vectors // BLOCK) * BLOCK, **new)
        self.running = torch.zeros(n_models, 2 * self._n_hidden * (self.spec.normalization == "batch"), **new)
        self._allocate()

    def _allocate(self):
        """Make what depends on the number of networks."""
        self.grad_matrices = [torch.empty_like(matrix) for matrix in self.matrices]
        self.grad_vectors = torch.zeros_like(self.vectors)
        self._biases, self._scales, self._shifts = self._split(self.vectors)
        self._grad_biases, self._grad_scales, self._grad_shifts = self._split(self.grad_vectors)
        self._products = self._choose_products()
        self._transposed = [matrix.mT for matrix in self.matrices[:-1]]
        self._output_bias, self._grad_output_bias = self._biases[-1].mT, self._grad_biases[-1].mT
        self._buffers = {}
        self._masks = None

    def __len__(self):
        return len(self.specs)

    def _choose_products(self):
        """For each layer the products forward, to the gradient of the weights, and to that of the inputs."""
        rows, size = BLOCK, self.vectors.element_size()
        shapes = [
            ((rows, n_in, n_out), (n_in, rows, n_out), (rows, n_out, n_in))
            for _, n_in, n_out in (matrix.shape for matrix in self.matrices[:-1])
        ]
        _, n_out, n_in = self.matrices[-1].shape
        shapes.append(((n_out, n_in, rows), (n_out, rows, n_in), (rows, n_out, n_in)))
        return [[choose_product(*shape, size) for shape in of_layer] for of_layer in shapes]

    def _split(self, vectors):
        """Views of each layer's biases, and of each norm's scales and shifts, shape (M, 1, width)."""
        widths = [*self.spec.hidden, self.spec.n_outputs]
        if self.spec.normalization is not None:
            widths += 2 * list(self.spec.hidden)
        parts = [part.unsqueeze(1) for part in vectors[:, : sum(widths)].split(widths, dim=1)]
        n_layers = len(self.matrices)
        n_norms = len(self.spec.hidden)
        return parts[:n_layers], parts[n_layers : n_layers + n_norms], parts[n_layers + n_norms :]

    # -- one network in and out ---------------------------------------------------------------------------------------

    def initialize(self, index: int, seed: int) -> None:
        """Give network `index` the weights with which ``MLP(spec, seed)`` begins."""
        for matrix, weight in zip(self.matrices, initial_matrices(self.spec, seed), strict=True):
            matrix[index].copy_(weight if matrix is self.matrices[-1] else weight.T)
        for scale in self._scales:
            scale[index] = 1.0
        for _, variance in self._running_parts():
            variance[index] = 1.0

    def write(self, index: int, state: dict[str, Tensor]) -> None:
        """Take the weights of network `index` from an `MLP`'s state."""
        for name, tensor in self.views(index).items():
            tensor.copy_(state[name])

    def read(self, index: int) -> dict[str, Tensor]:
        """Return copies of the weights of network `index`, named and shaped as in an `MLP`'s state."""
        return {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in self.views(index).items()}

    def views(self, index: int, *, matrices=None, vectors=None, running=True) -> dict[str, Tensor]:
        """Return views of network `index`, or of tensors that are shaped like the networks', by an `MLP`'s names."""
        matrices = self.matrices if matrices is None else matrices
        biases, scales, shifts = self._split(self.vectors if vectors is None else vectors)
        named = {}
        for layer, (matrix, bias) in enumerate(zip(matrices[:-1], biases[:-1], strict=True)):
            named[f"hidden.{layer}.weight"], named[f"hidden.{layer}.bias"] = matrix[index].mT, bias[index, 0]
        named["output.weight"], named["output.bias"] = matrices[-1][index], biases[-1][index, 0]
        for layer, (scale, shift) in enumerate(zip(scales, shifts, strict=True)):
            named[f"norms.{layer}.weight"], named[f"norms.{layer}.bias"] = scale[index, 0], shift[index, 0]
        if running:
            for layer, (mean, variance) in enumerate(self._running_parts()):
                named[f"norms.{layer}.running_mean"] = mean[index, 0]
                named[f"norms.{layer}.running_var"] = variance[index, 0]
        return named

    def _running_parts(self):
        if self.running.shape[1] == 0:
            return []
        parts = [part.unsqueeze(1) for part in self.running.split(2 * list(self.spec.hidden), dim=1)]
        return list(zip(parts[: len(self.spec.hidden)], parts[len(self.spec.hidden) :], strict=True))

    def keep(self, index: Tensor) -> None:
        """Drop all networks but those of `index`."""
        self.specs = [self.specs[i] for i in index.tolist()]
        index = index.to(self.device)
        self.matrices = [matrix[index] for matrix in self.matrices]
        self.vectors, self.running = self.vectors[index], self.running[index]
        self._allocate()

    # -- dropout ------------------------------------------------------------------------------------------------------

    @property
    def has_dropout(self) -> bool:
        """Whether any network has dropout."""
        return any(n_dropped_levels(spec.dropout) for spec in self.specs)

    def start_dropout(self, seeds, n_rows, capacity: int) -> None:
        """Begin the streams of masks (see `MLP.start_dropout`).

        Parameters
        ----------
        seeds, n_rows : sequence of int
            Seed of each network's stream; rows of its largest batch.
        capacity : int
            Rows of the largest padded batch.
        """
        if self._masks is None:
            self._masks = _StackedMasks(self, capacity)
        self._masks.start(seeds, n_rows)

    # -- training -----------------------------------------------------------------------------------------------------

    def forward(self, X: Tensor, rows: RealRows | None = None) -> Tensor:
        """Return the outputs of a training step, shape (M, n_outputs, B); the next call overwrites them.

        Parameters
        ----------
        X : Tensor of shape (M, B, n_features)
        rows : RealRows or None
            Which rows are real; None if all are.
        """
        buffers = self._buffers_of(X.shape[1])
        if self._masks is not None:
            buffers.masks = self._masks.next(X.shape[1])
        H = X
        for layer in range(len(self.spec.hidden)):
            multiply, *_ = self._products[layer]
            Z = multiply(H, self.matrices[layer], buffers.Z[layer]).add_(self._biases[layer])
            if self.spec.normalization is not None:
                Z = self._normalize(layer, Z, buffers, rows)
            H = self._activation.forward(Z, buffers.A[layer])
            if self._masks is not None:
                H = torch.mul(H, buffers.masks[layer], out=buffers.H[layer])
        buffers.X = X
        multiply, *_ = self._products[-1]
        return multiply(self.matrices[-1], H.mT, buffers.outputs).add_(self._output_bias)

    def backward(self, D: Tensor, rows: RealRows | None = None) -> None:
        """Set the gradients, from the derivative of the summed losses by the outputs of the last `forward`."""
        buffers = self._buffers_of(D.shape[2])
        inputs = [buffers.X, *buffers.H]
        _, to_weights, to_inputs = self._products[-1]
        torch.sum(D, 2, keepdim=True, out=self._grad_output_bias)
        to_weights(D, inputs[-1], self.grad_matrices[-1])
        D, transposed = D.mT, self.matrices[-1]
        for layer in reversed(range(len(self.spec.hidden))):
            D = self._activation_backward(layer, to_inputs(D, transposed, buffers.D[layer]), buffers, rows)
            _, to_weights, to_inputs = self._products[layer]
            torch.sum(D, 1, keepdim=True, out=self._grad_biases[layer])
            to_weights(inputs[layer].mT, D, self.grad_matrices[layer])
            transposed = self._transposed[layer]

    def _activation_backward(self, layer, D, buffers, rows):
        if self._masks is not None:
            D.mul_(buffers.masks[layer])
        saved = buffers.Z if self._activation.needs_input else buffers.A
        self._activation.backward(D, saved[layer])
        if self.spec.normalization is not None:
            D = self._normalize_backward(layer, D, buffers, rows)
        return D

    def _buffers_of(self, n_rows):
        if n_rows not in self._buffers:
            self._buffers[n_rows] = _Buffers(self, n_rows)
        return self._buffers[n_rows]

    # -- normalisation ------------------------------------------------------------------------------------------------

    def _normalize(self, layer, Z, buffers, rows):
        if self.spec.normalization == "layer":
            X_hat, mean, deviation = torch.native_layer_norm(Z, Z.shape[-1:], None, None, _NORM_EPS)
            buffers.norms[layer] = (Z.clone(), X_hat, mean, deviation)
        else:
            X_hat = self._batch_normalize(layer, Z, buffers, rows)
        return torch.addcmul(self._shifts[layer], X_hat, self._scales[layer], out=Z)

    def _batch_normalize(self, layer, Z, buffers, rows):
        count = Z.shape[1] if rows is None else rows.count
        mean = _row_sum(Z, rows).div_(count)
        X_hat = Z - mean
        variance = _row_sum(X_hat.square(), rows).div_(count)
        inverse = (variance + _NORM_EPS).rsqrt_()
        X_hat.mul_(inverse)
        buffers.norms[layer] = (X_hat, inverse, count)
        running_mean, running_variance = self._running_parts()[layer]
        running_mean.lerp_(mean, _NORM_MOMENTUM)
        running_variance.lerp_(variance * (count / (count - 1)), _NORM_MOMENTUM)
        return X_hat

    def _normalize_backward(self, layer, D, buffers, rows):
        X_hat = buffers.norms[layer][1 if self.spec.normalization == "layer" else 0]
        torch.sum(D * X_hat, 1, keepdim=True, out=self._grad_scales[layer])
        torch.sum(D, 1, keepdim=True, out=self._grad_shifts[layer])
        D_hat = D * self._scales[layer]
        if self.spec.normalization == "layer":
            Z, _, mean, deviation = buffers.norms[layer]
            wanted = [True, False, False]
            return torch.ops.aten.native_layer_norm_backward(
                D_hat, Z, Z.shape[-1:], mean, deviation, None, None, wanted
            )[0]
        _, inverse, count = buffers.norms[layer]
        D_hat.sub_(D_hat.sum(1, keepdim=True).div_(count) + X_hat * (D_hat * X_hat).sum(1, keepdim=True).div_(count))
        D_hat.mul_(inverse)
        return D_hat if rows is None else D_hat.mul_(rows.mask)

    # -- evaluation ---------------------------------------------------------------------------------------------------

    def evaluate(self, index: int, X: Tensor) -> Tensor:
        """Return the outputs of network `index`, shape (B, n_outputs), without dropout, with the running statistics."""
        one = slice(index, index + 1)
        # copies begin at whole cache lines, as whole tensors do: a product may depend on where a matrix lies in memory
        matrices = self.matrices if len(self) == 1 else [matrix[one].clone() for matrix in self.matrices]
        H = X.unsqueeze(0).clone()
        for layer, (matrix, bias) in enumerate(zip(matrices[:-1], self._biases[:-1], strict=True)):
            Z = torch.bmm(H, matrix).add_(bias[one])
            if self.spec.normalization is not None:
                X_hat = self._evaluate_norm(layer, Z, one)
                Z = torch.addcmul(self._shifts[layer][one], X_hat, self._scales[layer][one])
            H = self._activation.forward(Z, Z)
        return torch.bmm(matrices[-1], H.mT).add_(self._output_bias[one]).mT[0]

    def _evaluate_norm(self, layer, Z, one):
        if self.spec.normalization == "layer":
            return torch.native_layer_norm(Z, Z.shape[-1:], None, None, _NORM_EPS)[0]
        mean, variance = self._running_parts()[layer]
        return (Z - mean[one]).mul_((variance[one] + _NORM_EPS).rsqrt_())


class _Buffers:
    """Where a step over batches of `n_rows` rows leaves what its backward pass needs."""

    def __init__(self, stack: StackedMLP, n_rows: int):
        def new(*shape):
            return torch.empty(len(stack), *shape, dtype=stack.dtype, device=stack.device)

        hidden = stack.spec.hidden
        separate = stack._masks is not None and not stack._activation.by_sign
        self.X = None
        self.Z = [new(n_rows, width) for width in hidden]
        self.A = [new(n_rows, width) for width in hidden] if stack._activation.needs_input else self.Z
        self.H = [new(n_rows, width) for width in hidden] if separate else self.A
        self.D = [new(n_rows, width) for width in hidden]
        self.outputs = new(stack.spec.n_outputs, n_rows)
        self.norms = [None] * len(hidden)
        self.masks = None


class _StackedMasks:
    """The streams of dropout masks of all networks and layers, advanced together."""

    def __init__(self, stack: StackedMLP, capacity: int):
        self._hidden = stack.spec.hidden
        self._sizes = [n_words(capacity * width) for width in self._hidden]
        self._words = torch.zeros(len(stack), sum(self._sizes), dtype=torch.int64, device=stack.device)
        self._spare = torch.empty_like(self._words)
        self._bits = self._words.view(torch.int16)
        self._masks = torch.empty(self._bits.shape, dtype=stack.dtype, device=stack.device)
        n_dropped = [n_dropped_levels(spec.dropout) for spec in stack.specs]
        column = (len(stack), 1)
        levels = torch.tensor([first_kept_level(n) for n in n_dropped], dtype=torch.int16)
        self._first_kept = levels.view(column).to(stack.device)
        scales = torch.tensor([keep_scale(n) for n in n_dropped], dtype=torch.float64)
        self._scale = scales.view(column).to(stack.device, stack.dtype)
        self._views = {}

    def start(self, seeds, n_rows):
        words = self._words if self._words.device.type == "cpu" else torch.zeros(self._words.shape, dtype=torch.int64)
        for of_model, seed, rows in zip(words, seeds, n_rows, strict=True):
            generator = torch.Generator().manual_seed(seed)
            for of_layer, width in zip(of_model.split(self._sizes), self._hidden, strict=True):
                draw_words(of_layer[: n_words(rows * width)], generator)
        if words is not self._words:
            self._words.copy_(words)

    def next(self, n_rows):
        """Return the factors of each layer's units, shape (M, n_rows, width): 0, or what keeps the mean."""
        advance_words(self._words, self._spare)
        torch.ge(self._bits, self._first_kept, out=self._masks).mul_(self._scale)
        if n_rows not in self._views:
            self._views[n_rows] = self._make_views(n_rows)
        return self._views[n_rows]

    def _make_views(self, n_rows):
        parts = self._masks.split([LANES * size for size in self._sizes], dim=1)
        return [
            part[:, : n_rows * width].unflatten(1, (n_rows, width))
            for part, width in zip(parts, self._hidden, strict=True)
        ]


def _row_sum(Z, rows):
    return (Z if rows is None else Z * rows.mask).sum(1, keepdim=True)
