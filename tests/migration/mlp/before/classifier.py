"""A classifier in a pipeline, its probabilities and its curve of the loss."""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
network = MLPClassifier(
    hidden_layer_sizes=(32, 16), alpha=1e-3, learning_rate_init=1e-2, batch_size=64, max_iter=8, random_state=0
)
model = make_pipeline(StandardScaler(), network)
model.fit(X_train, y_train)
print(model.score(X_test, y_test), model.predict_proba(X_test).shape, network.n_iter_, network.loss_curve_[-1])
