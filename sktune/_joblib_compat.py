"""The only file that uses of joblib what it does not export, and so does not promise to keep."""

# Times as joblib and scikit-learn print them.
from joblib.logger import short_format_time

# Functions whose results are kept in files, or would be if a folder were given.
from joblib.memory import MemorizedFunc, NotMemorizedFunc

# The backend for calls inside a task of our own backend, and the one that a call would get here: that one shows
# whether the user has chosen any. Those that run tasks in processes: they pickle them, each in its own way.
from joblib.parallel import LokyBackend, MultiprocessingBackend, SequentialBackend, get_active_backend

__all__ = [
    "LokyBackend",
    "MemorizedFunc",
    "MultiprocessingBackend",
    "NotMemorizedFunc",
    "SequentialBackend",
    "get_active_backend",
    "short_format_time",
]
