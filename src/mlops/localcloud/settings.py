"""The settings of a local cloud."""

from dataclasses import dataclass
from pathlib import Path

TIME_SCALE = "LOCALCLOUD_TIME_SCALE"
"""The environment variable with another time scale than the default."""
DEFAULT_TIME_SCALE = 1 / 60


@dataclass(frozen=True)
class Settings:
    """One local cloud.

    `directory` holds everything that is written: logs, job directories, images.
    `time_scale` shortens the waiting that AWS does (image pulls, bake times, batching of captured data):
    0 skips it, 1 waits as long as AWS, and with the default a minute passes in a second. Limits that a user sets, such as
    MaxRuntimeInSeconds, are never scaled.

    Alarms look at shortened periods too, while clients send their requests in real time. So a number of requests is
    scaled up: those of a shortened period count as if they continued for the whole period, and a threshold of 1000
    requests a minute is exceeded at 17 a second, as on AWS. Other metrics, errors above all, are not scaled. Autoscaling
    acts on alarms, and so by the same rule.
    """

    port: int
    directory: Path
    region: str = "us-east-1"
    account: str = "000000000000"
    time_scale: float = DEFAULT_TIME_SCALE

    @property
    def temporary(self) -> Path:
        """The directory for temporary files of the cloud and its programs, deleted when it stops."""
        return self.directory / "tmp"

    @property
    def endpoint_url(self) -> str:
        """The value of AWS_ENDPOINT_URL for clients of this cloud."""
        return f"http://127.0.0.1:{self.port}"
