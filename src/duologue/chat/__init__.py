"""What is said, and to whom: rooms, messages, live delivery."""
