"""What parameters of other libraries' searches are called here, for the errors about them."""

_SPACES = "use search_spaces"
_OPTIMIZER = "give it to BayesSearchCV in optimizer_kwargs"
_EPOCHS = "set the length of a training in the estimator, such as NetClassifier(max_epochs=100)"
_NO_STUDY = "storage='search.db' keeps every score in a file, with which a search goes on where it was"

#: how many settings are evaluated, by the names of several searches
_HOW_MANY = ("n_trials", "n_calls", "max_evals", "n_candidates", "n_iter")

#: name in scikit-optimize's Optimizer -> what to do instead
OF_OTHER_OPTIMIZERS = {
    "acq_func": "leave it out, the acquisition function is always log expected improvement",
    "acq_func_kwargs": "leave it out, the acquisition function is always log expected improvement",
    "acq_optimizer": "leave it out, how the acquisition function is maximised cannot be chosen",
    "acq_optimizer_kwargs": "leave it out, how the acquisition function is maximised cannot be chosen",
    "initial_point_generator": "leave it out, the first points are always a scrambled Sobol sequence",
    "n_random_starts": "it is called n_initial_points",
    "n_jobs": "it is a parameter of the search",
    "model_queue_size": "leave it out, surrogates are not kept",
    "avoid_duplicates": "leave it out, no setting is evaluated twice",
    "space_constraint": "give it to Space: Space(dimensions, constraint=...)",
}
#: name elsewhere -> what to do instead, for every search
OF_OTHER_SEARCHES = {
    # scikit-learn
    "param_grid": _SPACES,
    "param_distributions": _SPACES,
    "factor": "use reduction_factor of HyperbandSearchCV or ZoomSearchCV",
    "resource": "epochs, or trees, are always the resource",
    "max_resources": _EPOCHS,
    "min_resources": "use min_epochs of HyperbandSearchCV",
    "aggressive_elimination": "it has no counterpart",
    "groups": "give it to fit: search.fit(X, y, groups=groups)",
    # OptunaSearchCV and Optuna
    "study": _NO_STUDY,
    "study_name": _NO_STUDY,
    "subsample": "it has no counterpart; to spend less on bad candidates, use BayesSearchCV(pruning='freeze-thaw')",
    "enable_pruning": "use BayesSearchCV(pruning='freeze-thaw') or HyperbandSearchCV",
    "pruner": "use BayesSearchCV(pruning='freeze-thaw') or HyperbandSearchCV",
    "max_iter": _EPOCHS,
    "catch": "use error_score: with a number, or NaN, a candidate that fails is recorded and the search goes on",
    "callbacks": "give them to the fit of BayesSearchCV: search.fit(X, y, callback=...)",
    "callback": "give it to the fit of BayesSearchCV: search.fit(X, y, callback=...)",
    # scikit-optimize
    "dimensions": _SPACES,
    "base_estimator": f"the surrogate is a Gaussian process; {_OPTIMIZER}",
    "n_initial_points": _OPTIMIZER,
    **OF_OTHER_OPTIMIZERS,
    "x0": "use initial_params for settings, initial_results for settings with their scores",
    "y0": "use initial_results, for settings with their scores",
    # other libraries, and other searches of this one
    "search_space": _SPACES,
    "param_space": _SPACES,
    "space": _SPACES,
    "seed": "use random_state",
    "time_budget": "use timeout, in seconds",
    "max_time": "use timeout, in seconds",
    "max_epochs": _EPOCHS,
    "n_points": "it is a parameter of BayesSearchCV",
    "pruning": "it is a parameter of BayesSearchCV",
    "optimizer_kwargs": "it is a parameter of BayesSearchCV",
    "fit_params": "give them to fit: search.fit(X, y, sample_weight=weights)",
    "iid": "it has no effect anywhere",
}
#: the same for networks that tune themselves, where it differs
OF_SELF_TUNING = {
    **OF_OTHER_SEARCHES,
    **dict.fromkeys(
        ("param_grid", "param_distributions", "dimensions", "search_spaces", "param_space", "space"), "use search_space"
    ),
    **dict.fromkeys(_HOW_MANY, "use n_iter"),
    "enable_pruning": "use BayesSearchCV with a pipeline, search_spaces='auto' and pruning='freeze-thaw'",
    "pruning": "use BayesSearchCV with a pipeline, search_spaces='auto' and pruning='freeze-thaw'",
    "max_epochs": "set it in the network, such as estimator=NetClassifier(max_epochs=200)",
    "max_iter": "set the epochs in the network, such as estimator=NetClassifier(max_epochs=200)",
}


def other_names(how_many: str) -> dict[str, str]:
    """Return the names for a search, `how_many` being what to do for another number of settings."""
    return {**OF_OTHER_SEARCHES, **dict.fromkeys(_HOW_MANY, how_many)}
