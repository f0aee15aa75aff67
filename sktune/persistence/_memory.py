"""What compiled code reads without looking: trees of decisions and of neighbours, sparse matrices, splines.

Their arrays hold places in each other, and the code that uses them trusts these: a forged file could make it read or
write anywhere. So they are made of parts that are checked one by one, or built again from the data they were built of.
"""

from itertools import chain
from typing import Any

import numpy as np
import scipy.sparse
from scipy.interpolate import BSpline
from sklearn.metrics import DistanceMetric
from sklearn.neighbors import BallTree, KDTree

from .._sklearn_compat import HIST_NODE, TREE_NODE, Tree, TreePredictor
from .._utils.estimator_state import require, require_keys

# -- decision trees ----------------------------------------------------------------------------------------------------


def tree_parts(tree: Tree) -> dict[str, Any]:
    """Return what the tree of a `DecisionTreeClassifier` or one of its relatives consists of."""
    _, (n_features, n_classes, n_outputs), state = tree.__reduce__()
    if set(state) != {"max_depth", "node_count", "nodes", "values"}:
        raise TypeError(f"a decision tree of this version of scikit-learn cannot be saved: it has {sorted(state)}")
    return {
        "n_features": int(n_features),
        "n_classes": n_classes,
        "n_outputs": int(n_outputs),
        "nodes": _fields(state["nodes"]),
        "values": state["values"],
    }


def make_tree(state: dict[str, Any]) -> Tree:
    """Return the decision tree of these parts."""
    require_keys(state, "a decision tree", ("n_features", "n_classes", "n_outputs", "nodes", "values"))
    n_features, n_classes, n_outputs = state["n_features"], state["n_classes"], state["n_outputs"]
    require(type(n_features) is type(n_outputs) is int and n_features >= 0, "a decision tree has no features")
    fits = type(n_classes) is np.ndarray and n_classes.dtype.kind == "i" and n_classes.shape == (n_outputs,)
    require(fits and n_outputs > 0 and (n_classes > 0).all(), "a decision tree has no classes")
    nodes = _records(state["nodes"], TREE_NODE)
    is_leaf = nodes["left_child"] == -1
    require((nodes["right_child"][is_leaf] == -1).all(), "a leaf of a decision tree has a child")
    n_levels = _count_levels(nodes["left_child"], nodes["right_child"], is_leaf)
    _check_places(nodes["feature"][~is_leaf], n_features, "a feature of a decision tree")
    values = state["values"]
    fits = type(values) is np.ndarray and values.shape == (len(nodes), n_outputs, n_classes.max())
    require(fits and values.dtype == np.float64, "the values of a decision tree do not fit its nodes")
    tree = Tree(n_features, n_classes.astype(np.intp), n_outputs)
    values = np.ascontiguousarray(values)
    tree.__setstate__({"max_depth": n_levels - 1, "node_count": len(nodes), "nodes": nodes, "values": values})
    return tree


def predictor_parts(predictor: TreePredictor) -> dict[str, Any]:
    """Return what a tree of histogram gradient boosting consists of."""
    return {**vars(predictor), "nodes": _fields(predictor.nodes)}


def make_predictor(state: dict[str, Any]) -> TreePredictor:
    """Return the tree of histogram gradient boosting of these parts."""
    bitsets = ("binned_left_cat_bitsets", "raw_left_cat_bitsets")
    require_keys(state, "a tree of boosting", ("nodes", *bitsets))
    nodes = _records(state["nodes"], HIST_NODE)
    is_leaf = nodes["is_leaf"] != 0
    inner = nodes[~is_leaf]
    _count_levels(nodes["left"].astype(np.int64), nodes["right"].astype(np.int64), is_leaf)
    require((inner["feature_idx"] >= 0).all(), "a feature of a tree of boosting is negative")
    of_categories = inner["bitset_idx"][inner["is_categorical"] != 0]
    for name in bitsets:
        fits = type(state[name]) is np.ndarray and state[name].dtype == np.uint32 and state[name].ndim == 2
        require(fits and state[name].shape[1] == 8, "the categories of a tree of boosting are not what they should be")
        _check_places(of_categories, len(state[name]), "a set of categories of a tree of boosting")
    return TreePredictor(nodes, *(np.ascontiguousarray(state[name]) for name in bitsets))


