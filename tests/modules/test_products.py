"""Products of stacks: numpy's are the truth, and each slice is what it is alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sktune._utils.threads import torch_threads
from sktune.modules._products import choose_product

SIZES = st.one_of(st.integers(1, 12), st.sampled_from([16, 31, 33, 50, 128]))
ROWS = st.sampled_from([8, 16, 24, 64])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("role", ["left", "inner", "right"])  # of the rows of a batch
@settings(max_examples=60, deadline=None)
@given(sizes=st.tuples(SIZES, SIZES), n_rows=ROWS, transposed=st.tuples(st.booleans(), st.booleans()))
def test_each_slice_is_what_it_is_alone(dtype, role, sizes, n_rows, transposed):
    shape = list(sizes)
    shape.insert(["left", "inner", "right"].index(role), n_rows)
    n_left, n_inner, n_right = shape
    draw = np.random.default_rng(sum(shape))
    left, right = (
        torch.as_tensor(draw.standard_normal((5, *(reversed(pair) if is_mT else pair))), dtype=dtype)
        for pair, is_mT in zip([(n_left, n_inner), (n_inner, n_right)], transposed, strict=True)
    )

    def seen(matrices, is_mT):
        return matrices.mT if is_mT else matrices

    with torch_threads(1):  # as where networks train
        product = choose_product(n_left, n_inner, n_right, left.element_size())
        whole = product(
            seen(left, transposed[0]), seen(right, transposed[1]), torch.empty(5, n_left, n_right, dtype=dtype)
        )
        truth = seen(left, transposed[0]).double().numpy() @ seen(right, transposed[1]).double().numpy()
        tolerance = {torch.float32: 1e-4, torch.float64: 1e-12}[dtype]
        np.testing.assert_allclose(whole.double().numpy(), truth, rtol=tolerance, atol=tolerance)
        for first, last in ((0, 1), (3, 4), (1, 3), (1, 5)):
            # what trains alone has its weights where memory begins, and so has the first of a stack
            alone = [seen(m[first:last].clone(), is_mT) for m, is_mT in zip((left, right), transposed, strict=True)]
            out = torch.empty(last - first, n_left, n_right, dtype=dtype)
            assert torch.equal(product(*alone, out), whole[first:last])
