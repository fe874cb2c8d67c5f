"""Params, run folder, papermill batches, verify and the command line."""
