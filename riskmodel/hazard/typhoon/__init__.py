"""Typhoons: the record, a track model fitted to it, and the indices of wind, rain and surge."""
