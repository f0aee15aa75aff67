"""A classifier in a pipeline, its probabilities and its curve of the loss."""

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktune import NetClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
network = NetClassifier(n_neurons=(32, 16), weight_decay=1e-3, lr=1e-2, batch_size=64, max_epochs=8, random_state=0)
model = make_pipeline(StandardScaler(), network)
model.fit(X_train, y_train)
print(
    model.score(X_test, y_test), model.predict_proba(X_test).shape, network.n_iter_, network.history_["train_loss"][-1]
)
