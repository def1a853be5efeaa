"""The other side of bench/train.mjs: the same updates in PyTorch, eager, float32, with its fused attention and AdamW.

Argument and protocol are those of bench/train-worker.mjs.
"""

import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

with open(sys.argv[1]) as file:
    job = json.load(file)
config = job["config"]
HEADS, WIDTH, END = config["n_head"], config["n_embd"], config["eos_token_id"]


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention, self.projection = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x):
        batch, length, _ = x.shape
        q, k, v = self.attention(self.ln_1(x)).view(batch, length, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.projection(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        return x + self.narrow(F.gelu(self.wide(self.ln_2(x)), approximate="tanh"))


class Gpt2(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(config["vocab_size"], WIDTH)
        self.positions = nn.Embedding(config["n_positions"], WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(config["n_layer"])))
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, config["vocab_size"], bias=False)
        if config["tie_word_embeddings"]:
            self.head.weight = self.tokens.weight

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        return self.head(self.norm(self.blocks(x)))


def collate(texts):
    """As in chapter 7 of the book: one end of text is learnt, the others pad."""
    longest = max(len(text) for text in texts)
    rows = torch.tensor([text + [END] * (longest + 1 - len(text)) for text in texts])
    targets = rows[:, 1:].clone()
    for row in targets:
        row[(row == END).nonzero().flatten()[1:]] = -100
    return rows[:, :-1], targets


def update(texts):
    start = time.perf_counter()
    ids, targets = collate(texts)
    optimizer.zero_grad()
    loss = F.cross_entropy(logits(ids).flatten(0, 1), targets.flatten())
    value = loss.item()
    forward = time.perf_counter()
    loss.backward()
    backward = time.perf_counter()
    optimizer.step()
    end = time.perf_counter()
    return {
        "loss": value,
        "seconds": end - start,
        "forward": forward - start,
        "backward": backward - forward,
        "optimizer": end - backward,
    }


def tell(line):
    print(json.dumps(line), flush=True)


def published():
    """A model of another family, as transformers has it, by its config.json; with an adapter where that is asked for."""
    from transformers import AutoConfig, AutoModelForCausalLM

    values = dict(job["published"])
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(values.pop("model_type"), **values))
    if sys.argv[2:] == ["lora"]:
        from peft import LoraConfig, get_peft_model

        lora = LoraConfig(r=16, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM")
        model = get_peft_model(model, lora)
    return model


torch.manual_seed(1)
model = published() if job.get("published") else Gpt2()
logits = (lambda ids: model(ids).logits) if job.get("published") else model
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=5e-5, weight_decay=0.1, fused=True)
tell({"ready": True})
done = 0
for line in sys.stdin:
    if line.strip() == "end":
        break
    tell(update(job["batches"][done % len(job["batches"])]))
    done += 1
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
tell({"peakBytes": peak, "engine": f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"})
