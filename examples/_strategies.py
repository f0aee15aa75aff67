"""Run several searches on the same data, and print what each has found."""

import time

import joblib
from sklearn.callback import ProgressBar


def compare(searches, X_train, y_train, X_test, y_test, *, metric, baselines=None):
    """Fit each search, then print a table of them and the best parameters.

    Parameters
    ----------
    searches : dict of str to search
        Unfitted searches, by the name of their strategy.
    X_train, y_train, X_test, y_test : arrays
        What they learn from, and what the refitted winners are judged on.
    metric : str
        Name of the score.
    baselines : dict of str to estimator, default=None
        Searches to compare with, whose parameters are not printed.
    """
    rows = []
    for name, search in {**(baselines or {}), **searches}.items():
        print(f"\n{name} search")
        search.set_callbacks(ProgressBar(max_propagation_depth=0))
        start = time.perf_counter()
        with joblib.parallel_config("sktune"):  # candidates and folds train together
            search.fit(X_train, y_train)
        seconds = time.perf_counter() - start
        n_candidates = len(search.cv_results_["params"])
        rows.append((name, n_candidates, seconds, search.best_score_, search.score(X_test, y_test)))
    _print_table(rows, metric)
    best_name = max(searches, key=lambda name: searches[name].best_score_)
    print(f"\nBest in cross-validation: {best_name} search, with")
    for name, value in sorted(searches[best_name].best_params_.items()):
        print(f"    {name} = {value:.3g}" if isinstance(value, float) else f"    {name} = {value}")


def _print_table(rows, metric):
    print(f"\n{'strategy':<12} {'candidates':>10} {'seconds':>8} {'5-fold ' + metric:>18} {'test ' + metric:>16}")
    for name, n_candidates, seconds, cv_score, test_score in rows:
        print(f"{name:<12} {n_candidates:>10} {seconds:>8.1f} {cv_score:>18.3f} {test_score:>16.3f}")
