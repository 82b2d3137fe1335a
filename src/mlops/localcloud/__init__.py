"""The local cloud: AWS's protocols on the loopback, with jobs, builds and endpoints that really run.

`ministack` adapts the package of that name, which provides S3, IAM, KMS, CloudFormation, Step Functions and more.
Each further service is a package: its `service` parses requests along botocore's model, other modules carry them out.
"""
