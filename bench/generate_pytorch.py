"""The other sides of bench/generate.mjs, in PyTorch, float32, on one model of transformers with random weights.

Argument and protocol are those of bench/generate-worker.mjs; {batch} is replied to by generate with its cache, {book} by the
loop of the book, generate_text_simple, without a cache, for the first prompt of that batch alone.
"""

import json
import sys
import time

import torch
from transformers import GPT2Config, GPT2LMHeadModel

with open(sys.argv[1]) as file:
    job = json.load(file)
SHAPE = {name: job["config"][name] for name in ("n_layer", "n_head", "n_embd", "n_positions", "vocab_size")}
END = job["config"]["eos_token_id"]
TOKENS, BATCHES = job["tokens"], job["batches"]


def tell(line):
    print(json.dumps(line), flush=True)


@torch.no_grad()
def with_cache(prompts):
    longest = max(len(prompt) for prompt in prompts)
    padding = [longest - len(prompt) for prompt in prompts]
    ids = torch.tensor([[END] * pad + prompt for pad, prompt in zip(padding, prompts)])
    mask = torch.tensor([[0] * pad + [1] * (longest - pad) for pad in padding])
    model.generate(
        ids, attention_mask=mask, min_new_tokens=TOKENS, max_new_tokens=TOKENS, do_sample=False, pad_token_id=END
    )


@torch.no_grad()
def as_in_the_book(prompt):
    ids = torch.tensor([prompt])
    for _ in range(TOKENS):
        logits = model(ids[:, -job["config"]["n_positions"] :], use_cache=False).logits[:, -1]
        ids = torch.cat((ids, logits.argmax(dim=-1, keepdim=True)), dim=1)


torch.manual_seed(1)
model = GPT2LMHeadModel(GPT2Config(**SHAPE)).eval()
tell({"ready": True})
for line in sys.stdin:
    question = json.loads(line)
    start = time.perf_counter()
    if "batch" in question:
        prompts = BATCHES[question["batch"]]
        with_cache(prompts)
    else:
        prompts = BATCHES[question["book"]][:1]
        as_in_the_book(prompts[0])
    tell({"replies": len(prompts), "seconds": time.perf_counter() - start})
