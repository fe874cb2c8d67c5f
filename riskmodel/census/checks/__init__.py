"""Checks of a census: small functions that yield what they find."""
