"""Rows that come in pieces, and a training that is continued."""

import numpy as np
from sklearn.datasets import load_digits

from sktune import NetClassifier

X, y = load_digits(return_X_y=True)
online = NetClassifier(n_layers=1, n_neurons=32, random_state=0)
for rows in np.array_split(np.arange(len(y)), 5):
    online.partial_fit(X[rows] / 16, y[rows], classes=np.arange(10))
warm = NetClassifier(n_layers=1, n_neurons=32, warm_start=True, max_epochs=3, random_state=0)
warm.fit(X / 16, y)
warm.fit(X / 16, y)
print(online.score(X / 16, y), warm.score(X / 16, y), online.classes_)
