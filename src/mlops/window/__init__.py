"""The window onto the local cloud: one page with the state of its pipelines, jobs, endpoints and alarms.

All of it comes from AWS's APIs, by calls that only read.
"""
