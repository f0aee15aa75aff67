"""A regression with several targets, scaled in a TransformedTargetRegressor."""

from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_linnerud
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sktune import NetRegressor

X, y = load_linnerud(return_X_y=True)
network = NetRegressor(n_layers=1, n_neurons=8, activation="tanh", optimizer="adam", max_epochs=10, random_state=0)
model = TransformedTargetRegressor(make_pipeline(StandardScaler(), network), transformer=StandardScaler())
print(model.fit(X, y).predict(X).shape, cross_val_score(model, X, y, cv=3, scoring="neg_mean_squared_error"))
