"""Expected values of test/model/generation/penalties.golden.test.ts, from transformers (pip install torch transformers).

    python test/golden/penalties.py

writes penalties.json beside this file: what the logits processors make of random scores of 20 tokens, and what the tiny GPT-2
of model.py generates greedily from some prompts under each penalty.
"""

import json
import pathlib

import torch
from model import SHAPE, numbers, token_ids  # also writes the files of model.py again
from transformers import GPT2Config, GPT2LMHeadModel, NoRepeatNGramLogitsProcessor, RepetitionPenaltyLogitsProcessor

END, NEW = 60, 14
SETTINGS = [
    {"repetitionPenalty": 1.0, "noRepeatNgramSize": 2},
    {"repetitionPenalty": 1.3, "noRepeatNgramSize": 0},
    {"repetitionPenalty": 0.7, "noRepeatNgramSize": 0},
    {"repetitionPenalty": 2.5, "noRepeatNgramSize": 3},
    {"repetitionPenalty": 1.1, "noRepeatNgramSize": 1},
]
TEXTS = [[3], [3, 7, 7, 3], [1, 2, 3, 1, 2, 3, 1, 2], [5, 5, 5, 5], [0, 19, 4, 0, 19]]

torch.manual_seed(5)
cases = []
for settings in SETTINGS:
    for text in TEXTS:
        ids = torch.tensor([text])
        scores = torch.randn(1, 20) * 3
        changed = RepetitionPenaltyLogitsProcessor(settings["repetitionPenalty"])(ids, scores)
        if settings["noRepeatNgramSize"] > 0:
            changed = NoRepeatNGramLogitsProcessor(settings["noRepeatNgramSize"])(ids, changed)
        expected = [None if value == float("-inf") else value for value in changed[0].tolist()]
        cases.append({"options": settings, "text": text, "scores": scores[0].tolist(), "expected": expected})

model = GPT2LMHeadModel(
    GPT2Config(**SHAPE, tie_word_embeddings=True, bos_token_id=END, eos_token_id=END, pad_token_id=END)
).eval()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        parameter.copy_(numbers(name, parameter.shape))
prompts = [token_ids(f"prompt{i}", (3 + 2 * i,)).tolist() for i in range(4)]
replies = []
for settings in [{"repetitionPenalty": 1.0, "noRepeatNgramSize": 0}, *SETTINGS]:
    for prompt in prompts:
        options = {"repetition_penalty": settings["repetitionPenalty"], "no_repeat_ngram_size": settings["noRepeatNgramSize"]}
        found = model.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), do_sample=False, max_new_tokens=NEW, **options)
        replies.append({"options": settings, "prompt": prompt, "reply": [t for t in found[0, len(prompt) :].tolist() if t != END]})

golden = {"cases": cases, "replies": replies}
pathlib.Path(__file__).with_name("penalties.json").write_text(json.dumps(golden) + "\n")
for reply in replies:
    print(reply)
