"""What a search may still train: its budget of epochs, and its time."""

from ._search_clock import SearchClock

#: What has been seen tells only roughly how long others take: they may take so many times as long.
_CAUTION = 2.0


class Budget:
    """Epochs and seconds that a search may spend.

    Parameters
    ----------
    max_epochs_total : int or None, default=None
        Number of epochs over all candidates and splits.
    clock : SearchClock or None, default=None
        Of the budget of time.

    Attributes
    ----------
    n_epochs : float
        Number of epochs that were trained.
    """

    def __init__(self, max_epochs_total: int | None = None, clock: SearchClock | None = None):
        self.max_epochs_total = max_epochs_total
        self._is_timed = clock is not None and clock.deadline is not None
        self.n_epochs = 0.0
        self._n_tried = 0
        self._price: float | None = None  # seconds of an epoch on a split, of those that trained last
        self._price_alone: float | None = None  # the same where one candidate trained at a time; the lowest seen

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return self.max_epochs_total is not None or self._is_timed

    @property
    def n_at_once(self) -> float:
        """How many candidates to train at once while time is short: as many as before, for what is known of them."""
        return max(1, self._n_tried) if self._is_timed else float("inf")

    def has_epochs(self, n_epochs: float) -> bool:
        """Whether so many epochs can still be trained."""
        return self.max_epochs_total is None or self.n_epochs + n_epochs <= self.max_epochs_total

    def seconds(self, n_epochs: float, n_reserved: float) -> float:
        """Return how long so many epochs may take, and then others of one candidate alone; 0 if nothing tells it."""
        if self._price is None or self._price_alone is None:
            return 0.0
        return _CAUTION * (n_epochs * self._price + n_reserved * self._price_alone)

    def note_time(self, n_candidates: int, n_epochs: float, seconds: float) -> None:
        """Note how long candidates took that trained together."""
        self._n_tried += n_candidates
        if self._is_timed and n_epochs > 0:
            self._price = seconds / n_epochs
            if n_candidates == 1:
                self._price_alone = min(self._price, self._price_alone or self._price)
