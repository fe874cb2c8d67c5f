"""Exceedance curves and metrics from occurrence losses."""
