"""Who owns what is lost in each sector."""

from __future__ import annotations

from collections.abc import Mapping

OWNER_OF_SECTOR: Mapping[str, str] = {
    "residential": "household",
    "crops": "farm",
    "aquaculture": "farm",
    "forest": "farm",
    "commercial": "enterprise",
    "industrial": "enterprise",
    "infrastructure": "public_body",
}
OWNERS = tuple(dict.fromkeys(OWNER_OF_SECTOR.values()))
