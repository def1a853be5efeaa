"""Expected values of test/training/instruction-masking.golden.test.ts, from PyTorch, transformers and tiktoken
(pip install torch transformers tiktoken).

    python test/golden/instruction_masking.py

writes instruction-masking.safetensors beside this file: loss and gradient of every parameter on one batch of records, with
the instructions trained on and masked as in exercise 7.2 of "Build a Large Language Model (From Scratch)"
(custom_collate_with_masking_fn), head tied and untied. The weights of the small GPT-2 are those of model.py; its vocabulary
is the tokens that occur, numbered in their order.
"""

import pathlib

import torch
from gpt2_encoding import encoding
from model import numbers  # (also writes the files of model.py again)
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

SHAPE = dict(n_layer=1, n_head=2, n_embd=8, n_positions=64)
END, IGNORED = 50256, -100
RECORDS = [
    {"instruction": "Name the capital of France.", "input": "", "output": "Paris."},
    {"instruction": "Spell the word backwards.", "input": "lamp", "output": "pmal"},
    {"instruction": "Which is larger?", "input": "7 or 12", "output": "12 is larger than 7, by 5."},
    {"instruction": "Give a word that rhymes with 'tree'.", "input": "", "output": "A word that rhymes with it is 'bee'."},
]


def format_input(record):
    text = (
        "Below is an instruction that describes a task. Write a response that appropriately completes the request."
        f"\n\n### Instruction:\n{record['instruction']}"
    )
    return text + (f"\n\n### Input:\n{record['input']}" if record["input"] else "")


prompts = [encoding.encode(format_input(record)) for record in RECORDS]
texts = [encoding.encode(f"{format_input(record)}\n\n### Response:\n{record['output']}") for record in RECORDS]
used = sorted({END, *(token for text in texts for token in text)})
number = {token: i for i, token in enumerate(used)}


def collate(masked):
    longest = max(len(text) for text in texts)
    rows = torch.tensor([text + [END] * (longest + 1 - len(text)) for text in texts])
    targets = rows[:, 1:].clone()
    for row, prompt in zip(targets, prompts):
        row[(row == END).nonzero().flatten()[1:]] = IGNORED
        if masked:
            row[: len(prompt) - 1] = IGNORED
    return rows[:, :-1], targets


def numbered(tokens):
    return tokens.clone().apply_(lambda token: number.get(token, token))


def reference(tied, masked):
    end = number[END]
    model = GPT2LMHeadModel(
        GPT2Config(
            **SHAPE, vocab_size=len(used), tie_word_embeddings=tied, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0,
            bos_token_id=end, eos_token_id=end,
        )  # fmt: skip
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(numbers(name, parameter.shape))
    inputs, targets = collate(masked)
    logits = model(numbered(inputs)).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), numbered(targets).flatten())
    loss.backward()
    print("tied" if tied else "untied", "masked" if masked else "unmasked", "loss", loss.item())
    return {f"gradient/{name}": parameter.grad for name, parameter in model.named_parameters()} | {"loss": loss.detach()}


tensors = {
    f"{'tied' if tied else 'untied'}/{'masked' if masked else 'unmasked'}/{name}": tensor.contiguous()
    for tied in (True, False)
    for masked in (True, False)
    for name, tensor in reference(tied, masked).items()
}
tensors["targets"] = collate(True)[1].to(torch.int32)
tensors["vocabulary"] = torch.tensor(used, dtype=torch.int32)
save_file(tensors, pathlib.Path(__file__).with_name("instruction-masking.safetensors"))
