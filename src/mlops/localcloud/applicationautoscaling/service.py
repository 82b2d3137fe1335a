"""Application Auto Scaling's front door."""

from mlops.localcloud.service import Service

service = Service("application-autoscaling")
# How many items a list shows at once.
PAGE = 50
