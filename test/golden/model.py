"""Expected values of test/model/gpt2.golden.test.ts, from PyTorch and transformers (pip install torch transformers).

    python test/golden/model.py

writes model-tied.safetensors and model-untied.safetensors beside this file: logits, loss, the gradient of every
parameter and 20 greedy tokens of a tiny GPT-2 whose weights are a formula (see `numbers`; the test has the same).
"""

import pathlib
import zlib

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

SHAPE = dict(n_layer=2, n_head=2, n_embd=16, n_positions=24, vocab_size=61)
BATCH, LENGTH, PROMPT, NEW = 3, 10, 4, 20


def hashes(name, count):
    """32-bit integers that depend on a name and an index."""
    mask = np.uint64(0xFFFFFFFF)
    x = (np.arange(1, count + 1, dtype=np.uint64) * np.uint64(2654435761) + np.uint64(zlib.crc32(name.encode()))) & mask
    x = ((x ^ (x >> np.uint64(15))) * np.uint64(2246822519)) & mask
    return x ^ (x >> np.uint64(13))


def numbers(name, shape):
    """Numbers in [-0.2, 0.2), around 1 for the gains of a layer norm."""
    values = (hashes(name, int(np.prod(shape))).astype(np.float64) / 2**32 - 0.5) * 0.4
    if ".ln_" in name and name.endswith(".weight"):
        values += 1
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def token_ids(name, shape):
    return torch.from_numpy((hashes(name, int(np.prod(shape))) % SHAPE["vocab_size"]).astype(np.int64)).reshape(shape)


def reference(tied):
    config = GPT2Config(
        **SHAPE, tie_word_embeddings=tied, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=60, eos_token_id=60
    )
    model = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(numbers(name, parameter.shape))
    ids, targets = token_ids("ids", (BATCH, LENGTH)), token_ids("targets", (BATCH, LENGTH))
    targets[0, 7:] = -100
    targets[2, :2] = -100
    logits = model(ids).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    loss.backward()

    sequence, margins = token_ids("prompt", (1, PROMPT)), []
    with torch.no_grad():
        for _ in range(NEW):
            last = model(sequence).logits[0, -1]
            best = last.topk(2)
            margins.append((best.values[0] - best.values[1]).item())
            sequence = torch.cat([sequence, best.indices[:1].reshape(1, 1)], dim=1)
    print("tied" if tied else "untied", "loss", loss.item(), "smallest greedy margin", min(margins))
    tensors = {f"gradient/{name}": parameter.grad for name, parameter in model.named_parameters()}
    tensors |= {"logits": logits.detach(), "loss": loss.detach(), "greedy": sequence[0, PROMPT:].to(torch.int32)}
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


for tied in (True, False):
    name = "model-tied.safetensors" if tied else "model-untied.safetensors"
    save_file(reference(tied), pathlib.Path(__file__).parent / name)
