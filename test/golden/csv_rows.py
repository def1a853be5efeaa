"""What Python's csv module reads from tricky tables: test/golden/csv-rows.json.

    python test/golden/csv_rows.py
"""

import csv
import io
import itertools
import json
import pathlib
import random

TRICKY = [
    "a,b\n1,2\n",
    "a,b\r\n1,2\r\n",
    "a,b\r1,2\r",
    "a,b\n1,2",
    'a,b\n"1,2",3\n',
    'a,b\n"line\nbreak",3\n',
    'a,b\n"line\r\nbreak",3\n',
    'a,b\n"say ""yes""",3\n',
    'a,b\n"",3\n',
    'a,b\n"""",3\n',
    'a,b\n"""a""",3\n',
    "a,b\n,\n",
    "a,b\n\n\n1,2\n\n",
    'a,b\n1,"2" 3\n',
    'a,b\n1 "2",3\n',
    'a,b\n"1"2"3",4\n',
    'a,b\n "1",2\n',
    "a,b\n1,2,3\n4\n",
    'a,b\n1,"2\n',
    'a,b\n1,"2""\n',
    'a;b\n1;"2;3"\n',
    'a\tb\n1\t"2\t3"\n',
    "a|b\n1|2\n",
    "\n\na,b\n1,2\n",
    'a,b\n1,"2"\r\n3,"4"\r',
    "a,b\n\u2028,\u0085\n",
    'ä,"ö"\n日本,🦆\n',
    "",
    "\n",
    '"',
    ",",
]
draw = random.Random(5)
ALPHABET = ['"', '"', ",", ",", "\n", "\r\n", "\r", "a", "é", " "]
random_texts = ["".join(draw.choices(ALPHABET, k=draw.randint(1, 24))) for _ in range(600)]


def delimiter_of(text):
    return next((sign for sign in ";\t|" if sign in text), ",")


def rows_of(text):
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    try:
        return [row for row in reader if row]
    except csv.Error:
        return "refused"


cases = [
    {
        "text": text,
        "delimiter": delimiter_of(text),
        "rows": rows_of(text),
    }
    for text in dict.fromkeys(itertools.chain(TRICKY, random_texts))
]
path = pathlib.Path(__file__).parent / "csv-rows.json"
path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n", encoding="utf-8")
