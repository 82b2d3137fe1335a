"""CodeDeploy's front door."""

from mlops.localcloud.service import Service

service = Service("codedeploy")
# Who assumes the roles of deployment groups.
PRINCIPAL = "codedeploy.amazonaws.com"
