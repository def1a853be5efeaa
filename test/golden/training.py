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
