"""A grid over the shape, the penalty and the rate, and the weights of the best network."""

from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier

X, y = load_iris(return_X_y=True)
grid = {"hidden_layer_sizes": [(8,), (8, 8)], "alpha": [1e-4, 1e-1], "learning_rate_init": [1e-3, 1e-2]}
search = GridSearchCV(MLPClassifier(max_iter=5, random_state=0), grid, cv=3)
search.fit(X, y)
best = search.best_estimator_
print(search.best_params_, best.coefs_[0].shape, best.intercepts_[0].shape)
