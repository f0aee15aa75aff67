"""Searches: cross-validated tuning of any scikit-learn estimator, networks that tune themselves, and what mattered."""

from ._auto_space import default_search_space
from ._base import BaseTuneSearchCV
from ._bayes import BayesSearchCV
from ._dispatch import WorkerDiedWarning
from ._failures import SearchInterruptedWarning
from ._freeze_thaw import FreezeThaw
from ._halving import SuccessiveHalving
from ._hyperband import HyperbandSearchCV
from ._importance import WeakSurrogateWarning, parameter_importance
from ._net_cv import NetClassifierCV, NetRegressorCV
from ._planning import SearchPlan
from ._population_search import PopulationSearchCV
from ._zoom import ZoomSearchCV

__all__ = [
    "BaseTuneSearchCV",
    "BayesSearchCV",
    "FreezeThaw",
    "HyperbandSearchCV",
    "NetClassifierCV",
    "NetRegressorCV",
    "PopulationSearchCV",
    "SearchInterruptedWarning",
    "SearchPlan",
    "SuccessiveHalving",
    "WeakSurrogateWarning",
    "WorkerDiedWarning",
    "ZoomSearchCV",
    "default_search_space",
    "parameter_importance",
]
