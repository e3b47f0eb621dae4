"""Settings of a training."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class LossWeights:
    """What each loss is multiplied with. The defaults put identity first.

    The paper prints 1, 1, 10, 0.07 (section 3.3) and 0.4, 0.002 (section 3.3.1). On coefficients of unit variance its parameter
    loss, a sum of 398 squares, drowns the identity loss, which is at most 2.
    """
    parameter: float = .003
    identity: float = 25.
    batch: float = .007
    loopback: float = .003
    shape: float = .4  # of the shape coefficients inside the parameter and loopback losses
    texture: float = .1  # of the texture coefficients there
