"""The only domain words that both services share: usernames, token claims, public keys."""
