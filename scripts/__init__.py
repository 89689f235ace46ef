"""Commands for people and CI: the system, its demo data, its benchmarks."""