def _fields(nodes):
    return {name: nodes[name] for name in nodes.dtype.names}


def _records(fields, dtype):
    """Return the nodes that have these fields."""
    require_keys(fields, "the nodes of a tree", dtype.names)
    lengths = {value.shape if type(value) is np.ndarray else None for value in fields.values()}
    require(len(lengths) == 1 and None not in lengths, "the fields of the nodes of a tree have different lengths")
    (shape,) = lengths
    require(len(shape) == 1 and shape[0] > 0, "a tree has no nodes")
    nodes = np.zeros(shape, dtype)
    for name, value in fields.items():
        require(value.dtype == dtype[name], f"{name!r} of the nodes of a tree is of type {value.dtype}")
        nodes[name] = value
    return nodes


def _count_levels(left, right, is_leaf):
    """Return the number of levels of a tree, after a check that its children are nodes, each of one parent before it.

    Parameters
    ----------
    left, right : ndarray of shape (n_nodes,)
        Places of the children of each node.
    is_leaf : ndarray of shape (n_nodes,)
        Where there are none.
    """
    parents = np.flatnonzero(~is_leaf)
    children = np.concatenate([left[parents], right[parents]])
    fits = len(children) == len(left) - 1 and (np.sort(children) == np.arange(1, len(left))).all()
    require(fits and (children > np.tile(parents, 2)).all(), "the nodes of a tree make no tree")
    n_levels, level = 0, np.array([0])
    while len(level):
        n_levels += 1
        level = level[~is_leaf[level]]
        level = np.concatenate([left[level], right[level]])
    return n_levels


def _check_places(places, n, what):
    require(((places >= 0) & (places < n)).all(), f"{what} does not exist")


def check_owner(estimator: Any) -> None:
    """Raise FileFormatError unless the decision trees of an estimator know its features, and no others."""
    attributes, name = vars(estimator), type(estimator).__name__
    n_features, tree = getattr(estimator, "n_features_in_", None), attributes.get("tree_")
    if type(tree) is Tree:
        fits = tree.n_features == n_features and tree.n_outputs == attributes.get("n_outputs_")
        require(fits, f"the tree of {name} does not fit its features and outputs")
    for predictor in chain.from_iterable(attributes.get("_predictors", ())):
        inner = predictor.nodes[predictor.nodes["is_leaf"] == 0]
        _check_places(inner["feature_idx"], n_features, f"a feature of a tree of {name}")
    if type(estimator).__module__.startswith("sklearn.ensemble.") and n_features is not None:
        members = attributes.get("estimators_", ())
        members = members.ravel().tolist() if isinstance(members, np.ndarray) else members
        chosen = attributes.get("estimators_features_", [range(n_features)] * len(members))
        for member, columns in zip(members, chosen, strict=True):
            fits = not hasattr(member, "tree_") or member.n_features_in_ == len(columns)
            require(fits, f"a tree of {name} does not fit its features")


# -- trees of neighbours -----------------------------------------------------------------------------------------------

_METRICS = (
    "braycurtis", "canberra", "chebyshev", "dice", "euclidean", "hamming", "haversine", "jaccard", "mahalanobis",
    "manhattan", "matching", "minkowski", "rogerstanimoto", "russellrao", "seuclidean", "sokalmichener", "sokalsneath",
)  # fmt: skip
_NEIGHBORS = {"KDTree": KDTree, "BallTree": BallTree}


