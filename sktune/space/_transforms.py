"""The transformations of scikit-optimize: from values to what a model of that library is fitted to.

They are apart from the unit interval: `Space` and the optimizer use coordinates, these serve code written for
scikit-optimize's ``transform`` and ``inverse_transform``.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ._identity import ChoiceIndex

NUMBER_TRANSFORMS = ("normalize", "identity")
CHOICE_TRANSFORMS = ("identity", "string", "label", "onehot", "normalize")
#: How far outside [0, 1] rounding may carry a normalized value.
_TOLERANCE = 1e-8


class NumberTransform:
    """Numbers, or their logarithms to `base`, as they are ("identity") or scaled to [0, 1] ("normalize")."""

    def __init__(self, kind: str, low: float, high: float, base: float | None):
        self._normalize = kind == "normalize"
        self._low, self._high, self._base = low, high, base
        ends = self._warp(np.array([low, high], dtype=np.float64))
        self.bounds = (0.0, 1.0) if self._normalize else (low, high) if base is None else tuple(ends.tolist())
        self._start, self._width = ends[0], ends[1] - ends[0]

    def _warp(self, values: np.ndarray) -> np.ndarray:
        return values if self._base is None else np.log10(values) / np.log10(self._base)

    def transform(self, values: Any) -> Any:
        if not self._normalize:
            return values if self._base is None else self._warp(np.asarray(values, dtype=np.float64))
        values = np.asarray(values, dtype=np.float64)
        if np.any((values > self._high + _TOLERANCE) | (values < self._low - _TOLERANCE)):
            raise ValueError(f"All values should be from {self._low} to {self._high}, got {values}")
        return (self._warp(values) - self._start) / self._width

    def inverse_transform(self, transformed: Any) -> np.ndarray:
        warped = np.asarray(transformed, dtype=np.float64)
        if self._normalize:
            if np.any((warped > 1 + _TOLERANCE) | (warped < -_TOLERANCE)):
                raise ValueError(f"All values should be from 0.0 to 1.0, got {warped}")
            warped = self._start + warped * self._width
        values = warped if self._base is None else np.power(float(self._base), warped)
        return np.clip(values, self._low, self._high)


class ChoiceTransform:
    """Choices as they are, as strings, as their number, as their number scaled to [0, 1], or as indicator columns.

    Two choices need a single indicator column: 0 for the first, 1 for the second.
    """

    def __init__(self, kind: str, choices: Sequence[Any], index: ChoiceIndex):
        self.kind, self._choices, self._index = kind, choices, index
        self.size = len(choices) if kind == "onehot" and len(choices) != 2 else 1
        if kind == "string":
            self._of_string = {str(choice): position for position, choice in enumerate(choices)}
            if len(self._of_string) < len(choices):
                raise ValueError(
                    "transform='string' needs choices that read differently as strings; use 'label' or 'onehot'"
                )

    def transform(self, values: Sequence[Any]) -> Any:
        if self.kind == "identity":
            return values
        labels = [self._label(value) for value in values]
        if self.kind == "label":
            return labels
        if self.kind == "string":
            return [str(self._choices[label]) for label in labels]
        if self.kind == "normalize":
            return np.array(labels, dtype=np.float64) / max(len(self._choices) - 1, 1)
        columns = np.eye(len(self._choices))[np.array(labels, dtype=np.int64)]
        return columns[:, 1:] if len(self._choices) == 2 else columns

    def inverse_transform(self, transformed: Any) -> list:
        if self.kind == "identity":
            return list(transformed)
        if self.kind == "string":
            return [self._choices[self._position_of(text)] for text in transformed]
        numbers = np.asarray(transformed, dtype=np.float64)
        if self.kind == "onehot" and len(self._choices) != 2:
            labels = numbers.reshape(-1, len(self._choices)).argmax(axis=1)
        elif self.kind == "onehot":
            labels = (numbers.reshape(-1) > 0.5).astype(int)
        else:
            scale = len(self._choices) - 1 if self.kind == "normalize" else 1
            labels = np.rint(np.atleast_1d(numbers) * scale).astype(int)
            if np.any((labels < 0) | (labels >= len(self._choices))):
                raise ValueError(f"there is no choice at {transformed!r} under transform={self.kind!r}")
        return [self._choices[label] for label in labels]

    def _label(self, value: Any) -> int:
        label = self._index.find(value)
        if label is None:
            raise ValueError(f"{value!r} is none of the categories {self._choices!r}")
        return label

    def _position_of(self, text: Any) -> int:
        if text not in self._of_string:
            raise ValueError(f"{text!r} is the string of none of the categories {self._choices!r}")
        return self._of_string[text]
