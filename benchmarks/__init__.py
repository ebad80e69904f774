"""Compare the speed of the endpoint with other programs: `make bench`, or `python -m benchmarks --help`."""
