"""The same 200 records in the forms in which data is given away, written by the programs that people write them with.

    pip install pandas pyarrow
    python test/golden/data_forms.py

Writes test/golden/data/.
"""

import json
import pathlib
import random

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

folder = pathlib.Path(__file__).parent / "data"
draw = random.Random(7)
PIECES = [
    "red", "the sea", "Ünïcödé", "日本語", "🦆", 'say "yes"', "a, b; c", "one\ntwo", "tab\there", "100 %", "'", "\\n", "€5",
    "{{ braces }}", "\u2028", "|", "  spaces  ", "#", "=1+2", "null", "NaN", "None", "0", "-", "<b>bold</b>",
]


def text():
    return " ".join(draw.choices(PIECES, k=draw.randint(1, 4)))


items = [
    {"instruction": f"{number}: {text()}", "input": "" if draw.random() < 0.4 else text(), "output": text()}
    for number in range(200)
]


def asked(item):
    """An instruction and its input as the one message that a conversation has for them."""
    return item["instruction"] + ("\n" + item["input"] if item["input"] else "")


messages = [
    {"messages": [{"role": "user", "content": asked(item)}, {"role": "assistant", "content": item["output"]}]}
    for item in items
]
sharegpt = [
    {"dialogue": [{"from": "human", "value": asked(item)}, {"from": "gpt", "value": item["output"]}]} for item in items
]
renamed = [
    {"meta": {"source": "made up"}, "question": item["instruction"], "context": item["input"] or None, "answer": item["output"]}
    for item in items
]


def write(name, content):
    (folder / name).write_text(content, encoding="utf-8", newline="")


def lines(values):
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


folder.mkdir(exist_ok=True)
frame = pd.DataFrame(items)
write("array.json", json.dumps(items, indent=1))
write("wrapped.json", json.dumps({"version": "1.0", "rows": {"data": items}}))
frame.to_json(folder / "columns.json")
write("lines.jsonl", lines(items))
frame.to_csv(folder / "table.csv", index=False)
frame.to_csv(folder / "semicolons.csv", index=False, sep=";", encoding="utf-8-sig", lineterminator="\r\n")
frame.to_csv(folder / "tabs.tsv", index=False, sep="\t")
(folder / "utf-16.jsonl").write_bytes(lines(items[:20]).encode("utf-16"))
write("messages.jsonl", lines(messages))
write("sharegpt.json", json.dumps(sharegpt))
write("renamed.jsonl", lines(renamed))
for compression in ["snappy", "zstd", "gzip", "brotli", "none"]:
    frame[:40].to_parquet(folder / f"{compression}.parquet", index=False, compression=compression)
frame.to_parquet(folder / "table.parquet", index=False, row_group_size=64)
pq.write_table(pa.Table.from_pylist(messages), folder / "messages.parquet", compression="zstd")
pq.write_table(pa.Table.from_pylist(renamed), folder / "renamed.parquet", data_page_version="2.0")
