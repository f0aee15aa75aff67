"""Networks that predict numbers."""

import warnings

import numpy as np
from sklearn.base import RegressorMixin

from ..exceptions import SktuneWarning
from ._base import BaseNet
from ._saved_state import check_targets


class NetRegressor(RegressorMixin, BaseNet):
    """A feed-forward network for regression, trained on the squared error; several targets at once are allowed.

    Every choice that people tune is a plain parameter, so that any scikit-learn search can tune it.

    The targets are measured from their mean and in units of their standard deviation while training, so that `lr` means
    the same for any unit; predictions are in the units of `y`. Of a target that is constant the constant is predicted.

    Parameters
    ----------
    n_layers : int or None, default=2
        Number of hidden layers; 0 is a linear model, None as many as `n_neurons` has entries.
    n_neurons : int or sequence of int, default=128
        Units of every hidden layer, or of each.
    activation : {"relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "identity"}, default="relu"
        Non-linearity of the hidden layers.
    normalization : {"batch", "layer"} or None, default=None
        Normalisation between a hidden layer's product and its activation.
    dropout : float, default=0.0
        Probability in [0, 1) with which a hidden unit is dropped in a training step.
    weight_decay : float, default=1e-4
        Strength of the L2 penalty on the weights (not the biases): decoupled from the gradient for "adamw", where a
        step shrinks the weights by ``lr * weight_decay``; added to the gradient for the other optimizers.
    l1 : float, default=0.0
        Factor of the sum of the weights' absolute values in the penalty.
    mixup : float, default=0.0
        Parameter of the Beta distribution from which mixup [1]_ draws its mixtures of two rows; 0 is off.
    input_noise : float, default=0.0
        Standard deviation, in units of `X`, of Gaussian noise on the inputs while training.
    optimizer : {"adamw", "adam", "sgd", "rmsprop"}, default="adamw"
        "sgd" uses Nesterov's momentum.
    lr : float, default=1e-3
        Learning rate, at the schedule's peak.
    momentum : float, default=0.9
        In [0, 1): the momentum of "sgd" and "rmsprop", the decay of the first moment (beta1) of "adam" and "adamw".
    clip_norm : float or None, default=None
        Upper bound of the gradient's norm; longer gradients are scaled down to it.
    lr_schedule : {"constant", "step", "exponential", "linear", "cosine", "onecycle", "plateau"}, default="constant"
        How the learning rate changes from step to step: "step" multiplies it by `lr_decay` every `lr_step` epochs and
        "exponential" does so gradually; "linear" and "cosine" lower it to zero at `max_epochs`; "onecycle" rises from
        `lr` / 25 and falls to nearly zero [2]_; "plateau" multiplies it by `lr_decay` when the validation loss (without
        `early_stopping` the training loss) has not fallen by `tol` in more than `lr_step` epochs.
    lr_decay : float, default=0.5
        Factor in (0, 1] of "step", "exponential" and "plateau".
    lr_step : int, default=10
        Epochs of "step", "exponential" and "plateau".
    lr_warmup : float, default=0.0
        Share of the training, in [0, 1), in which the learning rate first rises linearly; the schedule fills the rest.
        For "onecycle" the share of the rising phase, 0 standing for 0.3.
    batch_size : int, default=64
        Rows of an optimizer step; all rows if there are fewer. A last batch of one row joins the one before.
    max_epochs : int, default=100
        Passes over the training rows, unless early stopping ends the training before.
    early_stopping : bool, default=False
        Whether to stop when the loss on the validation rows no longer falls, and keep the weights of the best epoch.
        Validation rows are `X_val` and `y_val` of `fit` or, without them, rows that are set aside: in a search, of the
        training rows of each fold, never of those that score.
    validation_fraction : float, default=0.1
        Share of the rows that `early_stopping` or `eval_valid_loss` sets aside.
    validation_split : {"random", "last", "group"}, default="random"
        Which rows are set aside: "random" rows; the "last" ones, where their order is time; or all rows of random
        groups ("group"), which `groups` of `fit` tells: `validation_fraction` is then the share of the groups.
    patience : int, default=10
        Epochs in a row without improvement after which `early_stopping` ends the training.
    tol : float, default=1e-4
        The least decrease of the loss that counts as an improvement, for `patience` and for "plateau".
    eval_train_loss : bool, default=False
        Whether `history_` also records the loss on the training rows at the end of each epoch, without dropout and the
        other noise of training. This takes one more forward pass per epoch, and changes nothing else.
    eval_valid_loss : bool, default=False
        Whether to set rows aside without `early_stopping` too, and record their loss. Nothing listens to it then: all
        epochs are trained, and the last weights kept. `X_val` and `y_val` of `fit` need no such setting.
    device : str, default="cpu"
        Where to train: "cpu", "cuda", "cuda:1", ..., or "auto", the GPU if there is one; of several, processes and
        the workers of a search take turns. Small networks on small tables are often fastest on the CPU.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the network.
    callbacks : list of skorch callbacks or None, default=None
        Callbacks or ``(name, callback)`` pairs; copied, as they keep state. With them the network trains in skorch's
        own loop, which gives the same weights up to rounding, takes longer, and never trains networks together.
        Lambdas in them can be pickled with the estimator; locks and open files are refused by name. skorch's
        ``LRScheduler`` needs ``lr_schedule="constant"`` without warm-up.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the fit before, for `max_epochs` more epochs, with a new optimizer.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, the batches and all noise. An int gives the same network in every process, whatever
        is set in torch around the call (default number type and device, inference mode, autocast, precision of matrix
        products): callbacks see torch's own defaults for these too.
    verbose : int, default=0
        Whether to print a line per epoch.

    Attributes
    ----------
    net_ : skorch.NeuralNetRegressor
        The trained net, with `module_` and `history`; made at the first access.
    history_ : dict of str to list
        One entry per epoch, NaN where an epoch has not recorded it. Each loss is the mean weighted squared error in
        units of the targets' variance (1 is what predicting the mean gives); penalties are not in it.

        - ``epoch``: number of the epoch, from 1.
        - ``train_loss``: mean over the batches of the epoch, with the weights that each batch met, and with `dropout`,
          `mixup` and `input_noise` as they are set. It cannot be compared with ``valid_loss``.
        - ``eval_train_loss`` (with `eval_train_loss`): loss on the training rows at the end of the epoch, computed as
          ``valid_loss`` is.
        - ``valid_loss`` (with validation rows): loss on them at the end of the epoch.
        - ``lr``: learning rate of the last optimizer step of the epoch.
    n_iter_ : int
        Number of epochs trained.
    best_epoch_ : int
        Number of the epoch whose weights the net has: the last one without early stopping.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if `X` had string names for all.

    See Also
    --------
    NetClassifier : The same for classes.
    NetRegressorCV : Tunes the parameters by itself.

    References
    ----------
    .. [1] Zhang, Cisse, Dauphin & Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
    .. [2] Smith & Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sktune import NetRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), NetRegressor(n_layers=1, n_neurons=16, max_epochs=30, random_state=0))
    >>> bool(model.fit(X, y).score(X, y) > 0.4)
    True
    """

    _TARGET_CHECKS = {"multi_output": True, "y_numeric": True}

    def partial_fit(self, X, y, sample_weight=None):
        """Train for one more epoch, on these rows.

        The scale in which errors are measured is that of the first call's targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Finite numbers.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows, used as they are: 2 doubles the gradient of a row.

        Returns
        -------
        self : object
            The estimator. Goes on from an earlier `fit` or `partial_fit`, with its weights and its optimizer.

        Raises
        ------
        DivergedError
            If the loss or a weight is no longer finite.
        ValueError
            If the number of targets has changed, or `early_stopping` is set.
        """
        return self._partial_fit(X, y, None, sample_weight)

    def predict(self, X):
        """Return the predicted targets of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        targets : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the shape that `y` had in `fit`.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if self._target_ndim == 1 else outputs

    def _check_target(self, y):
        if y.dtype.kind not in "buif":
            raise ValueError(f"y must be numbers, got dtype={y.dtype}")
        if not np.isfinite(y).all():  # None in an object array has become NaN behind scikit-learn's own check
            raise ValueError("Input y contains NaN.")
        # a root of the range, so that squared errors stay within it as well
        limit = np.sqrt(np.finfo(self.dtype).max)
        if np.abs(y).max() > limit:
            raise ValueError(f"y has values that are too large for dtype={self.dtype!r}: beyond {limit:.1g}")

    def _fit_target(self, y, sample_weight, classes=None, more_to_come=False):
        self._target_ndim = y.ndim
        targets = y.reshape(len(y), -1).astype(np.float64)
        average = np.average(targets, axis=0, weights=sample_weight)
        self._target_shift = np.where((targets == targets[0]).all(axis=0), targets[0], average)  # exactly
        deviation = _deviation(targets - self._target_shift, sample_weight)
        # a target that is constant up to rounding has no scale of its own
        size = np.abs(self._target_shift)
        is_constant = deviation <= 10 * np.finfo(np.float64).eps * size
        self._check_resolution(deviation[~is_constant], self._target_shift[~is_constant])
        if more_to_come:  # what follows may vary, by as much as the target is large, for all we know
            unit = np.where(size == 0, 1.0, np.maximum(size, _smallest_deviation(self.dtype)))
        else:  # all there is to predict is the constant: whatever the network gives must not show
            unit = np.maximum(np.finfo(np.float64).eps * size, _smallest_deviation(self.dtype))
        self._target_scale = np.where(is_constant, unit, deviation)

    def _check_resolution(self, deviation, shift):
        """Say so where the network's type is too coarse for the targets' variation."""
        limits = np.finfo(self.dtype)
        smallest = _smallest_deviation(self.dtype)
        if (deviation < smallest).any():
            raise ValueError(
                f"y has a standard deviation of {deviation.min():.1g}, too small for dtype={self.dtype!r}: "
                f"the least is {smallest:.1g}. Multiply y by a power of 10."
            )
        for spread, center in zip(deviation, shift, strict=True):
            if spread < 8 * limits.eps * abs(center):
                warnings.warn(
                    f"y has a standard deviation of {spread:.1g} around {center:.7g}, which dtype={self.dtype!r} "
                    "hardly resolves. Subtract an offset from y, or set dtype='float64'.",
                    SktuneWarning,
                    stacklevel=2,
                )

    def _encode_target(self, y):
        targets = y.reshape(len(y), -1).astype(self.dtype)
        if y.ndim != self._target_ndim or targets.shape[1] != len(self._target_shift):
            raise ValueError(
                f"y has shape {y.shape}, but the first fit saw {len(self._target_shift)} target(s) "
                f"in {self._target_ndim} dimension(s)"
            )
        return targets

    def _target_fields(self):
        return {
            "n_outputs": len(self._target_shift),
            "target_shift": self._target_shift.astype(self.dtype),
            "target_scale": self._target_scale.astype(self.dtype),
        }

    _TARGET_ATTRIBUTES = ("_target_ndim", "_target_shift", "_target_scale")

    def _check_target_attributes(self, fitted, n_outputs):
        check_targets(*(fitted[name] for name in self._TARGET_ATTRIBUTES), n_outputs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def _smallest_deviation(dtype: str) -> float:
    """Return the least unit of targets of a type: nearer to zero, numbers have fewer digits."""
    limits = np.finfo(dtype)
    return float(limits.tiny / limits.eps)


def _deviation(distance: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Return the root mean square of each column, where squares alone would leave the range of numbers as well."""
    unit = np.abs(distance).max(axis=0)
    unit[unit == 0] = 1.0
    return unit * np.sqrt(np.average((distance / unit) ** 2, axis=0, weights=weights))
