"""The edges: decode, call one action, encode."""
