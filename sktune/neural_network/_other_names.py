"""What parameters of other libraries' networks are called here, for the errors about them."""

_SHAPE = "use n_layers and n_neurons"
_EPOCHS = "use max_epochs"
_COUPLED = "use weight_decay, which shrinks the weights beside the gradient: good values differ"
_OWN_MODULE = (
    "for a module of your own take skorch's NeuralNetClassifier or NeuralNetRegressor, which all searches accept"
)

#: name elsewhere -> what to do instead
OF_OTHER_NETWORKS = {
    # scikit-learn's MLPClassifier and MLPRegressor
    "hidden_layer_sizes": f"{_SHAPE} (hidden_layer_sizes=(64, 32) is n_layers=None, n_neurons=(64, 32))",
    "alpha": _COUPLED,
    "solver": "use optimizer, 'adamw', 'adam', 'sgd' or 'rmsprop' ('lbfgs' has no counterpart)",
    "learning_rate_init": "use lr",
    "learning_rate": "use lr for the rate, and lr_schedule for how it changes: 'constant', or 'plateau' for 'adaptive'",
    "power_t": "there is no schedule 'invscaling'; use lr_schedule, such as 'cosine'",
    "max_iter": _EPOCHS,
    "n_iter_no_change": "use patience, with early_stopping=True",
    "nesterovs_momentum": "optimizer='sgd' always takes Nesterov's momentum",
    "beta_1": "use momentum, which is the first decay rate of Adam too",
    "beta_2": "it is always 0.999",
    "epsilon": "it is always 1e-8",
    "max_fun": "it belongs to 'lbfgs', which has no counterpart",
    "shuffle": "rows are shuffled in every epoch",
    # skorch, Keras, PyTorch and libraries for tables
    "module": _OWN_MODULE,
    "criterion": _OWN_MODULE,
    "train_split": "use early_stopping and validation_fraction",
    "iterator_train": "use batch_size",
    "hidden_sizes": _SHAPE,
    "hidden_dims": _SHAPE,
    "hidden_units": _SHAPE,
    "hidden_dim": _SHAPE,
    "hidden_size": _SHAPE,
    "n_hidden": _SHAPE,
    "n_units": "use n_neurons",
    "units": "use n_neurons",
    "n_hidden_layers": "use n_layers",
    "num_layers": "use n_layers",
    "epochs": _EPOCHS,
    "n_epochs": _EPOCHS,
    "num_epochs": _EPOCHS,
    "eta": "use lr",
    "dropout_rate": "use dropout",
    "p_dropout": "use dropout",
    "l2": _COUPLED,
    "batch_norm": "use normalization='batch'",
    "use_bn": "use normalization='batch'",
    "early_stopping_rounds": "use patience, with early_stopping=True",
    "seed": "use random_state",
}
