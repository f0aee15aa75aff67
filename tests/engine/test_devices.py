"""What can be said about other devices without having one."""

import itertools

import numpy as np
import pytest
import torch

from sktune.engine import MOMENTS, FitPlan, Rows
from sktune.engine._losses import LOSSES
from sktune.engine._stack import Member, Stack
from sktune.modules import NetworkSpec

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 5)).astype(np.float32)
NETWORKS = [
    {},
    {"dropout": 0.2, "normalization": "batch"},
    {"normalization": "layer", "activation": "gelu"},
]


KINDS = [
    *itertools.product(("log_loss", "squared_error"), MOMENTS, NETWORKS),
    *((loss, "adamw", NETWORKS[0]) for loss in LOSSES if loss not in ("log_loss", "squared_error")),
]


@pytest.mark.parametrize(("loss", "optimizer", "network"), KINDS, ids=str)
def test_an_epoch_never_waits_for_the_device(loss, optimizer, network):
    """Tensors on torch's device "meta" have no numbers: code that asks for one fails."""
    is_classification = loss in ("log_loss", "focal", "binary_log_loss", "binary_focal")
    target = {} if is_classification else {"target_shift": np.zeros(3), "target_scale": np.ones(3)}
    has_classes = loss in ("log_loss", "focal")
    y = RNG.integers(0, 3, 70) if has_classes else RNG.uniform(size=(70, 3)).astype(np.float32)
    plans = [
        FitPlan(
            network=NetworkSpec(5, 3, (8, 6), **network),
            train=Rows(X, y),
            device="meta",
            optimizer=optimizer,
            lr=1e-3 * (1 + number // 2),
            weight_decay=0.1 * number,
            batch_size=16,
            clip_norm=1.0,
            l1=1e-3,
            lr_schedule="cosine",
            loss=loss,
            **target,
        )
        for number in range(3)
    ]
    stack = Stack([Member(plan) for plan in plans])
    rates = list(zip(*(member.rates() for member in stack.members), strict=True))
    with torch.no_grad():
        losses = stack._train_batches(rates, lambda: None)
    assert losses.device.type == "meta"
    assert losses.shape == (3,)
    with pytest.raises(NotImplementedError):
        losses.tolist()
