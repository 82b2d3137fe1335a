"""GitHub: what the workflows of this repository are to the account."""
