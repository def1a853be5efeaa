"""Expected values of test/training/preferences.golden.test.ts, from PyTorch and transformers (pip install torch transformers).

    python test/golden/dpo.py

writes dpo.json beside this file: an epoch of direct preference optimization (https://arxiv.org/abs/2305.18290) of the tiny
GPT-2 of model.py, in the order and with the figures of "Direct Preference Optimization (DPO) for LLM Alignment (From Scratch)"
(ch07/04_preference-tuning-with-dpo of https://github.com/rasbt/LLMs-from-scratch). What counts of a text are the response's
tokens and the end, by their mean (the book) or their sum (the paper).
"""

import copy
import json
import pathlib

import torch
import torch.nn.functional as F
from model import SHAPE, numbers, token_ids  # (also writes the files of model.py again)
from torch.utils.data import DataLoader
from transformers import GPT2Config, GPT2LMHeadModel

END, BATCH_SIZE, EVAL_EVERY, EVAL_BATCHES, BETA, LEARNING_RATE, WEIGHT_DECAY = 60, 3, 3, 2, 0.1, 0.002, 0.01


def tokens(name, length):
    return [token % END for token in token_ids(name, (length,)).tolist()]  # a text does not hold its end


def pairs(name, count):
    return [
        {
            "prompt": tokens(f"{name} prompt {i}", 2 + i % 5),
            "chosen": tokens(f"{name} chosen {i}", 1 + (3 * i) % 7),
            "rejected": tokens(f"{name} rejected {i}", 1 + (5 * i) % 6),
        }
        for i in range(count)
    ]


def collate(batch):
    """Both responses of each pair: token ids and what counts of them, [pairs, T]."""
    longest = max(len(pair["prompt"]) + len(pair[key]) + 1 for pair in batch for key in ("chosen", "rejected"))
    ids = {key: torch.full((len(batch), longest), END) for key in ("chosen", "rejected")}
    counts = {key: torch.zeros(len(batch), longest) for key in ids}
    for key in ids:
        for row, pair in enumerate(batch):
            begin, end = len(pair["prompt"]), len(pair["prompt"]) + len(pair[key])
            ids[key][row, :end] = torch.tensor(pair["prompt"] + pair[key])
            counts[key][row, begin : end + 1] = 1
    return ids, counts


def log_probabilities(model, ids, counts, average):
    chosen = F.log_softmax(model(ids).logits[:, :-1], dim=-1).gather(-1, ids[:, 1:, None]).squeeze(-1)
    sums = (chosen * counts[:, 1:]).sum(-1)
    return sums / counts[:, 1:].sum(-1) if average else sums


def measures(policy, reference, batch, average):
    ids, counts = batch
    reward = {}
    for key in ids:
        with torch.no_grad():
            before = log_probabilities(reference, ids[key], counts[key], average)
        reward[key] = log_probabilities(policy, ids[key], counts[key], average) - before
    margin = reward["chosen"] - reward["rejected"]
    return {
        "loss": -F.logsigmoid(BETA * margin).mean(),
        "chosen_reward": reward["chosen"].mean(),
        "rejected_reward": reward["rejected"].mean(),
        "reward_margin": margin.mean(),
        "accuracy": (margin > 0).float().mean(),
    }


def means(policy, reference, loader, average):
    with torch.no_grad():
        found = [measures(policy, reference, batch, average) for _, batch in zip(range(EVAL_BATCHES), loader)]
    return {name: sum(one[name].item() for one in found) / len(found) for name in found[0]}


def optimize(average):
    policy = GPT2LMHeadModel(
        GPT2Config(**SHAPE, tie_word_embeddings=False, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=END, eos_token_id=END)
    )
    with torch.no_grad():
        for name, parameter in policy.named_parameters():
            parameter.copy_(numbers(name, parameter.shape))
    reference = copy.deepcopy(policy)
    train = DataLoader(pairs("train", 32), batch_size=BATCH_SIZE, shuffle=True, drop_last=True, collate_fn=collate)
    validation = DataLoader(pairs("validation", 7), batch_size=BATCH_SIZE, shuffle=False, collate_fn=collate)
    optimizer = torch.optim.AdamW(policy.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    log, losses, step = [], [], -1

    def evaluate():
        log.append({"step": step} | {"train": means(policy, reference, train, average), "validation": means(policy, reference, validation, average)})

    torch.manual_seed(123)
    evaluate()
    torch.manual_seed(123)
    for batch in train:
        optimizer.zero_grad()
        loss = measures(policy, reference, batch, average)["loss"]
        loss.backward()
        optimizer.step()
        step += 1
        losses.append(loss.item())
        if step % EVAL_EVERY == 0:
            evaluate()
    print("average" if average else "sum", losses[0], losses[-1], log[-1])
    return {"losses": losses, "log": log}


golden = {"average": optimize(True), "sum": optimize(False)}
pathlib.Path(__file__).with_name("dpo.json").write_text(json.dumps(golden, indent=1) + "\n")
