"""``python -m riskmodel``: the same as the command ``riskmodel``."""

from __future__ import annotations

from riskmodel.run.cli import main

main()
