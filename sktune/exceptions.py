"""The errors and warnings of sktune, under one root each."""

from collections.abc import Sequence


class SktuneError(Exception):
    """Root of the errors that only sktune raises."""


class SktuneWarning(UserWarning):
    """Root of the warnings that only sktune gives."""


class DivergedError(SktuneError, ArithmeticError):
    """The loss, the weights or the predictions of a network are no longer finite.

    Raised by ``fit`` at the batch where it happens, so that a diverged network is never returned as a fitted one.
    A lower ``lr``, ``clip_norm`` or scaled inputs usually help.

    Attributes
    ----------
    epoch : int or None
        The epoch in which it happened, counted from the beginning of the training; None where that is not known.
    """

    epoch: int | None = None


class TimeBudgetError(SktuneError, TimeoutError):
    """A time budget ran out before the work it was given for had finished."""


class CancelledError(SktuneError):
    """The training of a network ended because its result is no longer wanted.

    Raised by ``fit`` in the tasks of joblib's backend "sktune" that are still running when a search is interrupted, or
    when another task has failed. The search itself raises what interrupted it.
    """


class SpaceExhaustedError(SktuneError, LookupError):
    """Every point of a finite search space has been proposed already."""


class FileFormatError(SktuneError, ValueError):
    """A file is not what sktune writes: of another kind or version, damaged, or changed by somebody."""


class StoreError(SktuneError, OSError):
    """The file of a store cannot be used: it is damaged, of a newer version, full, locked, or not a store at all.

    What had been written to it stays as it is.
    """


class FingerprintError(SktuneError, TypeError):
    """A result cannot be stored, because something that it depends on cannot be pickled, such as a lock or a file."""


class UntrustedTypesError(FileFormatError):
    """A file has objects of types, or functions, that are trusted only when the reader says so.

    Parameters
    ----------
    message : str
        What is wrong, in words.
    names : list of str, default=()
        Full names of what is not trusted: the `trusted` that `sktune.load` needs.
    """

    def __init__(self, message: str, names: Sequence[str] = ()):
        super().__init__(message)
        self.names = list(names)


class VersionMismatchWarning(SktuneWarning):
    """A file was written with other versions of the libraries: what it holds may behave differently here."""


class UnusedResultsWarning(SktuneWarning):
    """Results in a file that was given as `initial_results` are not results of this search's candidates."""


class InputScaleWarning(SktuneWarning):
    """Inputs of a network are of very different scales, large, or far from 0: it learns badly from them.

    Given once per fit, and once per search. ``StandardScaler()`` in front helps, ``MaxAbsScaler()`` for sparse rows.
    """


class NothingLearnedWarning(SktuneWarning):
    """The loss of a network on the rows that it was trained on is no better than that of a constant prediction.

    Given once per fit, for trainings of at least 10 epochs or 100 optimizer steps; by a search once, if it concerns
    the best candidate. A lower ``lr``, scaled inputs, or more epochs usually help.
    """


class OverlappingSplitsWarning(SktuneWarning):
    """Rows of a search's splits are both trained on and scored: the scores are too good."""
