"""Application Auto Scaling's front door."""

from mlops.localcloud.service import Service

service = Service("application-autoscaling")
