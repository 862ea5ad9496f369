"""The product in its containers, behind its proxy: `make test-compose`."""
