"""The load generator: locust users that call an endpoint at the least possible cost.

A load test should measure the endpoint and not the generator. boto3 prepares and signs a request once; each user
sends its bytes many times (`requests`) over a separate connection (`user`). The results include the generator's
own CPU time and whether it kept up (`recorder`, `summary`).

This module imports nothing: an import of locust patches the standard library for the whole process.
"""
