"""The log of a fine-tuning as chapter 7 of "Build a Large Language Model (From Scratch)" does it, in PyTorch
(pip install torch transformers tiktoken): train_model_simple of ch07/01_main-chapter-code in
https://github.com/rasbt/LLMs-from-scratch, with its data loaders, seed and frequencies, on its 1,100 records.

    PIPE_BOOK_DATA=<folder of instruction-data.json> python test/golden/book_loop.py

writes book-loop.json beside this file. The model is a tiny GPT-2, with the weights of model.py and the whole vocabulary.
"""

import json
import os
import pathlib

import torch
from gpt2_encoding import encoding
from model import numbers  # (also writes the files of model.py again)
from torch.utils.data import DataLoader
from transformers import GPT2Config, GPT2LMHeadModel

SHAPE = dict(n_layer=1, n_head=2, n_embd=16, n_positions=256, vocab_size=50257)
END, IGNORED, SEED, BATCH_SIZE, EPOCHS, EVAL_EVERY, EVAL_BATCHES = 50256, -100, 123, 8, 2, 5, 5
LEARNING_RATE, WEIGHT_DECAY = 1e-3, 0.1


def format_input(record):
    text = (
        "Below is an instruction that describes a task. Write a response that appropriately completes the request."
        f"\n\n### Instruction:\n{record['instruction']}"
    )
    return text + (f"\n\n### Input:\n{record['input']}" if record["input"] else "")


def token_lists():
    path = pathlib.Path(os.environ["PIPE_BOOK_DATA"]) / "instruction-data.json"
    records = json.loads(path.read_text(encoding="utf-8"))
    return [encoding.encode(f"{format_input(record)}\n\n### Response:\n{record['output']}") for record in records]


def fine_tune(texts):
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

    def evaluate():
        log.append([step, tokens_seen, round(mean_loss(train), 6), round(mean_loss(validation), 6)])

    train_end = int(len(texts) * 0.85)
    validation_start = train_end + int(len(texts) * 0.1)
    train = DataLoader(texts[:train_end], BATCH_SIZE, shuffle=True, drop_last=True, collate_fn=collate)
    validation = DataLoader(texts[validation_start:], BATCH_SIZE, shuffle=False, drop_last=False, collate_fn=collate)
    config = GPT2Config(
        **SHAPE, bos_token_id=END, eos_token_id=END, tie_word_embeddings=False, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0
    )
    model = GPT2LMHeadModel(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(numbers(name, parameter.shape))

    log, lengths, step, tokens_seen = [], [], -1, 0
    torch.manual_seed(SEED)
    evaluate()
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    torch.manual_seed(SEED)
    for _ in range(EPOCHS):
        lengths.append([])
        for inputs, targets in train:
            optimizer.zero_grad()
            loss_of(inputs, targets).backward()
            optimizer.step()
            tokens_seen += inputs.numel()
            step += 1
            lengths[-1].append(inputs.shape[1])
            if step % EVAL_EVERY == 0:
                evaluate()
    return log, lengths


log, batch_lengths = fine_tune(token_lists())
print("first and last losses:", log[0][2:], log[-1][2:])


def rows(values):
    return "[\n" + ",\n".join(f"  {json.dumps(value)}" for value in values) + "\n ]"


options = dict(**SHAPE, learning_rate=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
columns = ["step", "tokens_seen", "train_loss", "validation_loss"]
golden = f'''{{
 "options": {json.dumps(options)},
 "columns": {json.dumps(columns)},
 "log": {rows(log)},
 "batch_lengths": {rows(batch_lengths)}
}}
'''
pathlib.Path(__file__).with_name("book-loop.json").write_text(golden)
