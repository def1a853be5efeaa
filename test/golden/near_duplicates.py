"""Expected values of test/text/similarity/similar-pairs.test.ts and test/stages/split/duplicates.test.ts, from scikit-learn
(pip install scikit-learn).

    PIPE_BOOK_DATA=<folder of instruction-data.json> python test/golden/near_duplicates.py

writes near-duplicates.json beside this file: cosines between the TF-IDF vectors of some texts, and the pairs of the book's
records whose instruction and input together are alike.
"""

import json
import os
import pathlib

import sklearn
from sklearn.feature_extraction.text import TfidfVectorizer

TEXTS = [
    "What is the capital of Peru?",
    "what's the capital city of PERU",
    "Name the capital of Peru.",
    "Name a river in Peru, a river that is long, a river",
    "the the the",
    "a I ?",
    "",
    "Größe und ÄRGER der Straße",
    "größe UND ärger, straße!",
    "ΟΔΥΣΣΕΥΣ snake_case 3rd x2 ½½",
    "οδυσσευς snake_case 3RD X2",
    "日本語のテキスト 日本",
    "日本 e\u0301tude naïve",
    "İstanbul don't can't",
]


def pairs(texts, threshold):
    vectors = TfidfVectorizer().fit_transform(texts)
    cosines = (vectors @ vectors.T).toarray()
    count = len(texts)
    found = [(i, j, round(float(cosines[i, j]), 6)) for i in range(count) for j in range(i + 1, count)]
    return [pair for pair in found if pair[2] >= threshold]


records = json.loads((pathlib.Path(os.environ["PIPE_BOOK_DATA"]) / "instruction-data.json").read_text(encoding="utf-8"))
questions = [record["instruction"] + (f"\n{record['input']}" if record["input"] else "") for record in records]
golden = {
    "scikit-learn": sklearn.__version__,
    "texts": TEXTS,
    "cosines": pairs(TEXTS, 1e-6),
    "book": {"threshold": 0.8, "pairs": pairs(questions, 0.8)},
}
lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
pathlib.Path(__file__).with_name("near-duplicates.json").write_text("{\n" + lines + "\n}\n")
