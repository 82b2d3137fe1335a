"""The structure of a pipeline: what AWS refuses, and what the local cloud does not support.

Source: AWS CodePipeline User Guide, "CodePipeline pipeline structure reference".
"""

from collections.abc import Iterable

from mlops.localcloud import context
from mlops.localcloud.codepipeline import actions, variables
from mlops.localcloud.codepipeline.records import in_run_order
from mlops.localcloud.errors import AWSError, not_implemented

_CONDITIONS = ("beforeEntry", "onSuccess", "onFailure", "blockers")
_ACTION_EXTRAS = ("commands", "outputVariables", "environmentVariables")


def check(declaration: dict) -> None:
    """Raise AWSError with the first fault of a pipeline's declaration."""
    _check_pipeline(declaration)
    stages = declaration["stages"]
    _check_unique((stage["name"] for stage in stages), "stage", "InvalidStageDeclarationException")
    produced = _Produced(declaration)
    for index, stage in enumerate(stages):
        _check_stage(stage, first=index == 0)
        for together in in_run_order(stage["actions"]):
            for action in together:
                _check_action(action, declaration)
                produced.check_use(action, stage["name"])
            for action in together:
                produced.add(action)


class _Produced:
    """Artifacts and namespaces of the actions that come before, in the order in which they run."""

    def __init__(self, declaration: dict):
        declared = {variable["name"] for variable in declaration.get("variables", [])}
        self._artifacts: set[str] = set()
        self._unreadable: set[str] = set()
        self._namespaces: dict[str, set[str] | None] = {
            variables.RESERVED: {"PipelineExecutionId"},
            variables.PIPELINE: declared,
        }

    def check_use(self, action: dict, stage: str) -> None:
        for name in _names(action, "inputArtifacts"):
            if name not in self._artifacts:
                raise _structure(
                    f"Input Artifact Bundle {name} in action {action['name']} of stage {stage} "
                    "is not declared as Output Artifact Bundle in any of the preceding actions"
                )
            if name in self._unreadable:
                raise not_implemented(
                    f"Action {action['name']} of stage {stage}: the local cloud cannot pass on {name}, because AWS does "
                    "not document which file a Step Functions action writes into its output artifact"
                )
        for namespace, name in variables.references(action.get("configuration", {})):
            known = self._namespaces.get(namespace, set())
            if known is not None and name not in known:
                raise _structure(
                    f"Action {action['name']} of stage {stage} refers to #{{{namespace}.{name}}}, "
                    "which no preceding action and no variable of the pipeline provides"
                )

    def add(self, action: dict) -> None:
        for name in _names(action, "outputArtifacts"):
            if name in self._artifacts:
                raise _structure(f"Output Artifact Bundle name must be unique within the pipeline. {name} is not")
            self._artifacts.add(name)
            if action["actionTypeId"]["provider"] == "StepFunctions":
                self._unreadable.add(name)
        if namespace := action.get("namespace"):
            if namespace in self._namespaces:
                raise _structure(f"Namespace must be unique within the pipeline. {namespace} is not")
            # What an action produces is known only when it has run.
            self._namespaces[namespace] = None


def _check_pipeline(declaration: dict) -> None:
    if len(declaration["stages"]) < 2:
        raise _structure(f"Pipeline {declaration['name']} should have at least 2 stages")
    v2 = declaration.get("pipelineType", "V1") == "V2"
    if not v2 and (declaration.get("variables") or declaration.get("executionMode", "SUPERSEDED") != "SUPERSEDED"):
        raise _structure("Variables and the execution modes QUEUED and PARALLEL need a pipeline of type V2")
    _check_unique((variable["name"] for variable in declaration.get("variables", [])), "variable")
    if declaration.get("triggers"):
        raise not_implemented("The local cloud does not support triggers, which belong to repositories by connection")
    if "artifactStore" not in declaration:
        raise not_implemented("The local cloud needs one artifactStore: it has no actions in other regions")


def _check_stage(stage: dict, first: bool) -> None:
    name = stage["name"]
    if not stage["actions"]:
        raise AWSError("InvalidStageDeclarationException", f"Stage {name} has no actions")
    _check_unique((action["name"] for action in stage["actions"]), f"action in stage {name}")
    for condition in _CONDITIONS:
        if stage.get(condition):
            raise not_implemented(f"The local cloud does not support {condition} of stage {name}")
    for action in stage["actions"]:
        if (action["actionTypeId"]["category"] == "Source") != first:
            raise _structure(
                f"Action {action['name']} of stage {name}: the first stage has source actions only, "
                "and no other stage has one"
            )


def _check_action(action: dict, declaration: dict) -> None:
    kind, name = action["actionTypeId"], action["name"]
    provider = actions.PROVIDERS.get((kind["category"], kind["owner"], kind["provider"], kind["version"]))
    if provider is None:
        requested = "/".join((kind["category"], kind["owner"], kind["provider"], kind["version"]))
        known = ", ".join("/".join(key) for key in actions.PROVIDERS)
        raise not_implemented(f"Action {name}: the local cloud has no {requested}; it has {known}")
    for member in _ACTION_EXTRAS:
        if action.get(member):
            raise not_implemented(f"Action {name}: the local cloud does not support {member}")
    if action.get("region", context.region()) != context.region():
        raise not_implemented(
            f"Action {name}: the local cloud has no actions in other regions, such as {action['region']}"
        )
    if "timeoutInMinutes" in action and kind["category"] != "Approval":
        raise _action(f"Action {name}: timeoutInMinutes is available to manual approvals only")
    if provider.v2_only and declaration.get("pipelineType", "V1") != "V2":
        raise _action(f"Action {name}: {kind['provider']} needs a pipeline of type V2")
    configuration = action.get("configuration", {})
    for key in configuration:
        if key not in provider.configuration:
            raise _action(
                f"Action configuration for action '{name}' contains unknown configuration '{key}'; "
                f"known are {', '.join(provider.configuration)}"
            )
    for key in provider.required:
        if key not in configuration:
            raise _action(f"Action configuration for action '{name}' misses the required '{key}'")
    for member, (least, most) in (
        ("inputArtifacts", provider.inputs),
        ("outputArtifacts", provider.outputs),
    ):
        count = len(action.get(member, []))
        if not least <= count <= most:
            raise _structure(f"Action {name} has {count} {member}; {kind['provider']} takes {least} to {most}")
    if fault := provider.fault(action):
        raise _action(f"Action {name}: {fault}")
    if unsupported := provider.unsupported(action):
        raise not_implemented(f"Action {name}: {unsupported}")


def _check_unique(names: Iterable[str], kind: str, code: str = "InvalidStructureException") -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise AWSError(code, f"Names must be unique: there are two of {kind} {name}")
        seen.add(name)


def _names(action: dict, member: str) -> list[str]:
    return [artifact["name"] for artifact in action.get(member, [])]


def _structure(message: str) -> AWSError:
    return AWSError("InvalidStructureException", message)


def _action(message: str) -> AWSError:
    return AWSError("InvalidActionDeclarationException", message)
