"""The benchmarks there are."""

from __future__ import annotations

from benchmarks.harness import Alternative, Benchmark

BUDGET_MB = 4096.0

BENCHMARKS = (
    Benchmark(
        "catalogue",
        "rank and store 5 x 2,000 years of three storm perils, indices given on disk",
        "benchmarks.catalogue:build",
        prepared=("benchmarks.storms:store_blocks",),
        budget_seconds=40.0,
        budget_mb=BUDGET_MB,
    ),
    Benchmark(
        "catalogue_large",
        "simulate, rank and store 10 x 10,000 years; source_seconds is the part of the simulation",
        "benchmarks.catalogue:build_large",
        group="large",
        repetitions=1,
        budget_mb=BUDGET_MB,
    ),
    Benchmark(
        "catalogue_open",
        "open a stored catalogue of 10,000 years in a new process, imports not counted",
        "benchmarks.catalogue:open_stored",
        repetitions=5,
        prepared=("benchmarks.storms:store_blocks", "benchmarks.catalogue:store"),
        budget_seconds=1.0,
    ),
    Benchmark(
        "ranking_plain",
        "rank 2,000 cells of one block of typhoon wind, both sides on one core",
        "benchmarks.ranking:ours",
        prepared=("benchmarks.storms:store_blocks",),
        alternative=Alternative(
            "numpy and scipy, cell by cell",
            "benchmarks.ranking:plain",
            "benchmarks.ranking:judge",
        ),
    ),
)
