"""How fast it is, beside what it is made of: `python -m benchmarks --help`."""
