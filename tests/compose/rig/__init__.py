"""What the container tests stand on: an engine, base images, the running stack."""
