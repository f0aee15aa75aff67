"""Networks that predict numbers."""

from numbers import Real

import numpy as np
from sklearn.base import RegressorMixin

from .._sklearn_compat import Interval, StrOptions
from .._utils.hints import explains_names
from ._base import BaseNet
from ._plan import LOG_LINK, LOSSES_OF_NUMBERS, loss_fields
from ._saved_state import check_targets
from ._target_units import check_resolution, place_and_unit, unit_of_constants


class NetRegressor(RegressorMixin, BaseNet):
    """A feed-forward network for regression; several targets at once are allowed.

    Every choice that people tune is a plain parameter, so that any scikit-learn search can tune it.

    The targets are measured in a unit of their own while training, such as their standard deviation, so that `lr` means
    the same whatever they are measured in; predictions are in the units of `y`. Training starts near the constant that
    is best for the loss. Of a target that is constant the constant is predicted ("poisson" and "gamma" come near it).

    Parameters
    ----------
    loss : {"squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"}, default="squared_error"
        What is minimised, which decides what is predicted; see the Notes. It can be searched, but a search then needs
        a `scoring` of its own: R2 is at its best for the mean.
    quantile : float, default=0.5
        In (0, 1): the quantile that ``loss="quantile"`` predicts; 0.9 is exceeded by a tenth of the targets.
    huber_delta : float, default=1.0
        Distance from which on ``loss="huber"`` counts errors as `absolute_error` does, nearer ones as `squared_error`:
        in units of the mean distance of the targets from their median.
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
    device : str or torch.device, default="cpu"
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
        One entry per epoch, NaN where an epoch has not recorded it. Each loss is the weighted mean, over rows and
        outputs, of what the Notes say, of targets in their unit; penalties are not in it. For "squared_error" 1 is what
        predicting the mean gives, for "absolute_error" predicting the median.

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

    Notes
    -----
    ================== ============================= ============================ ====================================
    loss               question                      scikit-learn's measure       unit of the targets
    ================== ============================= ============================ ====================================
    "squared_error"    What is it on average?        `mean_squared_error`         standard deviation
    "absolute_error"   What is it typically, however `mean_absolute_error`        mean distance from the median
                       far off a few targets are?
    "huber"            The average, if a few targets ``HuberRegressor``'s, halved mean distance from the median
                       are wrong?
    "quantile"         Which value is exceeded with  `mean_pinball_loss`          mean distance from the median
                       a given probability?
    "poisson"          How many, or how often?       `mean_poisson_deviance`      mean
    "gamma"            How much, if errors grow with `mean_gamma_deviance`        mean
                       the value?
    ================== ============================= ============================ ====================================

    "poisson" and "gamma" are for targets that are not negative, and positive ones: the network gives the logarithm of
    the mean, as `PoissonRegressor` and `GammaRegressor` do, so that predictions are positive. Rates are trained on as
    ``y / exposure`` with ``sample_weight=exposure``.

    `score` is R2 for all losses, as of all regressors of scikit-learn. In searches set `scoring`:
    "neg_mean_absolute_error", "neg_mean_poisson_deviance", "neg_mean_gamma_deviance", or
    ``make_scorer(mean_pinball_loss, alpha=0.9, greater_is_better=False)``.

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

    An interval that holds about 80 % of the targets, by two quantiles:

    >>> net = NetRegressor(loss="quantile", n_layers=1, n_neurons=16, lr=0.01, random_state=0)
    >>> low, high = (
    ...     make_pipeline(StandardScaler(), net.set_params(quantile=quantile)).fit(X, y).predict(X)
    ...     for quantile in (0.1, 0.9)
    ... )
    >>> bool(0.7 < ((low <= y) & (y <= high)).mean() < 0.9)
    True

    Networks of a search train as one, whatever their quantiles are:

    >>> import joblib
    >>> from sklearn.metrics import make_scorer, mean_pinball_loss
    >>> from sklearn.model_selection import GridSearchCV
    >>> of_median = make_scorer(mean_pinball_loss, greater_is_better=False)
    >>> search = GridSearchCV(net.set_params(max_epochs=5), {"quantile": [0.1, 0.5, 0.9]}, scoring=of_median, cv=3)
    >>> with joblib.parallel_config("sktune", n_jobs=2):
    ...     search = search.fit(StandardScaler().fit_transform(X), y)
    >>> search.best_params_
    {'quantile': 0.5}
    """

    _parameter_constraints = {
        **BaseNet._parameter_constraints,
        "loss": [StrOptions(set(LOSSES_OF_NUMBERS))],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
        "huber_delta": [Interval(Real, 0, None, closed="neither")],
    }

    @explains_names
    def __init__(
        self,
        *,
        loss="squared_error",
        quantile=0.5,
        huber_delta=1.0,
        n_layers=2,
        n_neurons=128,
        activation="relu",
        normalization=None,
        dropout=0.0,
        weight_decay=1e-4,
        l1=0.0,
        mixup=0.0,
        input_noise=0.0,
        optimizer="adamw",
        lr=1e-3,
        momentum=0.9,
        clip_norm=None,
        lr_schedule="constant",
        lr_decay=0.5,
        lr_step=10,
        lr_warmup=0.0,
        batch_size=64,
        max_epochs=100,
        early_stopping=False,
        validation_fraction=0.1,
        validation_split="random",
        patience=10,
        tol=1e-4,
        eval_train_loss=False,
        eval_valid_loss=False,
        device="cpu",
        dtype="float32",
        callbacks=None,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        super().__init__(
            n_layers=n_layers,
            n_neurons=n_neurons,
            activation=activation,
            normalization=normalization,
            dropout=dropout,
            weight_decay=weight_decay,
            l1=l1,
            mixup=mixup,
            input_noise=input_noise,
            optimizer=optimizer,
            lr=lr,
            momentum=momentum,
            clip_norm=clip_norm,
            lr_schedule=lr_schedule,
            lr_decay=lr_decay,
            lr_step=lr_step,
            lr_warmup=lr_warmup,
            batch_size=batch_size,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            validation_split=validation_split,
            patience=patience,
            tol=tol,
            eval_train_loss=eval_train_loss,
            eval_valid_loss=eval_valid_loss,
            device=device,
            dtype=dtype,
            callbacks=callbacks,
            warm_start=warm_start,
            random_state=random_state,
            verbose=verbose,
        )
        self.loss = loss
        self.quantile = quantile
        self.huber_delta = huber_delta

    def _target_checks(self, y):
        return {"multi_output": True, "y_numeric": True}

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
        if self.loss == "poisson" and y.min() < 0:
            raise ValueError(f"loss='poisson' needs targets of at least 0, but y has {y.min():.4g}")
        if self.loss == "gamma" and not (y.astype(self.dtype) > 0).all():
            raise ValueError(f"loss='gamma' needs targets above 0, but y has {y.min():.4g}")

    def _fit_target(self, y, sample_weight, classes=None, more_to_come=False):
        self._target_ndim = y.ndim
        targets = y.reshape(len(y), -1).astype(np.float64)
        if self.loss in LOG_LINK and not (targets > 0).any(axis=0).all():
            raise ValueError(f"loss={self.loss!r} needs targets that are not all 0: a mean of 0 has no logarithm")
        self._target_shift, unit = place_and_unit(targets, sample_weight, self.loss, self.quantile)
        # a target that is constant up to rounding has no scale of its own
        is_constant = unit <= 10 * np.finfo(np.float64).eps * np.abs(self._target_shift)
        check_resolution(unit[~is_constant], self._target_shift[~is_constant], self.dtype, self.loss)
        of_constants = unit_of_constants(self._target_shift, self.dtype, more_to_come=more_to_come)
        self._target_scale = np.where(is_constant, of_constants, unit)

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
            **loss_fields(self, self.loss),
            "target_shift": self._target_shift.astype(self.dtype),
            "target_scale": self._target_scale.astype(self.dtype),
        }

    _TARGET_ATTRIBUTES = ("_target_ndim", "_target_shift", "_target_scale")

    def _check_target_attributes(self, fitted, plan):
        check_targets(*(fitted[name] for name in self._TARGET_ATTRIBUTES), plan.network.n_outputs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.target_tags.positive_only = self.loss in LOG_LINK
        return tags
