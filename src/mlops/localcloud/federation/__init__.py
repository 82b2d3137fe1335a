"""Principals from elsewhere: administrators, accounts of an organization, web identities of GitHub."""
