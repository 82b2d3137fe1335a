"""What is kept of the records does not grow with their number."""

from __future__ import annotations

import numpy as np
import pytest
from monitored import FEATURES, PRICE, record

from mlops.container.kinds import Category, Number
from mlops.container.monitoring.capture import Captured
from mlops.container.sketch import Sketch
from mlops.container.summaries import MOST_LETTERS, MOST_UNKNOWN_VALUES, CategorySummary, NumberSummary


@pytest.mark.parametrize("batch", [1000, 100_000])
def test_a_sketch_keeps_few_items_and_all_of_the_weight(batch: int) -> None:
    draw, sketch, sizes = np.random.default_rng(1), Sketch(), []
    for _ in range(1_000_000 // batch):
        sketch.add(draw.normal(size=batch))
        sizes.append(sketch.items)
    assert sketch.count == 1_000_000
    assert max(sizes) < 8_000
    assert sketch.quantile(0.5) == pytest.approx(0, abs=0.01)
    assert sketch.quantile(0.975) == pytest.approx(1.96, abs=0.03)
    assert sketch.histogram(np.array([-9.0, 0.0, 9.0])).tolist() == pytest.approx([500_000, 500_000], rel=0.01)


def test_a_sketch_comes_back_from_its_description() -> None:
    sketch = Sketch()
    sketch.add(np.arange(10_000.0))
    again = Sketch(sketch.described()["data"])
    assert again.count == 10_000
    assert [again.quantile(share) for share in (0, 0.3, 1)] == [sketch.quantile(share) for share in (0, 0.3, 1)]


def test_moments_of_parts_are_those_of_the_whole() -> None:
    values = np.random.default_rng(2).normal(1e6, 1, 10_001)
    summary = NumberSummary(Number("size"))
    for part in np.array_split(values, 17):
        summary.add(part, 1)
    found = summary.statistics()["numerical_statistics"]
    assert found["common"] == {"num_present": 10_001, "num_missing": 17}
    assert found["mean"] == pytest.approx(values.mean(), rel=1e-12)
    assert found["std_dev"] == pytest.approx(values.std(), rel=1e-6)
    assert (found["min"], found["max"]) == (values.min(), values.max())


def test_unknown_values_are_counted_apart_up_to_a_limit() -> None:
    summary = CategorySummary(Category("color", ("green", "red")))
    for number in range(10_000):
        summary.add([(f"{number}" * 100, 2), ("red", 1)], 0)
    assert len(summary.counts) == MOST_UNKNOWN_VALUES + 1
    assert max(map(len, summary.counts)) <= MOST_LETTERS
    assert summary.counts["red"] == 10_000
    assert summary.present == 30_000


def test_names_of_unknown_columns_are_kept_up_to_a_limit(tmp_path) -> None:
    file = tmp_path / "a.jsonl"
    bodies = (f'{{"instances": [{{"column {number}": 1}}]}}' for number in range(1000))
    file.write_text("".join(f"{record(body, None, encoding='JSON')}\n" for body in bodies))
    captured = Captured(PRICE, FEATURES)
    captured.read([file])
    assert captured.counts.foreign == 1000
    assert len(captured.counts.extra) == MOST_UNKNOWN_VALUES


def test_rows_are_summarised_in_parts(tmp_path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(f"{record('100,3,green', '1')}\n" * 25_000)
    captured = Captured(PRICE, FEATURES)
    waiting = []
    add = captured._add

    def watched(line: object) -> None:
        add(line)
        waiting.append(len(captured._rows))

    captured._add = watched  # type: ignore[method-assign]
    captured.read([file])
    assert captured.counts.rows == captured.features[0].count == 25_000
    assert max(waiting) == 10_000