def neighbors_parts(tree: KDTree | BallTree) -> dict[str, Any]:
    """Return what a tree of neighbours was built of."""
    data, _, _, _, leaf_size, *_, metric, sample_weight = tree.__getstate__()
    name = type(metric).__name__.lower().removesuffix("64").removesuffix("distance")
    if name not in _METRICS:
        raise TypeError(f"the metric of {type(tree).__name__}, {type(metric).__name__}, cannot be saved")
    p, vector, matrix = metric.__getstate__()
    params = {
        "minkowski": {"p": p, "w": vector if len(vector) else None},
        "seuclidean": {"V": vector},
        "mahalanobis": {"VI": matrix},
    }.get(name, {})
    parts = {"data": data, "leaf_size": leaf_size, "metric": name, "params": params, "sample_weight": sample_weight}
    built = make_neighbors(type(tree).__name__, parts)
    if not all(np.array_equal(one, other) for one, other in zip(built.get_arrays(), tree.get_arrays(), strict=True)):
        raise TypeError(f"{type(tree).__name__} cannot be saved: built again of its data, it is another one")
    return parts


def make_neighbors(kind: str, state: dict[str, Any]) -> KDTree | BallTree:
    """Build a tree of neighbours again."""
    require_keys(state, kind, ("data", "leaf_size", "metric", "params", "sample_weight"))
    require(state["metric"] in _METRICS, f"{kind} has the unknown metric {state['metric']!r:.80}")
    require(type(state["data"]) is np.ndarray and state["data"].dtype == np.float64, f"{kind} has no data")
    require(type(state["leaf_size"]) is int, f"the leaf_size of {kind} is not an int")
    require_keys(state["params"], f"the parameters of the metric of {kind}", (), ("p", "w", "V", "VI"))
    metric = DistanceMetric.get_metric(state["metric"], **state["params"])
    return _NEIGHBORS[kind](state["data"], state["leaf_size"], metric, sample_weight=state["sample_weight"])


# -- scipy -------------------------------------------------------------------------------------------------------------

#: the arrays of each format of sparse matrices; other formats are saved by way of coo
_ARRAYS = {
    **dict.fromkeys(("csr", "csc", "bsr"), ("data", "indices", "indptr")),
    "coo": ("data", "coords"),
    "dia": ("data", "offsets"),
}
SPARSE = {
    f"{layout}_{kind}": getattr(scipy.sparse, f"{layout}_{kind}")
    for layout in (*_ARRAYS, "lil", "dok")
    for kind in ("matrix", "array")
}


def sparse_parts(matrix: Any) -> dict[str, Any]:
    """Return what a sparse matrix or array consists of."""
    plain = matrix if matrix.format in _ARRAYS else matrix.tocoo()
    arrays = {name: getattr(plain, name) for name in _ARRAYS[plain.format]}
    return {"class": type(matrix).__name__, "shape": tuple(map(int, matrix.shape)), "arrays": arrays}


def make_sparse(state: dict[str, Any]) -> Any:
    """Return the sparse matrix or array of these parts."""
    require_keys(state, "a sparse matrix", ("class", "shape", "arrays"))
    require(type(state["class"]) is str and state["class"] in SPARSE, "a sparse matrix of an unknown class")
    layout, kind = state["class"].split("_")
    plain = layout if layout in _ARRAYS else "coo"
    require_keys(state["arrays"], "the arrays of a sparse matrix", _ARRAYS[plain])
    arrays = tuple(state["arrays"][name] for name in _ARRAYS[plain])
    for array in (*arrays[:1], *(arrays[1] if plain == "coo" else arrays[1:])):
        require(type(array) is np.ndarray and array.dtype.kind in "biufc", "a sparse matrix is made of numbers")
    matrix = SPARSE[f"{plain}_{kind}"](arrays, shape=state["shape"])
    if plain in ("csr", "csc", "bsr"):
        matrix.check_format(full_check=True)
    return matrix.asformat(layout)


def spline_parts(spline: BSpline) -> dict[str, Any]:
    """Return what a spline consists of."""
    coefficients = np.moveaxis(spline.c, 0, spline.axis)
    return {
        "t": spline.t,
        "c": coefficients,
        "k": int(spline.k),
        "extrapolate": spline.extrapolate,
        "axis": spline.axis,
    }


def make_spline(state: dict[str, Any]) -> BSpline:
    """Return the spline of these parts."""
    require_keys(state, "a spline", ("t", "c", "k", "extrapolate", "axis"))
    require(type(state["k"]) is type(state["axis"]) is int, "the degree and the axis of a spline are ints")
    return BSpline(**state)
