"""Benchmarks: the product beside the limit that its parts set, in one run, on one machine."""
