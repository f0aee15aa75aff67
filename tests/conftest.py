"""What all tests share: one thread per worker, quiet private directories, a seed to vary."""

import os

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # scikit-learn's estimator checks skip some of theirs without it
