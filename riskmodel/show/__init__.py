"""Figures and tables; takes xarray objects, computes nothing."""
