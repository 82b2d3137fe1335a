"""What all of SageMaker uses: the services, tags, lists, execution roles, data in S3, the container contract."""
