"""Parts without a domain word: nothing here knows what a user, a room or a message is."""
