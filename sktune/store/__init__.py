"""What has been evaluated, in a file that outlives the process."""

from ._cached import CachedEstimator
from ._database import ALL_SPLITS, Result, Store
from ._fingerprint import data_key, fingerprint, versions
from ._plain import from_plain, to_plain
from ._results import load_results, open_existing, read_trials

__all__ = [
    "ALL_SPLITS",
    "CachedEstimator",
    "Result",
    "Store",
    "data_key",
    "fingerprint",
    "from_plain",
    "load_results",
    "open_existing",
    "read_trials",
    "to_plain",
    "versions",
]
