"""The joblib backend that trains concurrent fits together."""

from joblib import register_parallel_backend

from ._backend import SktuneBackend

register_parallel_backend("sktune", SktuneBackend)

__all__ = ["SktuneBackend"]
