"""Permissions of calls that ministack does not check: of stacks, and between its services."""
