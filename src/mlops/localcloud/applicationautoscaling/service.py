"""The service Application Auto Scaling."""

from mlops.localcloud.service import Service

service = Service("application-autoscaling")
# The number of items in a page of a list.
PAGE = 50
