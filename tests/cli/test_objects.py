"""The objects whose versions identify a release."""

import io
import uuid
import zipfile
from pathlib import Path

import pytest

from mlops.aws import objects
from mlops.aws.session import Session
from mlops.errors import InputError
from mlops.names import DATA_KEY


@pytest.fixture
def bucket(session: Session) -> str:
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    s3 = session.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": session.region})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for split in ("train", "validation", "test", "baseline"):
        (tmp_path / split).mkdir()
        (tmp_path / split / f"{split}.csv").write_text("total_amount,distance\n9.5,1.2\n")
    (tmp_path / "dataset.json").write_text("{}")
    return tmp_path


def test_a_data_set_is_uploaded_as_one_archive(session: Session, bucket: str, dataset: Path):
    version = objects.upload_data(session, bucket, dataset)
    answer = session.client("s3").get_object(Bucket=bucket, Key=DATA_KEY, VersionId=version)
    with zipfile.ZipFile(io.BytesIO(answer["Body"].read())) as archive:
        assert sorted(archive.namelist()) == [
            "baseline/baseline.csv",
            "dataset.json",
            "test/test.csv",
            "train/train.csv",
            "validation/validation.csv",
        ]


def test_the_same_data_keeps_its_version(session: Session, bucket: str, dataset: Path):
    version = objects.upload_data(session, bucket, dataset)
    (dataset / "dataset.json").touch()
    assert objects.upload_data(session, bucket, dataset) == version


def test_other_data_gets_another_version(session: Session, bucket: str, dataset: Path):
    version = objects.upload_data(session, bucket, dataset)
    (dataset / "train" / "train.csv").write_text("total_amount,distance\n")
    assert objects.upload_data(session, bucket, dataset) != version


def test_a_folder_that_is_no_data_set_is_refused(session: Session, bucket: str, dataset: Path):
    (dataset / "test" / "test.csv").unlink()
    with pytest.raises(InputError, match=r"it has no test/test\.csv.*mlops data prepare"):
        objects.upload_data(session, bucket, dataset)


def test_before_the_first_deployment_the_missing_bucket_is_explained(session: Session, dataset: Path):
    with pytest.raises(InputError, match="There is no bucket not-there-yet yet. Run: mlops deploy"):
        objects.upload_data(session, "not-there-yet", dataset)
