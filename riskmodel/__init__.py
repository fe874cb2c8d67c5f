"""Catastrophe-risk workbench: census maps in; loss curves, premiums, loss-to-GDP ratio out."""

__version__ = "0.1.0"
