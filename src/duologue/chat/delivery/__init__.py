"""From the commit to every socket of the room."""
