"""A grid over the shape, the penalty and the rate, and the weights of the best network."""

from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

from sktune import NetClassifier

X, y = load_iris(return_X_y=True)
grid = {"n_neurons": [(8,), (8, 8)], "weight_decay": [1e-4, 1e-1], "lr": [1e-3, 1e-2]}
search = GridSearchCV(NetClassifier(n_layers=None, max_epochs=5, random_state=0), grid, cv=3)
search.fit(X, y)
weights = search.best_estimator_.net_.module_.state_dict()
print(search.best_params_, weights["hidden.0.weight"].T.shape, weights["hidden.0.bias"].shape)
