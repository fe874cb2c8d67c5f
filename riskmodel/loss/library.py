"""The library of responses in ``data/curves``: read, and checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from riskmodel.core.errors import ResponseError
from riskmodel.core.status import Status
from riskmodel.core.vocabulary import Peril
from riskmodel.core.yaml_file import read_mapping
from riskmodel.loss.response import Response, check_ratio, largest_spread

FloatArray = npt.NDArray[np.float64]
FOLDER = Path(__file__).parents[2] / "data" / "curves"

Text = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0.0)]
CurveSector = Literal[
    "all", "population", "residential", "commercial", "industrial", "transport",
    "infrastructure", "agriculture", "crops", "aquaculture", "forest",
]  # fmt: skip
Model = TypeVar("Model", bound=BaseModel)


class Fixed(BaseModel):
    """Base of the models of ``data/curves``: unknown keys and NaN refused, values fixed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class _Curve(Fixed):
    """What each curve states beside its numbers."""

    perils: tuple[Peril, ...] = Field(min_length=1)
    sector: CurveSector
    structure: Text
    outcome: Literal["damage_ratio", "share_of_persons"]
    intensity_unit: Text
    spread_from: Text
    valid_range: tuple[float, float]
    source: Text
    licence: Text
    status: Status


class TableCurve(_Curve):
    """Mean and standard deviation at knots; linear between them, or steps.

    Parameters
    ----------
    spread : sequence of float, or "all_or_nothing"
        Standard deviation of one unit at each knot; ``all_or_nothing`` is sqrt(m (1 - m)).
    """

    form: Literal["table"]
    interpolation: Literal["linear", "step"] = "linear"
    intensity: tuple[float, ...]
    value: tuple[float, ...]
    spread: tuple[float, ...] | Literal["all_or_nothing"]


class EmanuelCurve(_Curve):
    """Wind damage after Emanuel 2011; V_half is a parameter of the run.

    Parameters
    ----------
    v_threshold : float
        m/s below which the calibration has no damage.
    v_half_quartiles : tuple of float
        Lower quartile, median and upper quartile of V_half over single storms, m/s.
    """

    form: Literal["emanuel"]
    v_threshold: Positive
    v_half_quartiles: tuple[float, float, float]

    @model_validator(mode="after")
    def _quartiles_rise(self) -> Self:
        low, middle, high = self.v_half_quartiles
        if not self.v_threshold < low < middle < high:
            raise ValueError("v_half_quartiles that rise and lie above v_threshold")
        return self


Curve = Annotated[TableCurve | EmanuelCurve, Field(discriminator="form")]


class CurveSet(Fixed):
    """Published alternatives for one key of the params file, and their weights."""

    key: Text
    members: tuple[float | str, ...] = Field(min_length=2)
    weights: Literal["equal"] | tuple[Positive, ...]

    @model_validator(mode="after")
    def _weights_sum_to_one(self) -> Self:
        weights = self.weights_by_member().values()
        if len(weights) != len(self.members) or abs(sum(weights) - 1.0) > 1e-9:
            raise ValueError("one weight for each member, of sum 1")
        return self

    def weights_by_member(self) -> dict[float | str, float]:
        """Weight of each member; they sum to one."""
        count = len(self.members)
        weights = (1.0 / count,) * count if self.weights == "equal" else self.weights
        return dict(zip(self.members, weights, strict=False))


class Library(Fixed):
    """Content of ``library.yml``: curves by name, and sets of alternatives."""

    curves: Mapping[str, Curve]
    sets: Mapping[str, CurveSet]


@cache
def load_library(folder: Path = FOLDER) -> Library:
    """Read ``library.yml``, each table of it tried as a response.

    Raises
    ------
    ResponseError
        If the file is missing or not YAML, a key is written twice, unknown or missing, or a curve
        falls, exceeds 1, has one point, has a spread above sqrt(m (1 - m)) or a valid range outside
        its knots; all offending keys are named.
    """
    library = read_model(folder / "library.yml", Library)
    for name, curve in library.curves.items():
        if isinstance(curve, TableCurve):
            for peril in curve.perils:
                table_response(name, curve, peril)
    return library


def read_model(path: Path, model: type[Model]) -> Model:
    """Read a file of ``data/curves`` as a model.

    Raises
    ------
    ResponseError
        If the file is missing or not YAML, or a key is written twice, unknown, missing or refused;
        all offending keys are named.
    """
    content = read_mapping(path, ResponseError, missing="take data/curves from the repository")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(map(str, d['loc']))}: {d['msg']}; found {d['input']!r:.80}"
            for d in error.errors(include_url=False)
        ]
        raise ResponseError(
            "the library is refused\n" + "\n".join(lines),
            where=path.name,
            remedy="correct the named keys; data/curves/library.yml shows the schema",
        ) from None


def library_curve(library: Library, name: str, peril: Peril) -> TableCurve:
    """Return a table of the library that acts for a peril.

    Raises
    ------
    ResponseError
        If there is none of that name, or it is another peril's.
    """
    curve = library.curves.get(name)
    if not isinstance(curve, TableCurve) or peril not in curve.perils:
        tables = library.curves.items()
        known = [n for n, c in tables if isinstance(c, TableCurve) and peril in c.perils]
        raise ResponseError(
            "no such table in the library", where=f"{peril}", found=name, expected=known,
            remedy="name one of them, or add it to data/curves/library.yml with its source",
        )  # fmt: skip
    return curve


def table_response(
    name: str, curve: TableCurve, peril: Peril, *, factor: float = 1.0, shift: float = 0.0
) -> Response:
    """Response of a table of the library.

    Parameters
    ----------
    name : str
        Name of the response, for messages and tables.
    curve : TableCurve
    peril : str
        One of the curve's perils.
    factor : float
        Multiplies mean and spread; the mean is cut at 1, where all is lost and nothing varies.
    shift : float
        Added to the knots and to the valid range, unit of the intensity. Knots that it moves to
        zero or below are left out, and the curve starts at (0, 0).
    """
    x = np.asarray(curve.intensity, dtype=np.float64) + shift
    mean, spread = _moments(curve, factor)
    if shift < 0.0:
        above = x > 0.0
        x, mean, spread = (np.append(0.0, part[above]) for part in (x, mean, spread))
    low, high = curve.valid_range
    response = Response(
        name=name, peril=peril, intensity_unit=curve.intensity_unit,
        intensity=tuple(x.tolist()), value=tuple(mean.tolist()),
        interpolation=curve.interpolation, source=curve.source, status=curve.status,
        spread=tuple(spread.tolist()), valid_range=(max(low + shift, 0.0), high + shift),
    )  # fmt: skip
    check_ratio(response)
    return response


def _moments(curve: TableCurve, factor: float) -> tuple[FloatArray, FloatArray]:
    """Mean and spread times a factor; cut where the factor takes them too far, and only there."""
    mean = np.asarray(curve.value, dtype=np.float64)
    if factor != 1.0:
        mean = np.minimum(mean * factor, 1.0)
    if curve.spread == "all_or_nothing":
        return mean, largest_spread(np.clip(mean, 0.0, 1.0))
    spread = np.asarray(curve.spread, dtype=np.float64)
    if factor != 1.0:
        spread = np.minimum(spread * factor, largest_spread(mean))
    return mean, spread
