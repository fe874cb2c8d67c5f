"""Loss against GDP: the ratio, the target and the replayed record."""
