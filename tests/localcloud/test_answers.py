"""Each operation that the local cloud adds to ministack returns the required members of its output shape.

`answers.watch` judges these answers, and those of all other tests.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import answers
import pytest
from botocore import xform_name
from builders import Builders
from delivery import Delivery
from harness import Cloud
from hosting import Hosting, says
from lambdas import Lambdas, returns
from scripts import Scripts
from shifts import CANARY, Shift
from waiting import until

from mlops.localcloud import applicationautoscaling, codebuild, codedeploy, codepipeline, sagemaker

NAME = "answers"
WAITS = "import time\ntime.sleep(600)\n"
SERVES_NOTHING = """
import time
from server import serve
serve(lambda body, headers: time.sleep(600))
"""
KEEPS_ITS_ID = """
import boto3
def handler(event, context):
    boto3.client("s3").put_object(Bucket="answers-hook", Key=event["LifecycleEventHookExecutionId"])
"""
SERVICES = [package.service for package in (sagemaker, codepipeline, codebuild, codedeploy, applicationautoscaling)]
SERVICES.append(sagemaker.runtime_service)


def jobs(scripts: Scripts) -> None:
    """Training, processing and tuning: while they run, when they have failed, and at their end."""
    client = scripts.sagemaker
    client.create_training_job(**scripts.training_request("answers-stopped", WAITS))
    client.describe_training_job(TrainingJobName="answers-stopped")
    client.stop_training_job(TrainingJobName="answers-stopped")
    assert scripts.train("answers-failed", "raise SystemExit(1)")["TrainingJobStatus"] == "Failed"
    client.create_processing_job(**scripts.processing_request("answers-stopped", WAITS))
    client.describe_processing_job(ProcessingJobName="answers-stopped")
    client.stop_processing_job(ProcessingJobName="answers-stopped")
    tuning = scripts.tuning_request(
        "answers-tuning", WAITS, {"CategoricalParameterRanges": [{"Name": "x", "Values": ["1"]}]}
    )
    client.create_hyper_parameter_tuning_job(**tuning)
    client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="answers-tuning")
    until(lambda: scripts.tuned("answers-tuning"))
    client.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="answers-tuning")
    scripts.ended_tuning("answers-tuning")
    scripts.ended_training("answers-stopped")
    scripts.ended_processing("answers-stopped")
    client.list_training_jobs()
    client.list_processing_jobs()
    client.list_hyper_parameter_tuning_jobs()


def registry(scripts: Scripts) -> None:
    """Groups, packages, and tags."""
    client = scripts.sagemaker
    arn = client.create_model_package_group(ModelPackageGroupName=NAME)["ModelPackageGroupArn"]
    package = client.create_model_package(ModelPackageGroupName=NAME)["ModelPackageArn"]
    client.describe_model_package_group(ModelPackageGroupName=NAME)
    client.list_model_package_groups()
    client.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    client.describe_model_package(ModelPackageName=package)
    client.list_model_packages(ModelPackageGroupName=NAME)
    client.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "trips"}])
    client.list_tags(ResourceArn=arn)
    client.delete_tags(ResourceArn=arn, TagKeys=["team"])
    client.delete_model_package(ModelPackageName=package)
    client.delete_model_package_group(ModelPackageGroupName=NAME)


def endpoints(hosting: Hosting) -> None:
    """Models, configurations, endpoints while they change, and their scaling."""
    client = hosting.sagemaker
    hosting.configured(NAME, says("hello"))
    client.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    client.describe_endpoint(EndpointName=NAME)
    hosting.settled(NAME)
    client.describe_model(ModelName=NAME)
    client.list_models()
    client.describe_endpoint_config(EndpointConfigName=NAME)
    client.list_endpoint_configs()
    client.list_endpoints()
    hosting.ask(NAME)
    scaling(hosting.cloud)
    hosting.settled(NAME)
    client.update_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    hosting.settled(NAME)
    client.update_endpoint_weights_and_capacities(
        EndpointName=NAME, DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}]
    )
    hosting.settled(NAME)
    hosting.delete(NAME)
    client.delete_endpoint_config(EndpointConfigName=NAME)
    client.delete_model(ModelName=NAME)


def transforms(hosting: Hosting) -> None:
    """A transform job while it runs, and at its end."""
    client, name = hosting.sagemaker, "answers-transform"
    hosting.model(name, SERVES_NOTHING)
    hosting.cloud.client("s3").put_object(Bucket=hosting.bucket, Key=f"{name}/in/rows.csv", Body=b"1,2")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{hosting.bucket}/{name}/in/"}
    client.create_transform_job(
        TransformJobName=name,
        ModelName=name,
        TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "text/csv"},
        TransformOutput={"S3OutputPath": f"s3://{hosting.bucket}/{name}/out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    client.describe_transform_job(TransformJobName=name)
    client.list_transform_jobs()
    client.stop_transform_job(TransformJobName=name)
    client.get_waiter("transform_job_completed_or_stopped").wait(TransformJobName=name, WaiterConfig={"Delay": 1})


def scaling(cloud: Cloud) -> None:
    """A scalable target and its policy."""
    client = cloud.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{NAME}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    client.register_scalable_target(**target, MinCapacity=2, MaxCapacity=2)
    tracking = {
        "TargetValue": 1000.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
    client.put_scaling_policy(
        **target,
        PolicyName=NAME,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
    )
    client.describe_scalable_targets(ServiceNamespace="sagemaker")
    client.describe_scaling_policies(ServiceNamespace="sagemaker")
    activities = {"ServiceNamespace": "sagemaker", "ResourceId": target["ResourceId"]}
    until(lambda: client.describe_scaling_activities(**activities)["ScalingActivities"])
    client.delete_scaling_policy(**target, PolicyName=NAME)
    client.deregister_scalable_target(**target)


def builds(builders: Builders) -> None:
    """A project and its builds."""
    client = builders.codebuild
    project = builders.commands(NAME, "echo built")
    client.update_project(name=project, description="answers")
    client.batch_get_projects(names=[project, "absent"])
    client.list_projects()
    builders.run(project)
    client.list_builds()
    client.list_builds_for_project(projectName=project)
    client.stop_build(id=builders.start(builders.commands("answers-stopped", "sleep 600")))
    client.delete_project(name=project)


def deployments(lambdas: Lambdas) -> None:
    """An application, a group, a configuration and deployments."""
    shift = Shift(lambdas, NAME, CANARY, returns("new"))
    client, s3 = shift.codedeploy, lambdas.cloud.client("s3")
    s3.create_bucket(Bucket="answers-hook")
    lambdas.make("answers-hook", KEEPS_ITS_ID)
    deployment = shift.start(BeforeAllowTraffic="answers-hook")
    client.get_deployment(deploymentId=deployment)
    listed = until(lambda: s3.list_objects_v2(Bucket="answers-hook").get("Contents"))
    [hook] = [each["Key"] for each in listed]
    client.put_lifecycle_event_hook_execution_status(
        deploymentId=deployment, lifecycleEventHookExecutionId=hook, status="Succeeded"
    )
    client.stop_deployment(deploymentId=deployment)
    shift.ended(deployment)
    client.list_deployments()
    client.list_deployment_targets(deploymentId=deployment)
    target = client.list_deployment_targets(deploymentId=deployment)["targetIds"][0]
    client.get_deployment_target(deploymentId=deployment, targetId=target)
    client.batch_get_deployment_targets(deploymentId=deployment, targetIds=[target])
    client.create_deployment_config(deploymentConfigName=NAME, computePlatform="Lambda")
    client.get_deployment_config(deploymentConfigName=NAME)
    client.list_deployment_configs()
    client.delete_deployment_config(deploymentConfigName=NAME)
    client.update_deployment_group(applicationName=NAME, currentDeploymentGroupName=NAME)
    client.get_deployment_group(applicationName=NAME, deploymentGroupName=NAME)
    client.list_deployment_groups(applicationName=NAME)
    client.get_application(applicationName=NAME)
    client.list_applications()
    client.delete_deployment_group(applicationName=NAME, deploymentGroupName=NAME)
    client.delete_application(applicationName=NAME)


def pipelines(delivery: Delivery) -> None:
    """A pipeline that fails, is retried, is approved and stopped."""
    client = delivery.pipelines
    delivery.create(NAME, {"Approve": [delivery.approval()]})
    arn = client.get_pipeline(name=NAME)["metadata"]["pipelineArn"]
    client.list_pipelines()
    client.tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "trips"}])
    client.list_tags_for_resource(resourceArn=arn)
    client.untag_resource(resourceArn=arn, tagKeys=["team"])
    client.update_pipeline(pipeline=client.get_pipeline(name=NAME)["pipeline"])
    client.get_pipeline_state(name=NAME)
    execution = delivery.start(NAME)
    token = delivery.token(NAME)
    delivery.answer(NAME, "Rejected", token)
    delivery.ended(NAME, execution)
    client.retry_stage_execution(
        pipelineName=NAME, stageName="Approve", pipelineExecutionId=execution, retryMode="FAILED_ACTIONS"
    )
    delivery.answer(NAME, "Approved", delivery.token(NAME, other_than=token))
    delivery.ended(NAME, execution)
    stopped = delivery.start(NAME)
    delivery.token(NAME)
    client.stop_pipeline_execution(pipelineName=NAME, pipelineExecutionId=stopped, abandon=True)
    delivery.ended(NAME, stopped)
    client.list_pipeline_executions(pipelineName=NAME)
    client.list_action_executions(pipelineName=NAME)
    client.get_pipeline_state(name=NAME)
    client.delete_pipeline(name=NAME)


@pytest.fixture
def walks(
    scripts: Scripts, hosting: Hosting, builders: Builders, lambdas: Lambdas, delivery: Delivery
) -> list[Callable]:
    """Functions that together call every operation of every added service."""
    return [
        lambda: jobs(scripts),
        lambda: registry(scripts),
        lambda: endpoints(hosting),
        lambda: transforms(hosting),
        lambda: builds(builders),
        lambda: deployments(lambdas),
        lambda: pipelines(delivery),
    ]


def test_every_operation_returns_the_required_members(walks: list[Callable]) -> None:
    with ThreadPoolExecutor() as pool:
        for future in [pool.submit(walk) for walk in walks]:
            future.result()
    implemented = {
        (service.name, name)
        for service in SERVICES
        for name in service.model.operation_names
        if xform_name(name) in service.implemented
    }
    assert implemented - answers.judged == set()


def test_an_answer_without_a_required_member_fails_the_test_that_asked(cloud: Cloud) -> None:
    client = cloud.client("sagemaker")
    client.create_model_package_group(ModelPackageGroupName="judged")
    client.meta.events.register_first("after-call", lambda parsed, **_: parsed.pop("CreationTime"))
    with pytest.raises(AssertionError, match="DescribeModelPackageGroup"):
        client.describe_model_package_group(ModelPackageGroupName="judged")
