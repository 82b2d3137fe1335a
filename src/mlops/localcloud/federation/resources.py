"""AWS::IAM::OIDCProvider for CloudFormation."""

from mlops.localcloud import context
from mlops.localcloud.cloudformation import ResourceType


def _create(properties: dict, logical_id: str, stack_name: str) -> tuple[str, dict]:
    request = {
        "Url": properties["Url"],
        "ClientIDList": properties.get("ClientIdList", []),
        "ThumbprintList": properties.get("ThumbprintList", []),
        "Tags": properties.get("Tags", []),
    }
    provider = context.client("iam").create_open_id_connect_provider(**request)
    return provider["OpenIDConnectProviderArn"], {"Arn": provider["OpenIDConnectProviderArn"]}


def _update(physical_id: str, old: dict, new: dict) -> tuple[str, dict]:
    iam = context.client("iam")
    before, after = set(old.get("ClientIdList", [])), set(new.get("ClientIdList", []))
    for client_id in sorted(after - before):
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=physical_id, ClientID=client_id)
    for client_id in sorted(before - after):
        iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=physical_id, ClientID=client_id)
    return physical_id, {"Arn": physical_id}


def _delete(physical_id: str, properties: dict) -> None:
    context.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=physical_id)


resource_types = {"AWS::IAM::OIDCProvider": ResourceType(_create, _delete, _update, replace_on=("Url",))}
