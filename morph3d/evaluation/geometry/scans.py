"""A scan of a person's head, against which reconstructions are measured."""
import dataclasses

import numpy as np

from morph3d.mesh.mesh import Mesh
from morph3d.morphable import landmarks

EYE_CENTERS = {"right.eye.center": landmarks.RIGHT_EYE, "left.eye.center": landmarks.LEFT_EYE}


@dataclasses.dataclass(frozen=True, eq=False)
class Scan:
    """A scan and what is known of where its parts are.

    Attributes:
      name: says in messages and tables which one it is.
      mesh: Mesh in mm, in any pose; may have holes, hair, shoulders.
      landmarks: {name: [3] mm}, of the names in morphable.landmarks.NAMES and the two of EYE_CENTERS, as many as there are.
      radius: mm around the tip of the nose that are compared (section 4.2), where a protocol has no other rule.

    Raises:
      ValueError: a landmark has an unknown name, or is not three finite numbers.
    """
    name: str
    mesh: Mesh
    landmarks: dict[str, np.ndarray]
    radius: float = 95.

    def __post_init__(self) -> None:
        for name, position in self.landmarks.items():
            if name not in EYE_CENTERS:
                landmarks.number(name)
            position = np.asarray(position)
            if position.shape != (3,) or not np.isfinite(position.astype(np.float64)).all():
                raise ValueError(f"{self.name}: the landmark {name} must be three finite numbers, found {position.tolist()}")
