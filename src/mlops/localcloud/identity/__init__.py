"""Roles of services and their credentials, and the authorization of requests."""
