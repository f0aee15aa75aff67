"""A network as plain parts, and a network made of such parts, which nobody vouches for; see `sktune.persistence`."""

from abc import abstractmethod

from .._sklearn_compat import validate_parameter_constraints
from .._utils.estimator_state import check_feature_names, estimator_state, new_estimator, require, require_keys
from .._utils.portable import Portable, leaves_training_out
from .._utils.torch_state import plain_torch
from ._ready import ReadyNet
from ._reporting import fitted_attributes
from ._saved_state import check_history, plan_from, plan_parts, training_from, training_parts
from ._skorch import rebuild_net


class SavedNet(Portable):
    """Mixin of the networks: they are saved by `sktune.save`, and pickled, with all that a fit has left behind."""

    #: what a fit learns of the targets
    _TARGET_ATTRIBUTES: tuple[str, ...] = ()
    _FITTED = ("n_features_in_", "feature_names_in_", "n_iter_", "best_epoch_", "history_", "_seed", "_n_given_valid")
    _MAY_LACK = ("feature_names_in_", "_n_given_valid")
    _TRAINED = ("_blueprint", "_state", "_net")

    @property
    def _may_hold_functions(self):
        # without callbacks the net holds none, and may be large: it is not pickled once more to find that out
        return ("callbacks", "_skl_callbacks", *(["_net"] if self.callbacks else []))

    def __getstate__(self):
        state = super().__getstate__()
        if leaves_training_out() and self.__sklearn_is_fitted__():
            state.update(_state=self._current_state().for_prediction(), _net=ReadyNet())
        return state

    @abstractmethod
    def _check_target_attributes(self, fitted, plan):
        """Raise FileFormatError for attributes that do not fit the network of a plan."""

    def _to_state(self):
        """Return the parameters, and all that a fit has left behind, as plain parts (see `sktune.persistence`)."""
        state = estimator_state(self, (*self._FITTED, *self._TARGET_ATTRIBUTES, *self._TRAINED))
        if not self.__sklearn_is_fitted__():
            return {**state, "fitted": {}}
        fitted = {name: value for name, value in state["fitted"].items() if name not in self._TRAINED}
        fitted["plan"] = plan_parts(self._blueprint)
        fitted["training"] = training_parts(self._current_state())
        fitted["net_history"] = None if self._net.changed_net() is None else self._net_history()
        return {**state, "fitted": fitted}

    @classmethod
    @plain_torch()
    def _from_state(cls, state):
        """Return the estimator that `_to_state` told of; FileFormatError for anything that is not one."""
        names = (*cls._FITTED, *cls._TARGET_ATTRIBUTES)
        self = new_estimator(cls, state, (*names, "plan", "training", "net_history"))
        fitted = dict(state["fitted"])
        if not fitted:
            return self
        needed = {*names, "plan", "training", "net_history"}.difference(cls._MAY_LACK)
        require_keys(fitted, "a fitted network", needed, cls._MAY_LACK)
        plan = plan_from(fitted.pop("plan"), cls._parameter_constraints, _validate_values)
        require(plan.network.rescale == ("_target_scale" in names), "the network is for targets of another kind")
        training = training_from(fitted.pop("training"), plan)
        net_history = fitted.pop("net_history")
        n_features = fitted["n_features_in_"]
        require(n_features == plan.network.n_features and type(n_features) is int, "n_features_in_ does not fit")
        if "feature_names_in_" in fitted:
            check_feature_names(fitted["feature_names_in_"], n_features)
        require(type(fitted["_seed"]) is int and fitted["_seed"] >= 0, "the seed is no number")
        n_valid = fitted.setdefault("_n_given_valid", None)
        require(n_valid is None or (type(n_valid) is int and n_valid > 0), f"{n_valid!r} is no number of rows")
        check_history(fitted["history_"], fitted["n_iter_"], fitted["best_epoch_"])
        self._check_target_attributes(fitted, plan)
        vars(self).update(fitted, **fitted_attributes(plan, training))
        if net_history is not None:
            require(type(net_history) is list, "the history of the net is no list")
            self._net = ReadyNet(rebuild_net(plan, training, net_history, fitted.get("classes_")))
        return self


def _validate_values(constraints, values):
    validate_parameter_constraints(constraints, values, caller_name="a network's plan")
