"""What all tests share: one thread per worker, quiet private directories, a seed to vary."""

import os
import signal

from hypothesis import settings

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # scikit-learn's estimator checks skip some of theirs without it

# A shell lets what it starts in the background ignore Ctrl-C, for all its descendants: its tests would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in every run: a pass is a pass everywhere. Set HYPOTHESIS_PROFILE=explore to look for new ones.
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
