"""Expected values of test/model/generation/sampling.test.ts, made by the logits processors of transformers (pip install torch transformers).

    python test/golden/sampling.py

writes sampling.json beside this file: for each combination of settings the tokens that remain of 40, with their probabilities.
"""

import json
import pathlib

import torch
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

torch.manual_seed(11)
scores = (torch.randn(2, 40) * 2).round(decimals=3)
scores[1, 10] = scores[1, 30] = scores[1].max()  # equal scores at the top

SETTINGS = [
    {"temperature": 1.0},
    {"temperature": 0.7},
    {"temperature": 2.5},
    {"temperature": 1.0, "topK": 1},
    {"temperature": 1.0, "topK": 5},
    {"temperature": 1.0, "topK": 100},
    {"temperature": 1.0, "topP": 0.9},
    {"temperature": 1.0, "topP": 0.05},
    {"temperature": 0.7, "topP": 0.8},
    {"temperature": 1.5, "topK": 12, "topP": 0.6},
    {"temperature": 0.3, "topK": 8, "topP": 0.95},
]


def processors(settings):
    """In the order in which transformers' generate() applies them."""
    chain = LogitsProcessorList()
    if settings["temperature"] != 1:
        chain.append(TemperatureLogitsWarper(settings["temperature"]))
    if "topK" in settings:
        chain.append(TopKLogitsWarper(settings["topK"]))
    if "topP" in settings:
        chain.append(TopPLogitsWarper(settings["topP"]))
    return chain


cases = []
for row in scores:
    for settings in SETTINGS:
        probabilities = processors(settings)(None, row[None].clone()).softmax(-1)[0]
        tokens = probabilities.nonzero().flatten()
        cases.append(
            {
                "scores": row.tolist(),
                "settings": settings,
                "tokens": tokens.tolist(),
                "probabilities": [round(p, 7) for p in probabilities[tokens].tolist()],
            }
        )
path = pathlib.Path(__file__).with_name("sampling.json")
path.write_text(json.dumps(cases))
