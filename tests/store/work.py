"""Work in pairs: equal work, built in two ways, and other work that differs from it by little.

Each case is three pieces of source: an expression, or statements that set `value`. They stand in ``work.txt``. Run as a
program, this module prints the keys of one of the three columns, and its code runs in ``__main__``, as in a notebook.
"""

import re
from pathlib import Path

PRELUDE = """
import collections, dataclasses, datetime, decimal, enum, fractions, functools, gc, operator, pathlib, re, types, uuid
import joblib, numpy as np, pandas as pd, scipy.sparse, scipy.stats, tempfile, threading, torch
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, StackingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import fbeta_score, get_scorer, make_scorer, mean_squared_error
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sktune import BayesSearchCV, Categorical, Integer, NetClassifier, NetRegressor, Real, Space
X, y = load_iris(return_X_y=True)
days = pd.date_range("2024-01-01", periods=6)
"""


def read_cases():
    """Return name, work, the same work (None repeats it) and other work of each case."""
    text = Path(__file__).with_name("work.txt").read_text(encoding="utf-8")
    text = re.sub(r"^# .*\n", "", text, flags=re.MULTILINE)
    for case in text.split("=== ")[1:]:
        work, other = case.split("--- other\n")
        work, _, same = work.partition("--- same\n")
        name, _, work = work.partition("\n")
        yield name, work.strip(), same.strip() or None, other.strip()


#: All cases.
CASES = list(read_cases())

#: Modules of the user's own that some cases import.
MODULES = {
    "sktune_tests_helper.py": "def scale(x): return x",
    "sktune_tests_package/__init__.py": "",
    "sktune_tests_package/inner.py": "def scale(x): return x",
}


def build(source, namespace):
    """Run the source of a case, and return its value."""
    if "\n" in source or "value" in source:
        exec(compile(source, "<work>", "exec"), namespace)
        return namespace["value"]
    return eval(source, namespace)


def keys(column):
    """Return the keys of a column of the cases."""
    import sys

    from sktune.store import fingerprint

    prepared = {}
    exec(PRELUDE, prepared)
    main, found = sys.modules["__main__"], []
    for case in CASES:
        for name in [name for name in sys.modules if name.startswith("sktune_tests_")]:
            del sys.modules[name]
        vars(main).update(prepared, __name__="__main__")
        vars(main).pop("value", None)
        try:
            found.append(fingerprint(build(case[column] or case[1], vars(main))))
        except Exception as error:
            found.append(f"{type(error).__name__}: {error}"[:300])
    return found


if __name__ == "__main__":
    import json
    import sys

    print(json.dumps([keys(int(column)) for column in sys.argv[1:]]))
