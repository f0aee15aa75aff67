"""A support vector machine, the first example of everybody."""

from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from sktune import BayesSearchCV

X, y = load_iris(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=0.75, random_state=0)
search = BayesSearchCV(
    SVC(),
    {
        "C": (1e-6, 1e6, "log-uniform"),
        "gamma": (1e-6, 1e1, "log-uniform"),
        "degree": (1, 8),
        "kernel": ["linear", "poly", "rbf"],
    },
    n_iter=8,
    cv=3,
    random_state=0,
)
search.fit(X_train, y_train)
print(search.best_score_, search.score(X_test, y_test), search.best_params_)
