"""Dropout from a random stream of one's own."""

import math

import torch
from torch import Tensor, nn

LANES = 4  # 16-bit numbers in one 64-bit word
_LEVELS = 1 << 16
_LOW_57_BITS = (1 << 57) - 1


def n_dropped_levels(p: float) -> int:
    """Return how many of the 2**16 values that 16 bits can have mean "dropped"."""
    return min(round(p * _LEVELS), _LEVELS - 1)


def first_kept_level(n_dropped: int) -> int:
    """Return the lowest int16 that means "kept"."""
    return n_dropped - _LEVELS // 2


def keep_scale(n_dropped: int) -> float:
    """Return the factor of the kept units, which keeps the mean."""
    return _LEVELS / (_LEVELS - n_dropped)


def n_words(n_units: int) -> int:
    """Return how many 64-bit words decide about `n_units` units."""
    return math.ceil(n_units / LANES)


def draw_words(words: Tensor, generator: torch.Generator | None) -> Tensor:
    """Fill int64 `words` with random bits."""
    # from the lowest int64 on: the default range leaves the sign bit, hence every fourth unit's top bit, at zero
    return words.random_(torch.iinfo(torch.int64).min, None, generator=generator)


def advance_words(words: Tensor, spare: Tensor) -> None:
    """Replace each of the int64 `words` by its successor in a xorshift sequence (Marsaglia, 2003).

    Elementwise, so that one call serves the words of many networks, and three times faster than drawing anew.

    Parameters
    ----------
    words, spare : Tensor
        Of one shape; `spare` is overwritten.
    """
    torch.bitwise_left_shift(words, 13, out=spare)
    words.bitwise_xor_(spare)
    torch.bitwise_right_shift(words, 7, out=spare)
    words.bitwise_xor_(spare.bitwise_and_(_LOW_57_BITS))  # the shift copies the sign, a xorshift wants zeros
    torch.bitwise_left_shift(words, 17, out=spare)
    words.bitwise_xor_(spare)


class MaskStream:
    """A sequence of random masks.

    Parameters
    ----------
    n_units : int
        The most units that a mask covers.
    generator : torch.Generator
        Decides where the sequence begins.
    device : str, default="cpu"
        Where the masks are needed.
    """

    def __init__(self, n_units: int, generator: torch.Generator, device: str = "cpu"):
        self._words = draw_words(torch.empty(n_words(n_units), dtype=torch.int64), generator).to(device)
        self._spare = torch.empty_like(self._words)

    def next(self) -> Tensor:
        """Return int16 random numbers, shape (n_units or a few more,); the next call overwrites them."""
        advance_words(self._words, self._spare)
        return self._words.view(torch.int16)


class Dropout(nn.Module):
    """Set each unit to zero with probability `p` while training, and scale the others to keep the mean.

    torch's own layer draws from the global generator of the process, so that two networks trained in two threads
    would disturb each other. This one draws from `stream`, and cheaply: 16 random bits a unit.

    Parameters
    ----------
    p : float
        Probability in [0, 1), rounded to a multiple of 2**-16.

    Attributes
    ----------
    stream : MaskStream or None
        Source of the masks, for as many units as the input has. None is torch's global generator.

    References
    ----------
    .. [1] Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 2014.

    Examples
    --------
    >>> layer = Dropout(0.5)
    >>> layer.stream = MaskStream(1000, torch.Generator().manual_seed(0))
    >>> sorted(set(layer(torch.ones(1000)).tolist()))
    [0.0, 2.0]
    """

    def __init__(self, p: float):
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"p must be in [0, 1), got {p!r}")
        self.p = p
        self.stream: MaskStream | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return `x` with units dropped while training, and `x` itself otherwise."""
        return self._drop(x) if self.training else x

    # TorchScript cannot compile the stream; a scripted network predicts and says so where it is told to train.
    @torch.jit.unused
    def _drop(self, x: Tensor) -> Tensor:
        n_dropped = n_dropped_levels(self.p)
        if n_dropped == 0:
            return x
        keep = self._draw(x)[: x.numel()].view(x.shape) >= first_kept_level(n_dropped)
        return x * keep.to(x.dtype).mul_(keep_scale(n_dropped))

    def _draw(self, x: Tensor) -> Tensor:
        if self.stream is not None:
            return self.stream.next()
        return draw_words(torch.empty(n_words(x.numel()), dtype=torch.int64, device=x.device), None).view(torch.int16)

    def extra_repr(self) -> str:
        """Show `p` in the module's repr."""
        return f"p={self.p}"
