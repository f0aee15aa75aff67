"""Early stopping on a part of the rows, and a learning rate that falls when the loss stalls."""

from sklearn.datasets import load_breast_cancer
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

X, y = load_breast_cancer(return_X_y=True)
stopping = MLPClassifier(
    (16,), early_stopping=True, validation_fraction=0.2, n_iter_no_change=3, tol=1e-3, max_iter=30, random_state=0
)
stopping.fit(scale(X), y)
adaptive = MLPClassifier(
    (16,), solver="sgd", momentum=0.9, learning_rate="adaptive", learning_rate_init=0.1, max_iter=10, random_state=0
)
adaptive.fit(scale(X), y)
print(stopping.n_iter_, stopping.score(scale(X), y), adaptive.score(scale(X), y))
