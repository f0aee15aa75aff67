"""Networks that tell classes apart."""

from numbers import Real

import numpy as np
import torch
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from .._sklearn_compat import Interval, StrOptions
from .._utils.hints import explains_names
from ._base import BaseNet
from ._class_weight import class_weight_of_rows
from ._multilabel import check_indicator, check_numbers_of_labels, has_columns, numbers_of_labels
from ._plain_labels import plain_labels
from ._plan import loss_fields
from ._saved_state import check_classes


class NetClassifier(ClassifierMixin, BaseNet):
    """A feed-forward network for classification, into classes of which a row has one or labels of which it has several.

    Every choice that people tune is a plain parameter, so that any scikit-learn search can tune it.

    Parameters
    ----------
    loss : {"log_loss", "focal"}, default="log_loss"
        What is minimised: the cross-entropy, or the focal loss [3]_, which counts rows less the surer the network is of
        their class. It is for rare classes among many easy rows; its probabilities are not calibrated. See the Notes.
    focal_gamma : float, default=2.0
        How much less: the cross-entropy ``-log(p)`` of the class's probability is multiplied with
        ``(1 - p) ** focal_gamma``. 0 is the cross-entropy, bit for bit. The paper's alpha is `class_weight`.
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
    label_smoothing : float, default=0.0
        Share in [0, 1) of the target that is spread evenly over all classes while training; of several labels, over
        having each and not having it. The focal loss is then the same mixture of the losses of the classes.
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
        Which rows are set aside: "random" rows, evenly from each class; the "last" ones, where their order is time; or
        all rows of random groups ("group"), which `groups` of `fit` tells: `validation_fraction` is then the share of
        the groups. Each class has to be trained on: "group" passes over groups that have all rows of one, and "last"
        raises an error.
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
    class_weight : dict, list of dict, "balanced" or None, default=None
        Weights of the classes, ``{label: weight}``; labels that are not listed have weight 1. "balanced" gives each
        class the same total weight. Of several labels a list of ``{0: weight, 1: weight}``, one for each, or
        "balanced"; the weight of a row is the product over its labels, as in scikit-learn's `compute_sample_weight`.
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
    net_ : skorch.NeuralNetClassifier, or skorch.NeuralNet for several labels
        The trained net, with `module_` and `history`; made at the first access.
    classes_ : ndarray of shape (n_classes,)
        The classes. Of several labels their numbers, as `MLPClassifier` has them; but of two labels a row ``[0, 1]``
        for each: scikit-learn's scorers would take 0 and 1 for the classes of a single label.
    history_ : dict of str to list
        One entry per epoch, NaN where an epoch has not recorded it. Each is the weighted mean of the `loss` over the
        rows, and over the labels where there are several; penalties are not in it.

        - ``epoch``: number of the epoch, from 1.
        - ``train_loss``: mean over the batches of the epoch, with the weights that each batch met, and with `dropout`,
          `mixup`, `input_noise` and `label_smoothing` as they are set. It cannot be compared with ``valid_loss``.
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
    NetRegressor : The same for numbers.
    NetClassifierCV : Tunes the parameters by itself.

    Notes
    -----
    A `y` of several columns of 0 and 1, dense or sparse, are labels of which a row may have any number (multilabel).
    Each has an output and a probability of its own, and `score` counts the rows all of whose labels are right. The loss
    is the mean over the labels of their cross-entropies, so that `history_` and `tol` mean the same for any number of
    labels; ``MLPClassifier.loss_`` is their sum. Rows are then set aside at random. Scores such as "roc_auc",
    "average_precision" and "f1_macro" work in searches; "neg_log_loss" is not for several labels.

    Columns that are classes each, rather than labels, need ``sklearn.multioutput.MultiOutputClassifier``.

    References
    ----------
    .. [1] Zhang, Cisse, Dauphin & Lopez-Paz, "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
    .. [2] Smith & Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2019.
    .. [3] Lin, Goyal, Girshick, He & Dollar, "Focal Loss for Dense Object Detection", ICCV 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sktune import NetClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), NetClassifier(n_layers=1, n_neurons=16, lr=0.01, random_state=0))
    >>> bool(model.fit(X, y).score(X, y) > 0.95)
    True

    Several labels at once:

    >>> from sklearn.datasets import make_multilabel_classification
    >>> X, y = make_multilabel_classification(n_classes=3, random_state=0)
    >>> model.fit(X, y).predict(X[:2]).shape
    (2, 3)
    """

    _parameter_constraints = {
        **BaseNet._parameter_constraints,
        "loss": [StrOptions({"log_loss", "focal"})],
        "focal_gamma": [Interval(Real, 0, None, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    @explains_names
    def __init__(
        self,
        *,
        loss="log_loss",
        focal_gamma=2.0,
        n_layers=2,
        n_neurons=128,
        activation="relu",
        normalization=None,
        dropout=0.0,
        weight_decay=1e-4,
        l1=0.0,
        label_smoothing=0.0,
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
        class_weight=None,
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
        self.focal_gamma = focal_gamma
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one more epoch, on these rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Finite numbers.
        y : {array-like, sparse matrix} of shape (n_samples,) or (n_samples, n_labels)
            Labels, all of them in `classes`.
        classes : array-like of shape (n_classes,), default=None
            All labels there will ever be; needed in the first call, unless `y` has a column for each label.
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
            If `classes` is missing in the first call or another one later, `y` has other labels, or `early_stopping`
            is set.
        """
        fitted = self.__sklearn_is_fitted__()
        if not fitted and classes is None and not has_columns(y):
            raise ValueError("the first call of partial_fit needs classes, the array of all labels")
        if fitted and classes is not None and self._target_ndim == 2:
            check_numbers_of_labels(classes, len(self.classes_))
        elif fitted and classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes={classes!r} is not the same as in the first call: {self.classes_!r}")
        return self._partial_fit(X, y, classes, sample_weight)

    def predict(self, X):
        """Return the most probable class of each row, or the labels that it rather has than not.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Their classes; of several labels, 1 where the probability is above 0.5 and otherwise 0.
        """
        outputs = self._outputs(X)
        return (outputs > 0).astype(np.int64) if self._has_labels() else self.classes_[outputs.argmax(axis=1)]

    def predict_proba(self, X):
        """Return the probability of each class for each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of `classes_`, as float64. Each row sums to 1, unless there are several labels, each with a
            probability of its own.
        """
        return self._outputs(X, torch.sigmoid if self._has_labels() else lambda scores: torch.softmax(scores, dim=1))

    def predict_log_proba(self, X):
        """Return the logarithm of `predict_proba`, exact where that is close to 0.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            In the order of `classes_`.
        """
        if self._has_labels():
            return self._outputs(X, torch.nn.functional.logsigmoid)
        return self._outputs(X, lambda scores: torch.log_softmax(scores, dim=1))

    def _has_labels(self):
        return getattr(self, "_target_ndim", 1) == 2

    def score(self, X, y, sample_weight=None):
        """Return the accuracy on these rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows.
        y : {array-like, sparse matrix} of shape (n_samples,) or (n_samples, n_labels)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Their weights; None is 1 for each.

        Returns
        -------
        score : float
            Share of the rows whose class is predicted right, or all of whose labels are.
        """
        return super().score(X, plain_labels(y), sample_weight)

    def _plain_target(self, y):
        return plain_labels(y)

    def _target_checks(self, y):
        return {"multi_output": True} if has_columns(y) else {}

    def _check_target(self, y):
        if y.ndim == 2:
            check_indicator(y)
            return
        try:
            check_classification_targets(y)
        except ValueError as error:
            raise ValueError(f"y must hold class labels of one kind: {error}") from error

    def _fit_target(self, y, sample_weight, classes=None, more_to_come=False):
        self._target_ndim = y.ndim
        if y.ndim == 2:
            if classes is not None:
                check_numbers_of_labels(classes, y.shape[1])
            self.classes_ = numbers_of_labels(y.shape[1])
            return
        self.classes_ = np.unique(y if classes is None else _checked_classes(classes))
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least 2 classes, got 1 class: {self.classes_.tolist()} "
                "(rows of sample_weight 0 are not counted)"
            )

    def _encode_target(self, y):
        n_outputs = len(self.classes_)
        if y.ndim != self._target_ndim or (y.ndim == 2 and y.shape[1] != n_outputs):
            seen = "one column" if self._target_ndim == 1 else f"{n_outputs} columns of labels"
            raise ValueError(f"y has shape {y.shape}, but the first fit saw {seen}")
        if y.ndim == 2:
            return y.astype(self.dtype)
        codes = np.searchsorted(self.classes_, y).clip(max=n_outputs - 1)
        unknown = self.classes_[codes] != y
        if unknown.any():
            raise ValueError(f"y has labels {np.unique(y[unknown]).tolist()} that are not in classes_ {self.classes_}")
        return codes.astype(np.int64)

    def _labels(self, y):
        return np.unique(y) if y.ndim == 1 else None

    def _counts(self, data):
        if not isinstance(self.class_weight, dict | list):
            return None
        weights = class_weight_of_rows(self.class_weight, np.unique(data.y), data, data)
        return None if weights.all() else np.flatnonzero(weights)

    def _row_weight(self, data, trained):
        if self.class_weight is None:
            return data.sample_weight
        of_row = class_weight_of_rows(self.class_weight, self.classes_, data, trained)
        return of_row if data.sample_weight is None else of_row * data.sample_weight

    def _target_fields(self):
        loss = "log_loss" if self.focal_gamma == 0 else self.loss  # which is then the same
        return {
            "n_outputs": len(self.classes_),
            **loss_fields(self, loss if self._target_ndim == 1 else f"binary_{loss}"),
            "label_smoothing": float(self.label_smoothing),
        }

    _TARGET_ATTRIBUTES = ("classes_", "_target_ndim")

    def _check_target_attributes(self, fitted, plan):
        check_classes(fitted["classes_"], fitted["_target_ndim"], plan)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _checked_classes(classes) -> np.ndarray:
    labels = np.asarray(classes)
    if labels.ndim != 1 or (labels.dtype.kind == "f" and not np.isfinite(labels).all()):
        raise ValueError(f"classes must be a 1d array of all labels, got {classes!r}")
    return labels
