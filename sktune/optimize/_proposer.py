"""Where the points come from that an optimizer proposes."""

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from .._utils.random import derive_seed
from ..space import Space
from ._candidates import nearby_candidates, spread_candidates
from ._caution import CAUTION, has_leaders, is_cautious_turn
from ._elsewhere import LOG_NEGLIGIBLE, draw_elsewhere, has_stalled
from ._encoding import FeatureEncoder
from ._gp import GaussianProcess
from ._history import History, Key, key_of
from ._levels import LeveledProcess
from ._local_search import LocalSearch
from ._maximize import Acquisition, AcquisitionWithin, climbed_and_ranked, ranked

#: A finite space of at most so many points is searched completely, in every ask.
_MAX_LISTED = 1000
#: Draws from an infinite space before it counts as exhausted.
_LAST_DRAWS = 1000


class Proposer:
    """Finds the next point: of those to begin with, then by design, then by the surrogate, at last whatever is left.

    Parameters
    ----------
    space : Space
    encoder : FeatureEncoder
    history : History
        What has been proposed and told, which grows.
    initial : ndarray of shape (n_points, n_dims)
        Snapped points to begin with.
    n_initial_points : int
        Number of points before the surrogate is asked.
    seed : int
    """

    def __init__(
        self,
        space: Space,
        encoder: FeatureEncoder,
        history: History,
        initial: np.ndarray,
        n_initial_points: int,
        seed: int,
    ):
        self._space, self._encoder, self._history = space, encoder, history
        self._initial, self._n_initial_points, self._seed = initial, n_initial_points, seed
        self._listed = space.to_unit(list(space.enumerate())) if space.n_points <= _MAX_LISTED else None
        self._spread: np.ndarray | None = None
        self._leaders: set[Key] = set()  # proposals that did not follow others, as far as they are pending

    def next_key(self, surrogate: Callable[[], GaussianProcess | LeveledProcess]) -> Key | None:
        """Return the first unknown point of the first source that has one, None if there is none.

        Parameters
        ----------
        surrogate : callable
            Returns the process of what has been told; called only if it is needed.
        """
        self._leaders.intersection_update(self._history.pending)
        follows = has_leaders(len(self._leaders), self._history.is_whole(), None if self._is_beginning() else surrogate)
        for rows in self._sources(surrogate, follows):
            for row in rows:
                key = key_of(row)
                if key not in self._history.known:
                    if not follows:
                        self._leaders.add(key)
                    return key
        return None

    def _is_beginning(self) -> bool:
        return len(self._history.known) < self._n_initial_points or self._history.best() is None

    def _is_cautious(self, follows: bool) -> bool:
        if self._leaders:
            return follows
        return is_cautious_turn(self._history.outcomes(), self._n_initial_points)

    def _has_stalled(self) -> bool:
        # scores of parts of evaluations, which are worth less, do not tell
        return self._history.is_whole() and has_stalled(self._history.outcomes())

    def _sources(self, surrogate, follows: bool) -> Iterator[Iterable[np.ndarray]]:
        """Rows of coordinates from several sources, each made only if the one before had no unknown point."""
        n_known = len(self._history.known)
        yield self._initial
        if self._listed is not None and all(key_of(row) in self._history.known for row in self._listed):
            return
        if self._is_beginning():
            yield self._space.design(max(self._n_initial_points, n_known + 1), derive_seed(self._seed, "design"))
        else:
            yield self._ranked(surrogate(), follows, np.random.default_rng(derive_seed(self._seed, "ask", n_known)))
        yield self._leftovers(np.random.default_rng(derive_seed(self._seed, "leftovers", n_known)))

    def _ranked(self, gp: GaussianProcess | LeveledProcess, follows: bool, rng: np.random.Generator) -> np.ndarray:
        """Candidates, the one with the greatest acquisition first."""
        U, scores = self._history.data()[:2]
        encoder, is_cautious = self._encoder, self._is_cautious(follows)
        # several scores of a point are equal here to rounding only; the first stands for all
        known = U[np.sort(np.unique(U, axis=0, return_index=True)[1])]
        means = gp.predict(encoder.encode(known))[0]
        centres = known[np.argsort(-means, kind="stable")]
        if self._history.pending:
            pending = encoder.encode(np.array(list(self._history.pending)))
            gp = gp.believe(pending, known_variance=np.median(gp.known_variance))
            means = np.append(means, gp.mean_[-len(pending) :])
        acquisition = Acquisition(gp, encoder, means.max(), CAUTION if is_cautious else 1.0)
        if self._listed is not None:
            return ranked(self._listed, acquisition)
        candidates = np.vstack([self._spread_candidates(rng), nearby_candidates(self._space, centres, rng)])
        rows = self._climbed(candidates, acquisition, rng)
        is_turn = len(self._history.known) % 2 == 0 and not is_cautious
        if is_turn and (acquisition(rows[:1])[0] < LOG_NEGLIGIBLE or self._has_stalled()):
            rows = np.vstack([self._elsewhere(gp, centres, U[~np.isnan(scores)], rng), rows])
        return rows

    def _climbed(self, candidates, acquisition, rng):
        return climbed_and_ranked(candidates, acquisition, LocalSearch(self._space, self._encoder), rng)

    def _elsewhere(self, gp, centres: np.ndarray, successes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Candidates elsewhere than the first of `centres`; none if all that was tried there failed."""
        part = draw_elsewhere(self._space, centres[0], rng)
        own = centres[part.contains(centres)]
        if len(own) and not part.contains(successes).any():
            return own[:0]
        candidates = self._spread_candidates(rng)
        if len(own):
            candidates = np.vstack([candidates, nearby_candidates(self._space, own, rng)])
        candidates = part.nearest(candidates, rng)
        if len(candidates) == 0:
            return candidates
        # where nothing is known of a part, its best expectation is as good as any
        best = (gp.predict(self._encoder.encode(own))[0] if len(own) else gp.mean_).max()
        rows = self._climbed(candidates, AcquisitionWithin(Acquisition(gp, self._encoder, best), part), rng)
        return rows[part.contains(rows)]

    def _spread_candidates(self, rng: np.random.Generator) -> np.ndarray:
        if self._space.constraint is None:
            return spread_candidates(self._space, rng)
        if self._spread is None:  # kept: under a tight constraint they take long to find
            self._spread = spread_candidates(self._space, np.random.default_rng(derive_seed(self._seed, "spread")))
        return self._spread

    def _leftovers(self, rng: np.random.Generator) -> Iterable[np.ndarray]:
        """All points of a finite space; some more draws from an infinite one."""
        if math.isinf(self._space.n_points):
            return self._space.sample(_LAST_DRAWS, rng)
        return (self._space.to_unit([params])[0] for params in self._space.enumerate())
