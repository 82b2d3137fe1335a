"""The second team: how payments end, predicted by LightGBM."""

from __future__ import annotations

from pathlib import Path

from other_team import OtherTeam, create, lock

PAYMENTS = Path(__file__).parent / "payments"
# LightGBM's wheel brings no OpenMP, and slim images have none.
OPENMP = "RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*"


def create_payments(directory: Path, python: Path) -> OtherTeam:
    team = create(directory, PAYMENTS, python, project="payments", model="outcome")
    lock(team, without=("xgboost", "xgboost-cpu"), added=("lightgbm", "narwhals"))
    team.edit("Dockerfile", lambda text: text.replace("WORKDIR", f"{OPENMP}\n\nWORKDIR", 1))
    return team
