"""The functions in front of the production endpoint: the REST API, and the hooks around the shift of its traffic.

They run in AWS Lambda behind API Gateway and CodeDeploy. infra/endpoint.yml deploys them with each release.
"""
