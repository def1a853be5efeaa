"""Expected values of test/training/counted-targets.golden.test.ts, from PyTorch and transformers (pip install torch transformers).

    python test/golden/counted_targets.py

writes counted-targets.json beside this file: the tiny GPT-2 of model.py trained on texts with masked prompts that are cut at
the context. First the loss and gradient norm of batches of which some texts have no counted target, as cross_entropy with
ignore_index gives them. Then a training on the texts that have any: updates of two batches each, whose losses are sums
divided by the targets of both, and evaluations that are means over batches of the mean of each.
"""

import json
import pathlib

import torch
from model import SHAPE, numbers, token_ids  # also writes the files of model.py again
from transformers import GPT2Config, GPT2LMHeadModel

END, IGNORED, CONTEXT, BATCH, ACCUMULATED, EPOCHS, EVAL_EVERY, EVAL_BATCHES = 60, -100, 8, 2, 2, 3, 2, 2


def example(name, i):
    length = 3 + (i * 7) % 17
    # Every fifth prompt has a token more than the whole text: its last characters became one token with the response.
    prompt = length + 1 if i % 5 == 4 else min(length, 1 + (i * 5) % 14)
    return token_ids(f"{name}{i}", (length,)).tolist(), prompt


def collate(batch):
    longest = max(len(text) for text, _ in batch)
    rows = torch.tensor([text + [END] * (longest + 1 - len(text)) for text, _ in batch])
    targets = rows[:, 1:].clone()
    for row, (_, prompt) in zip(targets, batch):
        row[(row == END).nonzero().flatten()[1:]] = IGNORED
        row[: prompt - 1] = IGNORED
    return rows[:, :-1][:, :CONTEXT], targets[:, :CONTEXT]


def summed(model, batch):
    inputs, targets = collate(batch)
    logits = model(inputs).logits
    sum_of_losses = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    return sum_of_losses, int((targets != IGNORED).sum())


def tiny():
    config = GPT2Config(**SHAPE, tie_word_embeddings=False, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=END, eos_token_id=END)
    model = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(numbers(name, parameter.shape))
    return model


def norm(model):
    return torch.linalg.vector_norm(torch.stack([parameter.grad.norm() for parameter in model.parameters()])).item()


train = [example("train", i) for i in range(22)]
validation = [example("validation", i) for i in range(7)]
counts = lambda one: int((collate([one])[1] != IGNORED).sum()) > 0

batches = []
for i in range(0, 20, 4):
    model = tiny()
    inputs, targets = collate(train[i : i + 4])
    loss = torch.nn.functional.cross_entropy(model(inputs).logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
    loss.backward()
    batches.append({"loss": loss.item(), "norm": norm(model), "empty": sum(not counts(one) for one in train[i : i + 4])})

left_out = {"train": [i for i, one in enumerate(train) if not counts(one)], "validation": [i for i, one in enumerate(validation) if not counts(one)]}
train, validation = [one for one in train if counts(one)], [one for one in validation if counts(one)]
model = tiny()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
per_update = BATCH * ACCUMULATED
updates_per_epoch = len(train) // per_update
history = []


def mean_over_batches(data, drop_last):
    losses = []
    for i in range(0, len(data), per_update):
        batch = data[i : i + per_update]
        if (drop_last and len(batch) < per_update) or len(losses) == EVAL_BATCHES:
            break
        with torch.no_grad():
            total, targets = summed(model, batch)
        losses.append((total / targets).item())
    return sum(losses) / len(losses)


def evaluate(updates):
    history.append({"updates": updates, "train": mean_over_batches(train, True), "validation": mean_over_batches(validation, False)})


evaluate(0)
steps = []
for update in range(EPOCHS * updates_per_epoch):
    first = (update % updates_per_epoch) * per_update
    batch = train[first : first + per_update]
    count = summed(model, batch)[1]
    optimizer.zero_grad()
    loss = 0.0
    for i in range(0, per_update, BATCH):
        part = summed(model, batch[i : i + BATCH])[0] / count
        part.backward()
        loss += part.item()
    steps.append({"loss": loss, "norm": norm(model)})
    optimizer.step()
    if update % EVAL_EVERY == 0:
        evaluate(update + 1)

parameters = {name: parameter.flatten()[:4].tolist() for name, parameter in model.named_parameters()}
golden = {"batches": batches, "left_out": left_out, "history": history, "steps": steps, "parameters": parameters}
pathlib.Path(__file__).with_name("counted-targets.json").write_text(json.dumps(golden, indent=1) + "\n")
print(batches, left_out, len(steps))
