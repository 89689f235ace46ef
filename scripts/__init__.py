"""What people and CI run: the system, its demo data, its benchmarks."""
