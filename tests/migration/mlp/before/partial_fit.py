"""Rows that come in pieces, and a training that is continued."""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

X, y = load_digits(return_X_y=True)
online = MLPClassifier(hidden_layer_sizes=(32,), random_state=0)
for rows in np.array_split(np.arange(len(y)), 5):
    online.partial_fit(X[rows] / 16, y[rows], classes=np.arange(10))
warm = MLPClassifier(hidden_layer_sizes=(32,), warm_start=True, max_iter=3, random_state=0)
warm.fit(X / 16, y)
warm.fit(X / 16, y)
print(online.score(X / 16, y), warm.score(X / 16, y), online.classes_)
