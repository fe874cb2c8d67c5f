"""Covers: terms, benefits, triggers and the ledger of who pays."""
