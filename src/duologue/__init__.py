"""Duologue: accounts and chat for your product, self-hosted."""

__version__ = "0.1.0"
