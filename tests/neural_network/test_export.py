"""The trained module leaves Python: by TorchScript, `torch.export` and ONNX, with the outputs that it has here."""

import io
import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.special import softmax
from sklearn.datasets import load_diabetes, load_iris

from sktune import NetClassifier, NetRegressor
from sktune.modules import ACTIVATIONS

X, y = load_iris(return_X_y=True)
XR, yr = load_diabetes(return_X_y=True)
ROWS = torch.tensor(X[::10], dtype=torch.float32)
SMALL = {"n_neurons": 6, "max_epochs": 1, "random_state": 0}
SHAPES = {
    **{name: {"activation": name} for name in ACTIVATIONS},
    "batch norm, dropout": {"normalization": "batch", "dropout": 0.3},
    "layer norm, dropout": {"normalization": "layer", "dropout": 0.3},
    "one layer": {"n_layers": 1},
    "no hidden layer": {"n_layers": 0},
    "widths": {"n_layers": None, "n_neurons": (7, 3, 5)},
    "float64": {"dtype": "float64", "normalization": "batch"},
}


@pytest.fixture(scope="module", params=SHAPES)
def net(request):
    return NetClassifier(**{**SMALL, **SHAPES[request.param]}).fit(X, y)


def saved_and_loaded(scripted):
    file = io.BytesIO()
    torch.jit.save(scripted, file)
    file.seek(0)
    return torch.jit.load(file)


def by_script(module, rows):
    return saved_and_loaded(torch.jit.script(module))


def by_trace(module, rows):
    return saved_and_loaded(torch.jit.trace(module, rows[:2]))


def by_export(module, rows):
    return torch.export.export(module, (rows[:3],), dynamic_shapes=({0: torch.export.Dim("rows")},)).module()


def by_onnx(module, rows):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    file = io.BytesIO()
    names = {"input_names": ["X"], "dynamic_axes": {"X": {0: "rows"}}}
    torch.onnx.export(module, (rows[:2],), file, dynamo=False, **names)
    session = runtime.InferenceSession(file.getvalue())
    return lambda rows: torch.as_tensor(session.run(None, {"X": rows.numpy()})[0])


def by_onnx_of_export(module, rows):
    for name in ("onnx", "onnxscript"):
        pytest.importorskip(name)
    runtime = pytest.importorskip("onnxruntime")
    shapes = ({0: torch.export.Dim("rows")},)
    program = torch.onnx.export(module, (rows[:3],), dynamo=True, dynamic_shapes=shapes, verbose=False)
    session = runtime.InferenceSession(program.model_proto.SerializeToString())
    name = session.get_inputs()[0].name
    return lambda rows: torch.as_tensor(session.run(None, {name: rows.numpy()})[0])


WAYS = [by_script, by_trace, by_export, by_onnx, by_onnx_of_export]


def exported(way, module, rows):
    with warnings.catch_warnings():
        # torch 2.13 calls its own TorchScript and parts of its exporter to ONNX deprecated
        warnings.filterwarnings("ignore", r"`?torch\.jit\.\w+`? is (deprecated|not supported)", DeprecationWarning)
        warnings.filterwarnings("ignore", "The feature will be removed. Please remove usage", DeprecationWarning)
        warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
        warnings.filterwarnings("ignore", "You are using the legacy TorchScript-based ONNX export", DeprecationWarning)
        return way(module, rows)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_exported_network_computes_what_the_estimator_does(net, way):
    module = net.net_.module_.eval()
    rows = ROWS.to(getattr(torch, net.dtype))
    function = exported(way, module, rows)
    for part in (rows, rows[:1]):
        scores = function(part).detach().numpy()
        tolerance = 1e-5 if net.dtype == "float32" else 1e-12
        assert_allclose(scores, net.net_.forward(part.numpy()).numpy(), rtol=tolerance, atol=tolerance)
        assert_allclose(softmax(scores, axis=1), net.predict_proba(part.numpy()), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("targets", [yr, np.c_[yr, -yr]], ids=["one target", "two targets"])
def test_an_exported_regressor_predicts_in_the_units_of_the_targets(way, targets):
    net = NetRegressor(**SMALL).fit(XR, targets)
    rows = torch.tensor(XR[:9], dtype=torch.float32)
    predictions = exported(way, net.net_.module_.eval(), rows)(rows).detach().numpy()
    assert_allclose(predictions.reshape(targets[:9].shape), net.predict(XR[:9]), rtol=1e-5)


def test_a_scripted_network_that_is_told_to_train_says_that_it_cannot():
    net = NetClassifier(**SMALL, dropout=0.5).fit(X, y)
    scripted = exported(by_script, net.net_.module_.eval(), ROWS)
    with pytest.raises(torch.jit.Error, match="_drop"):
        scripted.train()(ROWS)
