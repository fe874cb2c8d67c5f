"""Intensity curves, typhoon physics, the catalogue and its fidelity."""
