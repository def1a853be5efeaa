"""Expected values of test/stages/judge/reference/chrf.test.ts, from sacrebleu (pip install sacrebleu).

    python test/golden/chrf.py

writes chrf.json beside this file: sentence-level chrF2 of texts against one reference each.
"""

import json
import pathlib
import random

import sacrebleu

PAIRS = [
    ("The car is as fast as a cheetah.", "The car is as fast as lightning."),
    ("Jane Austen.", "Jane Austen."),
    ("jane austen", "Jane Austen."),
    ("cold", "hot"),
    ("a", "a"),
    ("ab", "a"),
    ("a", "abcdefg"),
    ("abcdefghij", "xyz"),
    ("aaaaaaaa", "aaa"),
    ("the cat the cat", "the cat"),
    ("one two\tthree\n", "onetwothree"),
    ("non\u00a0breaking \u2003 space\u3000", "nonbreakingspace"),
    ("\ufeffmarked", "marked"),
    ("a\u001cb\u0085c", "abc"),
    ("Größe und Straße", "GRÖSSE UND STRASSE"),
    ("e\u0301tude", "\u00e9tude"),
    ("日本語のテキスト", "日本語の文章"),
    ("😀😀 ok", "😀 ok"),
    ("👨‍👩‍👧", "👨‍👩‍👦"),
    ("x" * 500, "x" * 499 + "y"),
]

random.seed(1)
WORDS = "a an apple banana red blue the of to is was quick brown fox".split()
for _ in range(40):
    text = [random.choice(WORDS) for _ in range(random.randint(1, 12))]
    reference = [w if random.random() < 0.7 else random.choice(WORDS) for w in text]
    PAIRS.append((" ".join(text), " ".join(reference[: random.randint(1, 12)])))

values = [
    {"text": text, "reference": reference, "chrf": sacrebleu.sentence_chrf(text, [reference]).score}
    for text, reference in PAIRS
]
out = pathlib.Path(__file__).with_name("chrf.json")
out.write_text(json.dumps({"sacrebleu": sacrebleu.__version__, "values": values}, indent=1) + "\n")
