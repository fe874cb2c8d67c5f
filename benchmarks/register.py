"""The benchmarks there are."""

from __future__ import annotations

from benchmarks.harness import ROOT, Alternative, Benchmark

BUDGET_MB = 4096.0
PEERS = ROOT / "benchmarks" / "peers"
CLIMADA_PYTHON = PEERS / ".venv-climada" / "bin" / "python"
CURVES_PYTHON = PEERS / ".venv-curves" / "bin" / "python"
TREATIES_PYTHON = PEERS / ".venv-treaties" / "bin" / "python"
ZONES_PYTHON = PEERS / ".venv-zones" / "bin" / "python"

BENCHMARKS = (
    Benchmark(
        "typhoon_indices",
        "wind, rain and surge of 10,000 simulated years on the physics grid of 0.05 degrees",
        "benchmarks.storms:indices",
        repetitions=1,
        budget_seconds=180.0,
        budget_mb=BUDGET_MB,
    ),
    Benchmark(
        "wind_field",
        "highest wind of 100 hourly tracks at 100,000 places, Holland 1980",
        "benchmarks.wind_field:ours",
        repetitions=1,
        prepared=("benchmarks.wind_field:store",),
        alternative=Alternative(
            "TropCyclone.from_tracks of CLIMADA",
            "benchmarks.wind_peers:climada",
            "benchmarks.wind_field:judge",
            CLIMADA_PYTHON,
            least_ratio=40.0,
        ),
    ),
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
        "catalogue_nine",
        "simulate, rank and store 5 x 2,000 years of nine perils from seven sources",
        "benchmarks.catalogue:build_nine",
        group="large",
        repetitions=1,
        budget_seconds=300.0,
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
    Benchmark(
        "curves",
        "OEP, AEP and TVaR of both at 10 return periods, 3 million losses in 1,000,000 years",
        "benchmarks.curves:ours",
        repetitions=5,
        prepared=("benchmarks.curves:store",),
        alternative=Alternative(
            "lecpy of oasislmf",
            "benchmarks.curves_peers:lecpy",
            "benchmarks.curves:judge_lecpy",
            CURVES_PYTHON,
            least_ratio=40.0,
            leaner=True,
        ),
    ),
    Benchmark(
        "curves_best",
        "the same beside the fastest of numpy, pandas, polars and risksim",
        "benchmarks.curves:ours_plain",
        repetitions=5,
        prepared=("benchmarks.curves:store",),
        alternative=Alternative(
            "fastest of numpy, pandas, polars and risksim",
            "benchmarks.curves_peers:fastest",
            "benchmarks.curves:judge_fastest",
            CURVES_PYTHON,
        ),
    ),
    Benchmark(
        "curves_by_group",
        "the same by 12 counties x 5 perils",
        "benchmarks.curves:ours_by_group",
        prepared=("benchmarks.curves:store",),
        alternative=Alternative(
            "lecpy of oasislmf",
            "benchmarks.curves_peers:lecpy_by_group",
            "benchmarks.curves:judge_lecpy",
            CURVES_PYTHON,
            least_ratio=80.0,
        ),
    ),
    Benchmark(
        "bootstrap",
        "intervals of AAL and of TVaR at 6 return periods, 500 resamples of 100,000 years",
        "benchmarks.curves:bootstrap",
        budget_seconds=3.0,
    ),
    Benchmark(
        "zones",
        "shares of 150,000 cells in 100 polygons of a province",
        "benchmarks.zones:ours",
        prepared=("benchmarks.zones:store",),
        alternative=Alternative(
            "exactextract",
            "benchmarks.zones_peers:exactextract",
            "benchmarks.zones:judge",
            ZONES_PYTHON,
            least_ratio=0.0,  # it is faster, in single precision; what is asked of us are seconds
        ),
        budget_seconds=5.0,
    ),
    Benchmark(
        "import",
        "check and store a province of 150,000 cells, 9 perils x 6 return periods, 100 zones",
        "benchmarks.province:ours",
        prepared=("benchmarks.province:store",),
        alternative=Alternative(
            "a script with rioxarray and exactextract, without checks",
            "benchmarks.province_peers:script",
            "benchmarks.province:judge",
            ZONES_PYTHON,
            least_ratio=0.0,  # what is asked of us are seconds and memory
        ),
        budget_seconds=60.0,
        budget_mb=2048.0,
    ),
    Benchmark(
        "fine",
        "check and read 3.4 million cells of 100 m at 6 return periods beside the demo census",
        "benchmarks.fine:ours",
        prepared=("benchmarks.fine:store",),
        budget_seconds=60.0,
        budget_mb=2048.0,
    ),
    Benchmark(
        "treaty",
        "five layers, occurrence and annual terms, shares: 3 million losses in 1,000,000 years",
        "benchmarks.treaties:ours",
        repetitions=5,
        prepared=("benchmarks.treaties:store",),
        alternative=Alternative(
            "fastest of prospicio and rippy",
            "benchmarks.treaties_peers:fastest",
            "benchmarks.treaties:judge",
            TREATIES_PYTHON,
            least_ratio=2.0,
        ),
    ),
    Benchmark(
        "treaty_kernel",
        "the same in date order with paid reinstatements, every loss and layer kept",
        "benchmarks.treaties:ours_paid",
        repetitions=5,
        prepared=("benchmarks.treaties:store",),
        alternative=Alternative(
            "a bare numba kernel",
            "benchmarks.treaties:bare_paid",
            "benchmarks.treaties:judge_paid",
            least_ratio=0.5,
        ),
    ),
    Benchmark(
        "impact",
        "10,000 events x 100,000 points, 2 % hit, five classes of 100 knots; compiling included",
        "benchmarks.impact:ours",
        prepared=("benchmarks.impact:store",),
        alternative=Alternative(
            "ImpactCalc of CLIMADA",
            "benchmarks.impact_peers:climada",
            "benchmarks.impact:judge",
            CLIMADA_PYTHON,
            least_ratio=35.0,
            leaner=True,
        ),
    ),
    Benchmark(
        "impact_kernel",
        "the same beside a kernel that only looks up and adds",
        "benchmarks.impact:ours",
        repetitions=5,
        prepared=("benchmarks.impact:store",),
        alternative=Alternative(
            "a bare numba kernel",
            "benchmarks.impact:bare",
            "benchmarks.impact:judge",
            least_ratio=1.0 / 1.3,
        ),
    ),
    Benchmark(
        "scenarios",
        "16 scenarios of one peril in one pass; 2 billion pair-columns a second are asked",
        "benchmarks.impact:scenarios",
        prepared=("benchmarks.impact:store",),
        alternative=Alternative(
            "16 passes of our own",
            "benchmarks.impact:one_by_one",
            "benchmarks.impact:judge_scenarios",
            least_ratio=1.0,
        ),
        budget_seconds=0.16,
    ),
    Benchmark(
        "combined",
        "16 scenarios of three perils of one storm in one pass; at most twice the time of one",
        "benchmarks.impact:combined",
        prepared=("benchmarks.impact:store_three",),
        alternative=Alternative(
            "one scenario, our own",
            "benchmarks.impact:combined_once",
            "benchmarks.impact:judge_scenarios",
            least_ratio=0.5,
        ),
    ),
    Benchmark(
        "sampling",
        "sample 72 million losses of 1,000 events at equal moments and sum them by event",
        "benchmarks.sampling:ours",
        repetitions=5,
        prepared=("benchmarks.sampling:store",),
        alternative=Alternative(
            "gulmc of oasislmf, two processes",
            "benchmarks.sampling_peers:gulmc",
            "benchmarks.sampling:judge",
            CURVES_PYTHON,
            least_ratio=30.0,
        ),
    ),
)
