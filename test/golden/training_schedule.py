"""Expected values of test/training/schedule.golden.test.ts, from PyTorch and transformers (pip install torch transformers).

    python test/golden/training_schedule.py

writes training-schedule.json beside this file: 20 updates of the tiny GPT-2 of model.py with the warm-up, the cosine decay
and the clipping of appendix D of "Build a Large Language Model (From Scratch)" (clipping in every update) and nanoGPT's
weight-decay groups.
"""

import json
import math
import pathlib

import torch
from model import SHAPE, numbers, token_ids  # also writes the files of model.py again
from transformers import GPT2Config, GPT2LMHeadModel

END, IGNORED, BATCH_SIZE, EPOCHS = 60, -100, 4, 4
PEAK, INITIAL, MINIMUM, WARMUP, MAX_NORM = 0.01, 0.001, 0.0002, 0.2, 1.0

texts = [token_ids(f"train{i}", (3 + (i * 7) % 17,)).tolist() for i in range(20)]


def collate(batch):
    longest = max(len(text) for text in batch)
    rows = torch.tensor([text + [END] * (longest + 1 - len(text)) for text in batch])
    targets = rows[:, 1:].clone()
    for row in targets:
        row[(row == END).nonzero().flatten()[1:]] = IGNORED
    return rows[:, :-1], targets


model = GPT2LMHeadModel(
    GPT2Config(**SHAPE, tie_word_embeddings=False, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=END, eos_token_id=END)
).eval()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        parameter.copy_(numbers(name, parameter.shape))
groups = [
    {"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": 0.5},
    {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=PEAK, betas=(0.9, 0.999), eps=1e-8)

batches = [collate(texts[i : i + BATCH_SIZE]) for i in range(0, len(texts), BATCH_SIZE)]
total_steps = len(batches) * EPOCHS
warmup_steps = int(WARMUP * total_steps)
lr_increment = (PEAK - INITIAL) / warmup_steps
steps = []
for global_step in range(total_steps):
    inputs, targets = batches[global_step % len(batches)]
    optimizer.zero_grad()
    if global_step < warmup_steps:
        lr = INITIAL + global_step * lr_increment
    else:
        progress = (global_step - warmup_steps) / (total_steps - warmup_steps)
        lr = MINIMUM + (PEAK - MINIMUM) * 0.5 * (1 + math.cos(math.pi * progress))
    for group in optimizer.param_groups:
        group["lr"] = lr
    loss = torch.nn.functional.cross_entropy(model(inputs).logits.flatten(0, 1), targets.flatten())
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=MAX_NORM)
    clipped = torch.linalg.vector_norm(torch.stack([parameter.grad.norm() for parameter in model.parameters()]))
    optimizer.step()
    steps.append({"loss": loss.item(), "learning_rate": lr, "norm": norm.item(), "clipped_norm": clipped.item()})
    print(steps[-1])
parameters = {name: parameter.flatten()[:4].tolist() for name, parameter in model.named_parameters()}
golden = {"steps": steps, "parameters": parameters}
pathlib.Path(__file__).with_name("training-schedule.json").write_text(json.dumps(golden, indent=1) + "\n")
