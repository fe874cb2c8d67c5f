from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from riskmodel.core.errors import CatalogueError, ParamError
from riskmodel.hazard.typhoon.fields import storm_indices
from riskmodel.hazard.typhoon.highest_wind import TILE, highest_wind

RANDOM = np.random.default_rng(3)
LATITUDE, LONGITUDE = RANDOM.uniform(26.0, 29.0, 700), RANDOM.uniform(119.0, 122.0, 700)


@pytest.mark.parametrize("profile", ["holland_1980", "holland_2010"])
def test_skipping_moments_changes_no_bit(few_storms: xr.Dataset, profile: str) -> None:
    every_moment = storm_indices(few_storms, LATITUDE, LONGITUDE, seed=1, block=0, profile=profile)
    found = highest_wind(few_storms, LATITUDE, LONGITUDE, profile=profile)
    np.testing.assert_array_equal(found.values, every_moment["wind"].values.T)


def test_the_order_of_places_does_not_matter(few_storms: xr.Dataset) -> None:
    found = highest_wind(few_storms, LATITUDE, LONGITUDE).values
    shuffled = RANDOM.permutation(LATITUDE.size)
    again = highest_wind(few_storms, LATITUDE[shuffled], LONGITUDE[shuffled]).values
    np.testing.assert_array_equal(again, found[:, shuffled])


@pytest.mark.parametrize("places", [1, 2, TILE, TILE + 1])
def test_any_number_of_places(few_storms: xr.Dataset, places: int) -> None:
    # the corners fix the box of the places, hence the steps in time
    latitude = np.r_[26.0, 29.0, LATITUDE[:places]]
    longitude = np.r_[119.0, 122.0, LONGITUDE[:places]]
    every_moment = storm_indices(few_storms, latitude, longitude, seed=1, block=0)["wind"]
    found = highest_wind(few_storms, latitude, longitude)
    np.testing.assert_array_equal(found.values, every_moment.values.T)


def test_bad_places_and_profiles_are_refused(few_storms: xr.Dataset) -> None:
    with pytest.raises(CatalogueError, match="finite and as many"):
        highest_wind(few_storms, [27.0, np.nan], [120.0, 121.0])
    with pytest.raises(ParamError, match="no such wind profile"):
        highest_wind(few_storms, [27.0], [120.0], profile="rankine")
