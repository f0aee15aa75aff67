"""Several spaces for a pipeline whose model is searched too, each with its own number of evaluations."""

from sklearn.datasets import load_iris
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from sktune import BayesSearchCV, Categorical, Integer, Real

X, y = load_iris(return_X_y=True)
pipeline = Pipeline([("scale", StandardScaler()), ("model", SVC())])
linear = {"model": [LinearSVC(max_iter=10000)], "model__C": Real(1e-3, 1e3, prior="log-uniform")}
kernels = {
    "model": Categorical([SVC()]),
    "model__C": Real(1e-3, 1e3, prior="log-uniform"),
    "model__degree": Integer(1, 4),
    "model__kernel": Categorical(["poly", "rbf"]),
}
search = BayesSearchCV(pipeline, [(linear, 3), (kernels, 5)], cv=3, random_state=0)
print(search.total_iterations)
search.fit(X, y)
print(search.best_estimator_["model"], len(search.optimizer_results_))
