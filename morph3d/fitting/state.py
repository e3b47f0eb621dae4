"""What fitting solves for, in one vector, and what of it is likely before a photo is seen."""
from typing import NamedTuple

import numpy as np

from morph3d.fitting import lighting, view


class State(NamedTuple):
    """A face as it is in a picture; its unknowns stand in this order in vectors of changes."""
    view: view.View
    expression: np.ndarray  # [E] standard deviations
    shape: np.ndarray  # [S]
    texture: np.ndarray  # [T]
    light: np.ndarray  # [lighting.COUNT, 3] linear RGB
    places: np.ndarray = lighting.PLACES  # [lighting.COUNT - 1, 2] radians, the lights' elevations and azimuths

    @property
    def parts(self):
        """The slices of its unknowns, {name: slice}."""
        sizes = view.SIZE, len(self.expression), len(self.shape), len(self.texture), self.light.size, self.places.size
        ends = np.cumsum(sizes)
        return {name: slice(end - size, end) for name, size, end in zip(self._fields, sizes, ends, strict=True)}

    def moved(self, change):
        """The State after a change, a vector of all unknowns or of the first of them, of whole parts."""
        new = {}
        for name, part in self.parts.items():
            if part.stop > len(change):
                break
            before = self.view.vector if name == "view" else getattr(self, name)
            new[name] = before + change[part].reshape(before.shape)
        return self._replace(**new | {"view": view.View.from_vector(new["view"]).held()})


class Prior(NamedTuple):
    """Normal distributions of the coefficients; those of light are in lighting.py."""
    shape: np.ndarray  # [S] the mean, what the network has read
    texture: np.ndarray  # [T] likewise
    expression: np.ndarray  # [E, E] the inverse covariance of what differs from the neutral face
    shape_deviation: np.ndarray  # [S] from the mean
    texture_precision: np.ndarray  # [T, T] the inverse covariance of what differs from the mean
    nearness: float = view.NEARNESS
    nearness_deviation: float = view.NEARNESS_DEVIATION

    def hold(self, square, right, state):
        """Adds itself to normal equations of all unknowns of a State, or of its first parts."""
        known = {"expression": (self.expression, state.expression),
                 "shape": (np.diag(self.shape_deviation**-2.), state.shape - self.shape),
                 "texture": (self.texture_precision, state.texture - self.texture)}
        if len(right) > state.parts["light"].start:
            likely = lighting.prior()
            known |= {"light": (likely.precision, state.light.ravel() - likely.mean),
                      "places": (np.eye(state.places.size) / lighting.MOVED**2, (state.places - lighting.PLACES).ravel())}
        for name, (precision, off) in known.items():
            part = state.parts[name]
            if part.stop <= len(right):
                square[part, part] += precision
                right[part] -= precision @ off
        nearness = view.SIZE - 1
        square[nearness, nearness] += self.nearness_deviation**-2
        right[nearness] -= (state.view.nearness - self.nearness) / self.nearness_deviation**2
