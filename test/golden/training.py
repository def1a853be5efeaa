"""Expected values of test/training, printed by PyTorch (pip install torch).

    python test/golden/training.py

writes training-adamw.json beside this file and prints the small values that the tests hold themselves.
"""

import json
import pathlib

import torch
from torch.utils.data import DataLoader

torch.manual_seed(123)
print("64-bit draws, seed 123:", [torch.empty((), dtype=torch.int64).random_().item() for _ in range(3)])

torch.manual_seed(5)
print("permutation of 10, seed 5:", torch.randperm(10).tolist())


def first_batch(loader):
    return next(iter(loader))


train = DataLoader(torch.arange(20), batch_size=4, shuffle=True, drop_last=True)
validation = DataLoader(torch.arange(5), batch_size=4, shuffle=False)
torch.manual_seed(123)
print("first pass of 20, seed 123:", [i for batch in train for i in batch.tolist()])
first_batch(train)
first_batch(validation)
print("pass after an evaluation:", [i for batch in train for i in batch.tolist()])

# AdamW on a least-squares problem with an input of zeros, so that one row of gradients is exactly zero.
torch.manual_seed(7)
inputs = torch.randn(6, 4)
inputs[:, 3] = 0
targets = torch.randn(6, 3)
weight = torch.nn.Parameter(torch.randn(4, 3))
bias = torch.nn.Parameter(torch.randn(3))
initial = {"weight": weight.tolist(), "bias": bias.tolist()}
optimizer = torch.optim.AdamW([weight, bias], lr=0.05, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)
steps = []
for _ in range(20):
    optimizer.zero_grad()
    loss = ((inputs @ weight + bias - targets) ** 2).mean()
    loss.backward()
    optimizer.step()
    steps.append({"loss": loss.item(), "weight": weight.tolist(), "bias": bias.tolist()})
golden = {"inputs": inputs.tolist(), "targets": targets.tolist(), "initial": initial, "steps": steps}
path = pathlib.Path(__file__).with_name("training-adamw.json")
path.write_text(json.dumps(golden))

# A whole training of the tiny GPT-2 of model.py, in the order of chapter 7 of "Build a Large Language Model (From Scratch)".
from model import SHAPE, numbers, token_ids  # noqa: E402  (also writes the files of model.py again)
from transformers import GPT2Config, GPT2LMHeadModel  # noqa: E402

END, IGNORED, BATCH_SIZE, EPOCHS, EVAL_EVERY, EVAL_BATCHES = 60, -100, 4, 3, 5, 2


def texts(name, count):
    return [token_ids(f"{name}{i}", (3 + (i * 7) % 17,)).tolist() for i in range(count)]


def collate(batch):
    longest = max(len(text) for text in batch)
    rows = torch.tensor([text + [END] * (longest + 1 - len(text)) for text in batch])
    targets = rows[:, 1:].clone()
    for row in targets:
        row[(row == END).nonzero().flatten()[1:]] = IGNORED
    return rows[:, :-1], targets


def loss_of(inputs, targets):
    return torch.nn.functional.cross_entropy(model(inputs).logits.flatten(0, 1), targets.flatten())


def mean_loss(loader):
    with torch.no_grad():
        losses = [loss_of(*batch).item() for _, batch in zip(range(EVAL_BATCHES), loader)]
    return sum(losses) / len(losses)


def evaluate(step, norm):
    history.append(
        {"step": step, "tokens_seen": tokens_seen, "train_loss": mean_loss(train), "validation_loss": mean_loss(validation), "grad_norm": norm}
    )


model = GPT2LMHeadModel(
    GPT2Config(**SHAPE, tie_word_embeddings=False, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=END, eos_token_id=END)
).eval()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        parameter.copy_(numbers(name, parameter.shape))
train = DataLoader(texts("train", 22), batch_size=BATCH_SIZE, shuffle=True, drop_last=True, collate_fn=collate)
validation = DataLoader(texts("validation", 6), batch_size=BATCH_SIZE, shuffle=False, collate_fn=collate)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.002, weight_decay=0.1)
history, step, tokens_seen = [], -1, 0
torch.manual_seed(123)
evaluate(step, None)
torch.manual_seed(123)
for epoch in range(EPOCHS):
    for inputs, targets in train:
        optimizer.zero_grad()
        loss_of(inputs, targets).backward()
        norm = torch.sqrt(sum((parameter.grad**2).sum() for parameter in model.parameters())).item()
        optimizer.step()
        step += 1
        tokens_seen += inputs.numel()
        if step % EVAL_EVERY == 0:
            evaluate(step, norm)
pathlib.Path(__file__).with_name("training-loop.json").write_text(json.dumps(history, indent=1) + "\n")
