"""Servers that break the promise, each in one way: a module to start in place of the product."""
