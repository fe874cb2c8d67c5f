"""Responses, compiled tables, the pass over the catalogue, and the occurrence table."""
