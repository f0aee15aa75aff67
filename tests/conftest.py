"""What all tests share: one thread per worker, quiet private directories, a seed to vary."""

import os

from hypothesis import settings

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # scikit-learn's estimator checks skip some of theirs without it

# The same examples in every run: a pass is a pass everywhere. Set HYPOTHESIS_PROFILE=explore to look for new ones.
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
