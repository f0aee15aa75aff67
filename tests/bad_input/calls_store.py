"""Bad calls of the store, and of files."""

from bad_calls import bad, flattened, no_files
from calls_networks import X, y
from sklearn.linear_model import Ridge

from sktune import NetClassifier, for_prediction, load, save
from sktune.exceptions import StoreError
from sktune.store import CachedEstimator, Store, load_results

TABLE = flattened(
    [
        no_files("Store", "path", Store),
        no_files("load_results", "path", load_results),
        no_files("CachedEstimator", "storage", lambda value: CachedEstimator(Ridge(), value).fit(X, y)),
        no_files("save", "path", lambda value: save(NetClassifier(), value)),
        no_files("load", "path", load),
        bad(
            "save",
            "path",
            ["no/such/folder/model.sktune", "."],
            lambda value: save(NetClassifier(), value),
            "path='.*'(: there is no folder| is not a file)",
            OSError,
        ),
        bad("Store", "path", [3, None, b"a.db"], Store, "path must be a str or path-like, got <value>", TypeError),
        bad(
            "Store",
            "path",
            ["no/such/folder/search.db", "."],
            Store,
            "storage='.*'(: there is no folder| is not a file)",
            StoreError,
        ),
        bad("load_results", "path", [3, None], load_results, "path must be a str or path-like, got <value>", TypeError),
        bad("load_results", "path", ["none.db"], load_results, "there is no file <value>", StoreError),
        bad(
            "load_results",
            "as_frame",
            [1, "yes", None],
            lambda value: load_results("none.db", as_frame=value),
            "as_frame must be a bool, got <value>",
            TypeError,
        ),
        bad(
            "CachedEstimator",
            "storage",
            [3, None, b"a.db"],
            lambda value: CachedEstimator(Ridge(), value).fit(X, y),
            "storage must be a str or path-like, got <value>",
            TypeError,
        ),
        bad(
            "CachedEstimator",
            "storage",
            ["no/such/folder/search.db"],
            lambda value: CachedEstimator(Ridge(), value).fit(X, y),
            "storage='.*': there is no folder",
            StoreError,
        ),
        bad(
            "CachedEstimator",
            "estimator",
            [3, None, Ridge, "ridge"],
            lambda value: CachedEstimator(value, "none.db").fit(X, y),
            "estimator must be an estimator with fit, got <value>",
            TypeError,
        ),
        bad(
            "save",
            "estimator",
            [3, None, NetClassifier, {}],
            lambda value: save(value, "model.sktune"),
            "estimator must be an estimator or a search, got <value>",
            TypeError,
        ),
        bad(
            "for_prediction",
            "estimator",
            [3, None, NetClassifier, {}],
            for_prediction,
            "estimator must be an estimator or a search, got <value>",
            TypeError,
        ),
        bad(
            "save",
            "for_prediction",
            [1, None, "yes"],
            lambda value: save(NetClassifier(), "model.sktune", for_prediction=value),
            "for_prediction must be True or False, got <value>",
            TypeError,
        ),
        bad(
            "save",
            "path",
            [3, None, b"model"],
            lambda value: save(NetClassifier(), value),
            "path must be a str or path-like, got <value>",
            TypeError,
        ),
        bad("load", "path", [3, None, b"model"], load, "path must be a str or path-like, got <value>", TypeError),
        bad(
            "save",
            "trusted",
            [3, "numpy.ndarray", [3]],
            lambda value: save(NetClassifier(), "model.sktune", trusted=value),
            "trusted must be a sequence of str, got <value>",
            TypeError,
        ),
        bad(
            "load",
            "trusted",
            [3, "numpy.ndarray", [3]],
            lambda value: load("model.sktune", trusted=value),
            "trusted must be a sequence of str, got <value>",
            TypeError,
        ),
    ]
)
