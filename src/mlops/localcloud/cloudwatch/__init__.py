"""CloudWatch: metrics of the services of the local cloud, and alarms on them."""
