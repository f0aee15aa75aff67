"""What an estimator tells the outside while it trains."""

from .._utils.deadline import check_deadline, current_deadline
from .._utils.notices import give_notice
from ..engine import TrainingState, has_learned
from ..exceptions import NothingLearnedWarning
from ._ready import ReadyNet

#: so many epochs, or optimizer steps, are needed to tell that a network learns nothing
_EPOCHS_TO_TELL, _STEPS_TO_TELL = 10, 100


class EpochReporter:
    """Report each epoch: to scikit-learn's callbacks, on the screen, and to the clock of an enclosing time budget.

    Parameters
    ----------
    estimator : estimator
        The one that is being fitted.
    context : sklearn.callback.CallbackContext
        Its root context, of which each epoch is a subtask.
    plan : FitPlan
        What is being trained.
    data : dict
        ``X``, ``y`` and ``metadata`` (sample weights, or None), which callbacks may ask for.
    """

    def __init__(self, estimator, context, plan, data):
        self._estimator = estimator
        self._context = context
        self._data = data
        self._last_epoch = plan.first_epoch + plan.n_epochs
        self._plan = plan
        self._epoch_context = None
        self._deadline = current_deadline()  # of this thread: another one may train

    def begin(self):
        """Say that an epoch begins."""
        self._epoch_context = self._context.subcontext(task_name="epoch")
        self._epoch_context.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def end(self, row, weights):
        """Take the epoch's row of the history; return whether a callback wants to stop here.

        Parameters
        ----------
        row : dict
        weights : callable
            Returns the network's present weights.
        """
        if self._estimator.verbose:
            values = "  ".join(f"{name} {value:.4g}" for name, value in row.items() if name != "epoch")
            print(f"epoch {row['epoch']:>{len(str(self._last_epoch))}}/{self._last_epoch}  {values}", flush=True)
        check_deadline(self._deadline)
        return self._epoch_context.call_on_fit_task_end(
            estimator=self._estimator,
            **self._data,
            reconstruction_attributes=lambda: fitted_attributes(self._plan, TrainingState(weights())),
        )


def fitted_attributes(plan, state, net=None):
    """Return what an estimator needs in order to predict with the network of a training state.

    Parameters
    ----------
    plan : FitPlan
    state : TrainingState
    net : skorch.NeuralNet or None, default=None
        The skorch net that it was trained in, if it has more to it than the state.
    """
    return {"_blueprint": plan.without_rows(), "_state": state, "_net": ReadyNet(net)}


def warn_unless_learned(estimator, plan):
    """Warn if an estimator, whose training is at its end, is no better than a constant on its training rows."""
    n_epochs = estimator.n_iter_
    if n_epochs < _EPOCHS_TO_TELL and n_epochs * plan.n_batches < _STEPS_TO_TELL:
        return
    train_loss = estimator.history_["train_loss"][estimator.best_epoch_ - 1]
    if not has_learned(plan, estimator._state, train_loss):
        give_notice(
            NothingLearnedWarning,
            f"after {n_epochs} epochs the loss of {type(estimator).__name__} on its training rows is no better than "
            f"that of a constant prediction: lower lr (now {estimator.lr:.3g}), scale the inputs with "
            "StandardScaler(), or train more epochs.",
        )
