"""Who may come in: tokens, rooms, and what auth says."""
