"""The importance of parameters as a result: shares of variance with their uncertainty, and how to read them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._utils.optional import import_optional

_COLUMNS = ("total", "total_std", "first_order", "first_order_std")


@dataclass(frozen=True, repr=False)
class ParameterImportance:
    """Which parameters of a search mattered, the most important first.

    Printing it, as a notebook does with the last value of a cell, shows a table.

    Parameters
    ----------
    names : tuple of str
        Names of the parameters, sorted by `total` downwards.
    first_order : ndarray of shape (n_params,)
        Share of the variance of the score that a parameter explains by itself, mean over the drawn functions.
    first_order_std : ndarray of shape (n_params,)
        Its standard deviation over the drawn functions.
    total : ndarray of shape (n_params,)
        Share that a parameter explains by itself and together with others. An interaction counts for each parameter
        in it, so that the sum may exceed 1.
    total_std : ndarray of shape (n_params,)
        Its standard deviation over the drawn functions.
    interaction : float
        Share that no parameter explains by itself.
    interaction_std : float
        Its standard deviation over the drawn functions.
    loo_r2 : float
        How well the surrogate predicts the score of a candidate that it has not seen (leave one out): 1 is
        perfectly, 0 or less is not at all. The shares describe the surrogate, and are worth what it is worth.
    n_candidates : int
        Number of evaluations that the surrogate knows.
    n_failed : int
        How many of them failed.
    scale : str
        The scale of the scores whose variance is shared: "normal" or "raw".

    Examples
    --------
    >>> import numpy as np
    >>> from sktune.inspection import ParameterImportance
    >>> ParameterImportance(
    ...     names=("lr", "dropout"),
    ...     first_order=np.array([0.8, 0.1]), first_order_std=np.array([0.05, 0.04]),
    ...     total=np.array([0.9, 0.2]), total_std=np.array([0.04, 0.06]),
    ...     interaction=0.1, interaction_std=0.03, loo_r2=0.85, n_candidates=40, n_failed=2, scale="normal",
    ... )
    Importance of 2 parameters, from 40 candidates (2 failed)
    parameter            total  by itself
    lr             0.90 ± 0.04  0.80 ± 0.05  ##################
    dropout        0.20 ± 0.06  0.10 ± 0.04  ####
    (interactions)              0.10 ± 0.03
    Shares of the variance of normalised scores. The surrogate predicts unseen candidates with R2 = 0.85.
    """

    names: tuple[str, ...]
    first_order: np.ndarray
    first_order_std: np.ndarray
    total: np.ndarray
    total_std: np.ndarray
    interaction: float
    interaction_std: float
    loo_r2: float
    n_candidates: int
    n_failed: int
    scale: str

    def __str__(self) -> str:
        failed = f" ({self.n_failed} failed)" if self.n_failed else ""
        n_params = f"{len(self.names)} parameter{'s' if len(self.names) > 1 else ''}"
        scores = "normalised scores" if self.scale == "normal" else "the scores"
        return "\n".join(
            [
                f"Importance of {n_params}, from {self.n_candidates} candidates{failed}",
                *self._table(),
                f"Shares of the variance of {scores}. The surrogate predicts unseen candidates with "
                f"R2 = {self.loo_r2:.2f}.",
            ]
        )

    __repr__ = __str__

    def _table(self) -> list[str]:
        last = "(interactions)"
        width = max(map(len, [*self.names, last]))
        lines = [f"{'parameter':{width}}  {'total':>11}  by itself"]
        columns = (getattr(self, column) for column in _COLUMNS)
        for name, total, total_std, alone, alone_std in zip(self.names, *columns, strict=True):
            bar = "#" * round(20 * total)
            lines.append(f"{name:{width}}  {_share(total, total_std)}  {_share(alone, alone_std)}  {bar}".rstrip())
        lines.append(f"{last:{width}}  {'':11}  {_share(self.interaction, self.interaction_std)}")
        return lines

    def to_frame(self) -> Any:
        """Return the shares as a pandas DataFrame with a row per parameter.

        Returns
        -------
        pandas.DataFrame
            Columns ``total``, ``total_std``, ``first_order`` and ``first_order_std``, indexed by the names.

        Raises
        ------
        ImportError
            If pandas is not installed; the message says how to install it.
        """
        pandas = import_optional("pandas", extra="dataframe", purpose="ParameterImportance.to_frame")
        index = pandas.Index(self.names, name="parameter")
        return pandas.DataFrame({column: getattr(self, column) for column in _COLUMNS}, index=index)


def _share(mean: float, deviation: float) -> str:
    return f"{mean:.2f} ± {deviation:.2f}"
