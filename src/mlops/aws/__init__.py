"""boto3 behind plain dataclasses: nothing above this package knows botocore or its exceptions."""
