"""What the benchmarks of training share: the peers, the floor, and medians of interleaved repeats."""

import os
import platform
import time
from importlib.metadata import version
from itertools import pairwise

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier
from torch import nn

from sktune import NetClassifier
from sktune._utils.threads import torch_threads

#: skorch without what it does beside training: no validation split, no accuracy and no clock per epoch
CALLBACKS_OFF = {"train_split": None, "callbacks__valid_acc": None, "callbacks__epoch_timer": None}


def load_pixels():
    """Return the digits, their pixels between -1 and 1."""
    X, y = load_digits(return_X_y=True)
    return (X / 8 - 1).astype("float32"), y


class PlainMLP(nn.Module):
    """The network as a user of skorch writes it."""

    def __init__(self, n_features=64, n_neurons=128, n_layers=2, dropout=0.1, n_outputs=10):
        super().__init__()
        widths = [n_features] + [n_neurons] * n_layers
        layers = []
        for n_in, n_out in pairwise(widths):
            layers += [nn.Linear(n_in, n_out), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], n_outputs))

    def forward(self, X):
        return self.layers(X)


def make_sktune(n_layers, n_neurons, batch_size, max_epochs, dropout):
    """Return our classifier."""
    shape = {"n_layers": n_layers, "n_neurons": n_neurons, "dropout": dropout}
    return NetClassifier(**shape, batch_size=batch_size, max_epochs=max_epochs, random_state=0)


def make_skorch(n_layers, n_neurons, batch_size, max_epochs, dropout, **settings):
    """Return a skorch net on `PlainMLP`; its defaults include a validation split and callbacks."""
    shape = {"module__n_layers": n_layers, "module__n_neurons": n_neurons, "module__dropout": dropout}
    return NeuralNetClassifier(
        PlainMLP,
        **shape,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        lr=1e-3,
        batch_size=batch_size,
        max_epochs=max_epochs,
        verbose=0,
        **settings,
    )


def make_mlp(n_layers, n_neurons, batch_size, max_epochs):
    """Return scikit-learn's classifier, which has no dropout, and trains all epochs."""
    return MLPClassifier(
        (n_neurons,) * n_layers,
        batch_size=batch_size,
        max_iter=max_epochs,
        n_iter_no_change=max_epochs + 1,
        random_state=0,
    )


class ByHand(ClassifierMixin, BaseEstimator):
    """`PlainMLP`, trained by the loop of a tutorial."""

    def __init__(self, n_layers=2, n_neurons=128, batch_size=64, max_epochs=10, dropout=0.0, lr=1e-3):
        self.n_layers, self.n_neurons, self.batch_size = n_layers, n_neurons, batch_size
        self.max_epochs, self.dropout, self.lr = max_epochs, dropout, lr

    def fit(self, X, y):
        torch.manual_seed(0)
        self.classes_ = np.unique(y)
        self.network_ = PlainMLP(X.shape[1], self.n_neurons, self.n_layers, self.dropout)
        optimizer = torch.optim.AdamW(self.network_.parameters(), lr=self.lr)
        X, y = torch.as_tensor(X), torch.as_tensor(y)
        for _ in range(self.max_epochs):
            for rows in torch.randperm(len(X)).split(self.batch_size):
                optimizer.zero_grad()
                nn.functional.cross_entropy(self.network_(X[rows]), y[rows]).backward()
                optimizer.step()
        return self

    def predict(self, X):
        with torch.no_grad():
            return self.classes_[self.network_.eval()(torch.as_tensor(X)).argmax(1).numpy()]


_N_LARGE = 10


def multiply_large(n_threads):
    """Multiply large matrices, at the rate that no smaller ones exceed."""
    with torch_threads(n_threads):
        A, B = torch.ones(1024, 1024), torch.ones(1024, 1024)
        for _ in range(_N_LARGE):
            torch.mm(A, B)


def floor_seconds(large_seconds, n_steps, n_layers, n_neurons, batch_size, n_features=64, n_outputs=10):
    """Seconds of the products of `n_steps` steps, at the rate of `multiply_large`, which took `large_seconds`."""
    widths = [n_features] + [n_neurons] * n_layers + [n_outputs]
    products = [n_in * n_out for n_in, n_out in pairwise(widths)]
    # forward, gradient of the weights, gradient of the inputs: the first layer does without the last one
    n_multiplications = n_steps * batch_size * (3 * sum(products) - products[0])
    return large_seconds * n_multiplications / (_N_LARGE * 1024**3)


def interleaved(contestants, n_repeats):
    """Return the median seconds of each of several functions, which take turns."""
    seconds = {name: [] for name in contestants}
    for _ in range(n_repeats):
        for name, run in contestants.items():
            seconds[name].append(_seconds(run))
    return {name: float(np.median(values)) for name, values in seconds.items()}


def paired(contestants, baseline, n_repeats):
    """Return for each of several functions its median seconds, and the median of its ratios to one of them.

    They take turns, each time from another one on: what else runs on the machine concerns all of them alike, and a
    ratio is that of runs side by side.
    """
    names, seconds = list(contestants), {name: [] for name in contestants}
    for repeat in range(n_repeats):
        for number in range(len(names)):
            name = names[(repeat + number) % len(names)]
            seconds[name].append(_seconds(contestants[name]))
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    ratios = {name: float(np.median(np.divide(seconds[name], seconds[baseline]))) for name in names}
    return medians, ratios


def print_paired(title, medians, ratios):
    """Print what `paired` returns."""
    print(f"\n{title}")
    for name, seconds in medians.items():
        print(f"  {name:<44} {seconds:9.3f} s {ratios[name]:7.2f} x", flush=True)


def _seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def print_ratios(title, medians, *, ours="sktune"):
    """Print the median of each contestant, and how many times as long as ours it took."""
    print(f"\n{title}")
    for name, seconds in medians.items():
        print(f"  {name:<34} {seconds:9.3f} s  {seconds / medians[ours]:7.2f} x ours", flush=True)


def print_machine():
    """Print what the figures depend on."""
    packages = ("scikit-learn", "skorch", "torch", "numpy", "joblib")
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(", ".join(f"{name} {version(name)}" for name in packages))
