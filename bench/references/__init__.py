"""The limits: what the same parts do when they do nothing else."""
