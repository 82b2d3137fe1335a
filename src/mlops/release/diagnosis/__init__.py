"""Reads what a repository needs on this machine, in its account and on GitHub, and says what is wrong with it."""
