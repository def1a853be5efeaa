"""Writes the folders that test/model/published-weights.test.ts reads, with transformers (pip install torch transformers).

    python test/golden/transformers_checkpoints.py

writes transformers-checkpoints/ beside this file: the model of tensorflow_checkpoint.py as transformers saves it: in
one file, in shards, in half precision of both kinds (its numbers need no more), without a head and with one of its own.
"""

import pathlib
import shutil

import torch
from transformers import GPT2Config, GPT2LMHeadModel

CONFIG = dict(n_layer=1, n_head=2, n_embd=4, n_positions=8, vocab_size=19, bos_token_id=18, eos_token_id=18)
directory = pathlib.Path(__file__).parent / "transformers-checkpoints"


def openai_name(name):
    gain = ".ln_" in name
    name = name.replace("transformer.", "model/").replace("lm_head", "model/wte").replace("h.", "h")
    if name.split("/")[1] in ("wte.weight", "wpe.weight"):
        return name.removesuffix(".weight")
    return name.replace(".weight", "/g" if gain else "/w").replace(".bias", "/b").replace(".", "/")


def model(tied):
    model = GPT2LMHeadModel(GPT2Config(**CONFIG, tie_word_embeddings=tied))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = torch.arange(parameter.numel(), dtype=torch.float32) / 8 - len(openai_name(name))
            parameter.copy_(values.reshape(parameter.shape))
    return model


shutil.rmtree(directory, ignore_errors=True)
tied = model(True)
tied.save_pretrained(directory / "one-file")
tied.save_pretrained(directory / "shards", max_shard_size=600)
tied.transformer.save_pretrained(directory / "no-head")
model(False).save_pretrained(directory / "own-head")
model(True).to(torch.float16).save_pretrained(directory / "float16")
model(True).to(torch.bfloat16).save_pretrained(directory / "bfloat16")
