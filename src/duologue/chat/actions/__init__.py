"""What a person can do: one file for each. REST and socket call the same action."""
