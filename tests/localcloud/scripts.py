"""Jobs whose program is a script of the test, the way SageMaker's script mode and ScriptProcessor do it."""

import io
import tarfile
import textwrap
from dataclasses import dataclass
from typing import Any

from botocore.client import BaseClient
from harness import Cloud
from waiting import until

IMAGE = {
    "Dockerfile": """
FROM python:3.13-slim
WORKDIR /opt/program
COPY run.py ./
ENTRYPOINT ["python", "run.py"]
""",
    "run.py": """
import os, runpy
runpy.run_path(os.path.join(os.environ["SAGEMAKER_BASE_DIR"], "input/data/code/program.py"))
""",
}
ENDED = {"Completed", "Failed", "Stopped"}


@dataclass(frozen=True)
class Scripts:
    """Runs scripts as jobs in a cloud. The image's program runs `program.py` of the channel `code`."""

    cloud: Cloud
    bucket: str
    role_arn: str
    image_uri: str

    @property
    def sagemaker(self) -> BaseClient:
        return self.cloud.client("sagemaker")

    def put(self, key: str, content: str) -> str:
        """Put an object into S3 and return its URI."""
        self.cloud.client("s3").put_object(Bucket=self.bucket, Key=key, Body=textwrap.dedent(content).encode())
        return f"s3://{self.bucket}/{key}"

    def get(self, key: str) -> str:
        """The content of an object."""
        return self.cloud.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read().decode()

    def keys(self, prefix: str) -> list[str]:
        """The keys below a prefix."""
        listed = self.cloud.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def archive(self, key: str) -> dict[str, str]:
        """Names and contents of an uploaded tarball."""
        body = self.cloud.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            return {member.name: tar.extractfile(member).read().decode() for member in tar if member.isfile()}

    def training_request(self, name: str, program: str, **changes: Any) -> dict:
        """A CreateTrainingJob request that runs `program`; `changes` replace or add members."""
        self.put(f"{name}/code/program.py", program)
        return {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": self.image_uri, "TrainingInputMode": "File"},
            "RoleArn": self.role_arn,
            "InputDataConfig": [self.channel("code", f"{name}/code/")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/{name}/models"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            **changes,
        }

    def channel(self, name: str, prefix: str, **changes: Any) -> dict:
        """An input channel from a prefix of the bucket."""
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/{prefix}"}
        return {"ChannelName": name, "DataSource": {"S3DataSource": source | changes}}

    def train(self, name: str, program: str, **changes: Any) -> dict:
        """Run `program` as a training job to its end and describe the job."""
        self.sagemaker.create_training_job(**self.training_request(name, program, **changes))
        return self.ended_training(name)

    def ended_training(self, name: str) -> dict:
        """The description of a training job once it has ended."""

        def description() -> dict | None:
            job = self.sagemaker.describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] in ENDED else None

        return until(description)

    def processing_request(self, name: str, program: str, **changes: Any) -> dict:
        """A CreateProcessingJob request that runs `program`; `changes` replace or add members."""
        code = self.put(f"{name}/code/program.py", program)
        return {
            "ProcessingJobName": name,
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
            },
            "AppSpecification": {
                "ImageUri": self.image_uri,
                "ContainerEntrypoint": ["python", "/opt/ml/processing/input/code/program.py"],
            },
            "ProcessingInputs": [self.processing_input("code", code)],
            "RoleArn": self.role_arn,
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            **changes,
        }

    def processing_input(self, name: str, uri: str, **changes: Any) -> dict:
        """An input at processing/input/{name}."""
        location = {"S3Uri": uri, "LocalPath": f"/opt/ml/processing/input/{name}", "S3DataType": "S3Prefix"}
        return {"InputName": name, "S3Input": location | {"S3InputMode": "File"} | changes}

    def processing_output(self, name: str, prefix: str, mode: str = "EndOfJob") -> dict:
        """An output from processing/output/{name} to a prefix of the bucket."""
        location = {"S3Uri": f"s3://{self.bucket}/{prefix}", "LocalPath": f"/opt/ml/processing/output/{name}"}
        return {"OutputName": name, "S3Output": location | {"S3UploadMode": mode}}

    def process(self, name: str, program: str, **changes: Any) -> dict:
        """Run `program` as a processing job to its end and describe the job."""
        self.sagemaker.create_processing_job(**self.processing_request(name, program, **changes))
        return self.ended_processing(name)

    def ended_processing(self, name: str) -> dict:
        """The description of a processing job once it has ended."""

        def description() -> dict | None:
            job = self.sagemaker.describe_processing_job(ProcessingJobName=name)
            return job if job["ProcessingJobStatus"] in ENDED else None

        return until(description)

    def tuning_request(self, name: str, program: str, ranges: dict, **config: Any) -> dict:
        """A CreateHyperParameterTuningJob request that minimizes `loss=` in the output of `program`."""
        request = self.training_request(name, program)
        del request["TrainingJobName"]
        request["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=([-0-9.e]+)"}]
        limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2}
        return {
            "HyperParameterTuningJobName": name,
            "HyperParameterTuningJobConfig": {
                "Strategy": "Random",
                "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
                "ResourceLimits": limits,
                "ParameterRanges": ranges,
                "RandomSeed": 1,
                **config,
            },
            "TrainingJobDefinition": request,
        }

    def tune(self, name: str, program: str, ranges: dict, **config: Any) -> dict:
        """Run a tuning job to its end and describe it."""
        request = self.tuning_request(name, program, ranges, **config)
        self.sagemaker.create_hyper_parameter_tuning_job(**request)
        return self.ended_tuning(name)

    def ended_tuning(self, name: str) -> dict:
        """The description of a tuning job once it has ended."""

        def description() -> dict | None:
            job = self.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
            return job if job["HyperParameterTuningJobStatus"] in ENDED else None

        return until(description)

    def tuned(self, name: str, **filters: Any) -> list[dict]:
        """The training jobs of a tuning job."""
        pages = self.sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
            HyperParameterTuningJobName=name, **filters
        )
        return [job for page in pages for job in page["TrainingJobSummaries"]]

    def log(self, group: str, job: str) -> str:
        """What the instances of a job have printed, from CloudWatch Logs."""
        logs = self.cloud.client("logs")
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
        events = [
            event
            for stream in streams
            for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
        ]
        return "\n".join(event["message"] for event in events)
