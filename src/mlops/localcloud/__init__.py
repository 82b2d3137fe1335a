"""The local cloud: AWS's protocols on the loopback, with the work really done.

`base` is the adapter to ministack, which gives S3, IAM, KMS, CloudFormation, Step Functions and more.
Each further service is a package here, with a botocore-modelled front door (`service`) and executors behind it.
"""
