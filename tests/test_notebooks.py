"""What a notebook shows of estimators: every parameter explained and linked, parts inside of what holds them."""

import inspect
import re
from html import escape, unescape
from html.parser import HTMLParser

import pytest
from numpydoc.docscrape import NumpyDocString
from sklearn import config_context
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sktune
from sktune.store import CachedEstimator

X, y = load_iris(return_X_y=True)
SPACE = {"lr": (1e-3, 1e-1, "log-uniform")}
NET = sktune.NetClassifier(max_epochs=2, n_neurons=4, random_state=0)
ESTIMATORS = {
    "NetClassifier": lambda: NET,
    "NetRegressor": sktune.NetRegressor,
    "BayesSearchCV": lambda: sktune.BayesSearchCV(NET, SPACE),
    "HyperbandSearchCV": lambda: sktune.HyperbandSearchCV(NET, SPACE),
    "PopulationSearchCV": lambda: sktune.PopulationSearchCV(NET, SPACE),
    "ZoomSearchCV": lambda: sktune.ZoomSearchCV(NET, SPACE),
    "NetClassifierCV": sktune.NetClassifierCV,
    "NetRegressorCV": sktune.NetRegressorCV,
    "CachedEstimator": lambda: CachedEstimator(NET, "none.db"),
}


class Links(HTMLParser):
    """Link and text of each explained name."""

    def __init__(self, html):
        super().__init__()
        self.found, self._open = {}, None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "a" and "param-doc-link" in attributes.get("class", ""):
            self._open = [attributes.get("href"), ""]

    def handle_data(self, data):
        if self._open is not None:
            self._open[1] += data

    def handle_endtag(self, tag):
        if tag == "a" and self._open is not None:
            link, text = self._open
            name, _, explanation = text.strip().partition("\n")
            self.found[name.strip()] = link, " ".join(explanation.split())
            self._open = None


def shown(estimator):
    with config_context(display="diagram"):
        return estimator._repr_html_()


def own_part(estimator):
    """The table of the estimator itself, without those of what is in it."""
    return Links(estimator._get_params_html(False, estimator._get_doc_link())._repr_html_inner()).found


def test_these_are_all_public_estimators():
    public = {name for name in sktune.__all__ if hasattr(getattr(sktune, name), "fit")}
    assert public | {"CachedEstimator"} == set(ESTIMATORS)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_parameter_is_explained_and_linked(name):
    estimator = ESTIMATORS[name]()
    found = own_part(estimator)
    assert found.keys() == estimator.get_params(deep=False).keys()
    module = type(estimator).__module__.partition("._")[0]
    described = {item.name: item for item in NumpyDocString(inspect.getdoc(type(estimator)))["Parameters"]}
    for parameter, (link, explanation) in found.items():
        assert link.startswith(f"#{module}.{name}#:~:text={parameter},-")
        assert " ".join(" ".join(described[parameter].desc).split())[:40] in explanation
    assert f"<span>Documentation for {name}</span>" in shown(estimator)


def test_fitted_attributes_are_explained():
    net = sktune.NetClassifier(max_epochs=1, n_neurons=3).fit(X, y)
    links = Links(net._get_fitted_attr_html(net._get_doc_link())._repr_html_inner()).found
    documented = {item.name for item in NumpyDocString(inspect.getdoc(type(net)))["Attributes"]}
    assert set(links) <= documented
    assert all(explanation for _, explanation in links.values())


def labels(html):
    return [unescape(label) for label in re.findall(r"<div>([\w: ]+)</div>", html)]


@pytest.mark.parametrize("estimator", [None, NET])
def test_self_tuning_networks_show_the_network_in_them(estimator):
    model = sktune.NetClassifierCV(estimator=estimator, search_space=SPACE, n_iter=2, cv=2, random_state=0)
    html = shown(model)
    assert labels(html)[:3] == ["NetClassifierCV", "estimator: NetClassifier", "NetClassifier"]
    assert 'data-param-prefix="estimator__"' in html  # by which its parameters can be set
    if estimator is None:
        return
    html = shown(model.fit(X, y))
    names = [label for label in labels(html) if "features" not in label]
    assert names == ["NetClassifierCV", "best_estimator_: Pipeline", "StandardScaler", "NetClassifier"]
    assert escape(str(model.best_params_["lr"])[:8]) in html


def test_a_parameter_that_is_no_estimator_is_shown_all_the_same():
    assert "NetClassifierCV" in shown(sktune.NetClassifierCV(estimator="net"))


def test_networks_in_pipelines_are_linked():
    html = shown(make_pipeline(StandardScaler(), NET))
    assert 'href="#sktune.neural_network.NetClassifier"' in html
