"""Joint calibration of the two damage levers on a few named storms.

Published V_half are fitted to losses of all causes; beside flood and surge they count twice, so
both levers are fitted together (docs/adr/0005-joint-calibration.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import optimize

from riskmodel.core.errors import RiskModelError

FloatArray = npt.NDArray[np.float64]
PRIOR_SPREAD = np.array([0.35, 1.0])  # of ln V_half (published event fits p25-p75) and of ln scale

STEP, XTOL = 0.05, 3e-3  # finite difference and tolerance of the logarithm of the levers


class Calibration(NamedTuple):
    """Levers, modelled losses at the levers (CNY) and the log residual of each storm."""

    v_half: float
    flood_damage_scale: float
    modelled: FloatArray
    residual: FloatArray


def fit_levers(
    modelled: Callable[[float, float], FloatArray],
    reported: FloatArray,
    *,
    published: tuple[float, float],
) -> Calibration:
    """Levers that minimise squared log residuals plus a weak prior at the published values.

    min Σ_s (ln modelled_s - ln reported_s)² + (ln V_half/V_pub)² / 0.35² + (ln scale)² / 1.0²

    Parameters
    ----------
    modelled : callable
        Losses (storm,) in CNY as a function of V_half (m/s) and the flood damage scale.
    reported : array (storm,)
        CNY of the same year, > 0.
    published : tuple of float
        V_half and scale that the prior is centred on.

    Raises
    ------
    RiskModelError
        If a storm has no modelled loss at the published values: it cannot inform the levers.
    """
    if not (modelled(*published) > 0).all():
        raise RiskModelError(
            "a storm without modelled loss cannot calibrate",
            remedy="mark it `use: comparison` in data/history/reported_losses.yml",
        )
    centre = np.log(np.asarray(published, dtype=np.float64))

    def residuals(point: FloatArray) -> FloatArray:
        departure = point - 1.0  # starts at one, so that finite steps are relative to one
        misfit = np.log(modelled(*np.exp(centre + departure))) - np.log(reported)
        return np.concatenate([misfit, departure / PRIOR_SPREAD])

    best = optimize.least_squares(residuals, np.ones(2), diff_step=STEP, xtol=XTOL)
    v_half, scale = (float(v) for v in np.exp(centre + best.x - 1.0))
    losses = modelled(v_half, scale)
    return Calibration(v_half, scale, losses, np.log(losses / reported))
