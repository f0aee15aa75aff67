"""Early stopping on a part of the rows, and a learning rate that falls when the loss stalls."""

from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

from sktune import NetClassifier

X, y = load_breast_cancer(return_X_y=True)
stopping = NetClassifier(
    n_layers=1,
    n_neurons=16,
    early_stopping=True,
    validation_fraction=0.2,
    patience=3,
    tol=1e-3,
    max_epochs=30,
    random_state=0,
)
stopping.fit(scale(X), y)
adaptive = NetClassifier(
    n_layers=1,
    n_neurons=16,
    optimizer="sgd",
    momentum=0.9,
    lr_schedule="plateau",
    lr=0.1,
    max_epochs=10,
    random_state=0,
)
adaptive.fit(scale(X), y)
print(stopping.n_iter_, stopping.score(scale(X), y), adaptive.score(scale(X), y))
