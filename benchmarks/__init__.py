"""Measure the endpoint against what stands beside it: `make bench`, or `python -m benchmarks --help`."""
