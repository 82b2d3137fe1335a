"""The other side of the comparison: a model server as AWS's bring-your-own-container example builds it.

Flask answers, pandas reads the CSV and writes the answer, XGBoost predicts from a DMatrix:
https://github.com/aws/amazon-sagemaker-examples (scikit_bring_your_own), with the booster in place of its decision
tree, and one thread per prediction as in https://github.com/aws/sagemaker-xgboost-container.
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import flask
import numpy as np
import pandas as pd
import xgboost as xgb

DIRECTORY = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"), "model")


class ScoringService:
    booster: xgb.Booster | None = None
    schema: list[dict] = []

    @classmethod
    def get_model(cls) -> xgb.Booster:
        if cls.booster is None:
            cls.schema = json.loads((DIRECTORY / "features.json").read_text())["features"]
            cls.booster = xgb.Booster(model_file=DIRECTORY / "model.ubj")
            cls.booster.set_param({"nthread": 1})
        return cls.booster

    @classmethod
    def predict(cls, rows: pd.DataFrame) -> np.ndarray:
        booster = cls.get_model()
        columns = []
        for feature in cls.schema:
            values = rows[feature["name"]]
            if "enum" not in feature:
                columns.append(values.to_numpy("float32")[:, None])
            else:
                # Zeros and ones per value; the last row is for code -1, which is pandas' missing.
                size = len(feature["enum"])
                ones = np.vstack([np.eye(size, dtype="float32"), np.full(size, np.nan, "float32")])
                columns.append(ones[pd.Categorical(values, categories=feature["enum"]).codes])
        return booster.predict(xgb.DMatrix(np.hstack(columns)), validate_features=False)


app = flask.Flask(__name__)


@app.route("/ping", methods=["GET"])
def ping() -> flask.Response:
    status = 200 if ScoringService.get_model() is not None else 404
    return flask.Response(response="\n", status=status, mimetype="application/json")


@app.route("/invocations", methods=["POST"])
def invocations() -> flask.Response:
    if flask.request.content_type != "text/csv":
        return flask.Response(response="This predictor only supports CSV data", status=415, mimetype="text/plain")
    ScoringService.get_model()
    names = [feature["name"] for feature in ScoringService.schema]
    rows = pd.read_csv(io.StringIO(flask.request.data.decode("utf-8")), header=None, names=names)
    out = io.StringIO()
    pd.DataFrame({"results": ScoringService.predict(rows)}).to_csv(out, header=False, index=False)
    return flask.Response(response=out.getvalue(), status=200, mimetype="text/csv")
