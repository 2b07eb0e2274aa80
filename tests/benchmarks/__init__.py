"""`python -m benchmarks`: how fast and how frugal, against the floors and the peers of the same run."""
