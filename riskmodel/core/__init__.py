"""Errors, units, schemas, keyed draws and return periods: the ground floor of the workbench."""
