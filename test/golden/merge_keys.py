"""Expected values of test/pipeline/yaml/merge-keys.test.ts, from ruamel.yaml (pip install ruamel.yaml), both of whose
loaders must agree. PyYAML is no reference: in lists of maps that merge others, it lets later maps win.

    python test/golden/merge_keys.py

writes merge-keys.json beside this file: random documents whose maps take keys from one another with `<<`, and what they mean.
"""

import io
import json
import pathlib
import random

from ruamel.yaml import YAML

KEYS = ["a", "b", "c", "d", "with"]
DOCUMENTS = 80


def document(source: random.Random) -> str:
    """A map of maps, each with an anchor; later ones merge earlier ones."""
    lines = []
    for index in range(source.randint(2, 6)):
        pairs = [f"{key}: {content(source, index)}" for key in source.sample(KEYS, source.randint(0, 4))]
        if index > 0 and source.random() < 0.85:
            pairs.insert(source.randint(0, len(pairs)), f"<<: {merged(source, index)}")
        if source.random() < 0.1:
            pairs.append(f'"<<": {source.randint(0, 99)}')
        if source.random() < 0.5:
            lines.append(f"m{index}: &m{index} {{ {', '.join(pairs)} }}")
        else:
            lines.append(f"m{index}: &m{index}" + (" {}" if not pairs else ""))
            lines.extend(f"  {pair}" for pair in pairs)
    return "\n".join(lines) + "\n"


def merged(source: random.Random, index: int) -> str:
    maps = [one(source, index) for _ in range(source.randint(0, 3))]
    return maps[0] if len(maps) == 1 else f"[{', '.join(maps)}]"


def one(source: random.Random, index: int) -> str:
    if source.random() < 0.2:
        return f"{{ {source.choice(KEYS)}: {source.randint(0, 99)}, <<: *m{source.randrange(index)} }}"
    return f"*m{source.randrange(index)}"


def content(source: random.Random, index: int) -> str:
    choice = source.random()
    if choice < 0.15 and index > 0:
        return f"*m{source.randrange(index)}"
    if choice < 0.3:
        return f"{{ {source.choice(KEYS)}: {source.randint(0, 99)} }}"
    if choice < 0.4:
        return f"[{source.randint(0, 99)}]"
    return "null" if choice < 0.5 else str(source.randint(0, 99))


def plain(value):
    """ruamel's own maps and lists as JSON's."""
    if isinstance(value, dict):
        return {str(key): plain(value[key]) for key in value}
    return [plain(item) for item in value] if isinstance(value, list) else value


source = random.Random(14)
cases = []
while len(cases) < DOCUMENTS:
    text = document(source)
    value = plain(YAML(typ="safe", pure=True).load(io.StringIO(text)))
    assert value == plain(YAML().load(io.StringIO(text))), text
    cases.append({"text": text, "value": value})
path = pathlib.Path(__file__).with_name("merge-keys.json")
path.write_text("[\n" + ",\n".join("  " + json.dumps(case) for case in cases) + "\n]\n")
