"""boto3 behind plain dataclasses: nothing above this package uses botocore or its exceptions."""
