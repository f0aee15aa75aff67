"""Dropout from a random stream of one's own."""

import math

import torch
from torch import Tensor, nn

_LANES = 4  # 16-bit numbers in one 64-bit draw
_LEVELS = 1 << 16


class Dropout(nn.Module):
    """Set each unit to zero with probability `p` while training, and scale the others to keep the mean.

    torch's own layer draws from the global generator of the process, so that two networks trained in two threads
    would disturb each other. This one draws from `generator`, and cheaply: 16 random bits a unit, four units a draw.

    Parameters
    ----------
    p : float
        Probability in [0, 1), rounded to a multiple of 2**-16.

    Attributes
    ----------
    generator : torch.Generator or None
        Source of the masks, on the device of the input. None is torch's global generator.

    References
    ----------
    .. [1] Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 2014.

    Examples
    --------
    >>> layer = Dropout(0.5)
    >>> layer.generator = torch.Generator().manual_seed(0)
    >>> sorted(set(layer(torch.ones(1000)).tolist()))
    [0.0, 2.0]
    """

    def __init__(self, p: float):
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"p must be in [0, 1), got {p!r}")
        self.p = p
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with units dropped while training, and `x` itself otherwise."""
        n_dropped = min(round(self.p * _LEVELS), _LEVELS - 1)  # of the 2**16 values that 16 bits can have
        if not self.training or n_dropped == 0:
            return x
        return x * self._keep(x, n_dropped).to(x.dtype).mul_(_LEVELS / (_LEVELS - n_dropped))

    def _keep(self, x: Tensor, n_dropped: int) -> Tensor:
        draws = torch.empty(math.ceil(x.numel() / _LANES), dtype=torch.int64, device=x.device)
        # from the lowest int64 on: the default range leaves the sign bit, hence every fourth unit's top bit, at zero
        draws.random_(torch.iinfo(torch.int64).min, None, generator=self.generator)
        bits = draws.view(torch.int16)[: x.numel()].view(x.shape)
        return bits >= n_dropped - _LEVELS // 2

    def extra_repr(self) -> str:
        """Show `p` in the module's repr."""
        return f"p={self.p}"
