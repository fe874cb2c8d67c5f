"""The demo census of Wenzhou: synthetic, built from public totals by a written method."""

from riskmodel.run.demo.build import build_demo

__all__ = ["build_demo"]
