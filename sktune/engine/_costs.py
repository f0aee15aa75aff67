"""What training costs, about, before it is done.

Costs are multiplications and additions; the time in Python counts as so many as a CPU does in it. So measured for 1 to
16 networks of one to three layers of 32 to 256 neurons, batches of 32 and 128, they are right within a half; that is
enough to tell a dear network from a cheap one. They are the same on every machine, so that what follows from them is.
"""

from itertools import pairwise

from ..modules import NetworkSpec
from ._plan import n_batches

#: What an epoch and a step of a stack cost beside the products, and each network of it.
_EPOCH, _EPOCH_OF_ONE = 4e7, 3e6
_STEP, _STEP_OF_ONE = 4e6, 1e6
#: Operations of a product for each row and weight: forward, and backward to the weights and to the inputs.
_OPERATIONS = 6


def epoch_costs(network: NetworkSpec, n_rows: int, batch_size: int) -> tuple[float, float]:
    """Return what an epoch costs of a stack, whatever is in it, and of each of its networks.

    Parameters
    ----------
    network : NetworkSpec
    n_rows : int
        Rows of the training.
    batch_size : int

    Examples
    --------
    >>> from sktune.modules import NetworkSpec
    >>> stack, each = epoch_costs(NetworkSpec(n_features=30, n_outputs=2, hidden=(64,)), n_rows=1000, batch_size=32)
    >>> f"{stack:.1e} {each:.1e}"
    '1.7e+08 4.7e+07'
    """
    n_steps = n_batches(n_rows, batch_size)
    own = _EPOCH_OF_ONE + n_steps * _STEP_OF_ONE + _OPERATIONS * n_rows * n_weights(network)
    return _EPOCH + n_steps * _STEP, own


def layer_widths(network: NetworkSpec) -> tuple[int, ...]:
    """Return the numbers of features, of the neurons of each layer, and of outputs."""
    return network.n_features, *network.hidden, network.n_outputs


def n_weights(network: NetworkSpec) -> int:
    """Return the number of weights, without biases and normalisation."""
    return sum(n_in * n_out for n_in, n_out in pairwise(layer_widths(network)))
