"""A second reader of instruction data, written against the guide "Your own data" and not against the code of pipe: Python's
json and csv modules. Reads JSON lines {path, form} and answers each with {items} or {refused}: items are lists
[instruction, input, output].

    python3 test/silent-damage/read_data.py < questions > answers
"""

import csv
import io
import json
import sys


class Refused(Exception):
    pass


def constant(name):
    raise Refused(f"{name} is not JSON")


def loads(text):
    return json.loads(text, parse_constant=constant)


def lines_of(text):
    return [loads(line) for line in text.split("\n") if line.strip(" \t\r\n") != ""]


def columns(table):
    """pandas' DataFrame.to_json(): {column: {index: value}}, or lists."""
    if not all(isinstance(column, (dict, list)) for column in table.values()):
        raise Refused("no table")
    cells = {
        name: column if isinstance(column, list) else list(column.values())
        for name, column in table.items()
    }
    keys = {tuple(column) if isinstance(column, dict) else len(column) for column in table.values()}
    if len(keys) != 1:
        raise Refused("columns of other lengths or rows")
    return [dict(zip(cells, row)) for row in zip(*cells.values())]


def json_items(text):
    value = loads(text)
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        raise Refused("neither an array nor an object")
    arrays = [field for field in value.values() if isinstance(field, list) and field and all(isinstance(item, dict) for item in field)]
    if len(arrays) == 1:
        return arrays[0]
    return columns(value)


def csv_items(text, delimiter):
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if row]
    head = [name.strip().strip('\ufeff').strip() for name in rows[0]]  # names may have blanks around them
    if len(set(head)) != len(head):
        raise Refused("a column twice")
    for row in rows[1:]:
        if len(row) != len(head):
            raise Refused("a row of another length")
    return [dict(zip(head, row)) for row in rows[1:]]


def text_of(item, field):
    value = item.get(field)
    if not isinstance(value, str):
        raise Refused(f"{field} is no text")
    return value


def chat(messages, role, content):
    """One question with its answer."""
    names = {"human": "user", "gpt": "assistant"}
    said = [text_of(message, role).lower() for message in messages]
    turns = [(names.get(who, who), text_of(message, content)) for who, message in zip(said, messages)]
    if [name for name, _ in turns] != ["user", "assistant"]:
        raise Refused("no single turn")
    return [turns[0][1], "", turns[1][1]]


def record(item):
    if not isinstance(item, dict):
        raise Refused("no object")
    if "messages" in item:
        return chat(item["messages"], "role", "content")
    if "conversations" in item:
        return chat(item["conversations"], "from", "value")
    return [
        text_of(item, "instruction"),
        "" if item.get("input") is None else text_of(item, "input"),
        text_of(item, "output"),
    ]


READERS = {
    "json": json_items,
    "jsonl": lines_of,
    "csv": lambda text: csv_items(text, ","),
    "tsv": lambda text: csv_items(text, "\t"),
}


def answer(path, form):
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8-sig")
        items = [record(item) for item in READERS[form](text)]
        if not items:
            raise Refused("nothing in it")
        return {"items": items}
    except (Refused, ValueError, csv.Error, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        return {"refused": f"{type(error).__name__}: {error}"}


for question in sys.stdin:
    asked = json.loads(question)
    print(json.dumps(answer(asked["path"], asked["form"])))
