"""Catastrophe-risk workbench: census maps in, loss curves, premiums and the loss-to-GDP ratio out."""

__version__ = "0.1.0"
