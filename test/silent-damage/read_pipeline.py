"""A second reader of pipeline files: ruamel.yaml for YAML 1.2, Jinja itself for templates, neither of which knows pipe. Reads
JSON lines {path, item}, and answers each with {stages, prompt, response} or {refused}.

    python3 test/silent-damage/read_pipeline.py < questions > answers
"""

import json
import re
import sys

import jinja2
import ruamel.yaml

jinja = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)


def template(text):
    # A byte order mark between the names of an expression is a blank to pipe.
    return jinja.from_string(re.sub(r"\{[{%].*?[}%]\}", lambda found: found[0].replace("\ufeff", " "), text, flags=re.S))


def yaml_of(text):
    # Of YAML 1.2 ruamel.yaml does not know that the colon ends a name in `{ data :{ … } }` (ns-plain-char), and that a tab may
    # stand before it (s-white).
    return re.sub(r"(?<=[\w ]):(?=[\[{](?!\{))", ": ", re.sub(r"\t:|: \t", lambda found: found[0].replace("\t", " "), text))


def resolved(value, params):
    if isinstance(value, dict):
        return {key: resolved(part, params) for key, part in value.items()}
    if isinstance(value, list):
        return [resolved(part, params) for part in value]
    whole = isinstance(value, str) and re.fullmatch(r"\$\{\s*params\.(\w+)\s*\}", value)
    return params[whole[1]] if whole else value


def answer(path, item):
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            document = ruamel.yaml.YAML(typ="safe", pure=True).load(yaml_of(file.read()))
        params = document.get("params") or {}
        stages = {
            name: {"uses": stage["uses"], "with": resolved(stage.get("with") or {}, params)}
            for name, stage in document["stages"].items()
        }
        style = stages["format"]["with"]["prompt"]
        return {
            "stages": stages,
            "prompt": template(style["prompt"]).render(item),
            "response": template(style["response"]).render(item),
        }
    except (ruamel.yaml.error.YAMLError, jinja2.TemplateError, ValueError, KeyError, TypeError, AttributeError) as error:
        return {"refused": f"{type(error).__name__}: {error}"[:300]}


for question in sys.stdin:
    asked = json.loads(question)
    print(json.dumps(answer(asked["path"], asked["item"]), default=str))
