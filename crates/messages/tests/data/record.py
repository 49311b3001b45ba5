"""Writes the files of this folder with pyarrow (26.0.1), as the programs do whose files are read here.

    python3 crates/messages/tests/data/record.py
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
STATES = [[[0.0, 1.0], [2.0, 3.0]], [[4.0, 5.0]], [[6.0, 7.0], [8.0, 9.0], [10.0, 11.0]]]
LISTS = {
    "list": pa.list_(pa.list_(pa.float32())),
    "element": pa.list_(pa.field("element", pa.list_(pa.field("element", pa.float32())))),
    "large": pa.large_list(pa.large_list(pa.float64())),
    "fixed": pa.list_(pa.list_(pa.float32(), 2)),
    "half": pa.list_(pa.list_(pa.float16())),
}


def table(kind, key="task_id"):
    text = pa.large_string() if kind == "large" else pa.string()
    return pa.table({
        key: pa.array(["a", "b", "c"], text),
        "plan": pa.array(["plan a", None, "plan c"], text),
        "plan_ids": pa.array([[1, 2], [3], []], pa.list_(pa.int64())),
        "hidden_state": pa.array(STATES, LISTS[kind]),
    })


def flat():
    values = [[value for row in rows for value in row] for rows in STATES]
    return pa.table({
        "task_id": ["a", "b", "c"],
        "hidden_state": pa.array(values, pa.list_(pa.float32())),
        "n_rows": pa.array([2, 1, 3], pa.int32()),
    })


for kind in LISTS:
    # Inner fields are named `item`, but for one kind.
    compliant = kind == "element"
    key = "id" if kind == "large" else "task_id"
    pq.write_table(table(kind, key), HERE / f"{kind}.parquet", use_compliant_nested_type=compliant)
pq.write_table(flat(), HERE / "flat.parquet")
for kind in LISTS:
    # As `datasets` saves them: a stream of batches, here of two rows.
    with pa.ipc.new_stream(HERE / f"{kind}.arrow", table(kind).schema) as stream:
        stream.write_table(table(kind), max_chunksize=2)
