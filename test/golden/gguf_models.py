"""Writes the files that test/stages/pretrained/gguf.test.ts reads (pip install torch transformers tokenizers gguf).

    python test/golden/gguf_models.py

writes gguf-models/ beside this file: small GPT-2s as ggml's own Python package writes them, with the tokenizer of model-folders/chat:
one whose tensors are of many types and whose head is tied, and one of float16 with a head of its own. expected.json: what that
package reads from each (sha256 of every tensor in float32), and what transformers computes with that: logits of a prompt, and the token
ids of texts by the tokenizer that transformers reads from the file.
"""

import hashlib
import json
import pathlib

import gguf
import numpy as np
import torch
from gguf.quants import dequantize, quantize
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

here = pathlib.Path(__file__).parent
folder = here / "gguf-models"
folder.mkdir(exist_ok=True)

NAMES = {
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
    "ln_1": "attn_norm",
    "ln_2": "ffn_norm",
    "transformer.wte": "token_embd",
    "transformer.wpe": "position_embd",
    "transformer.ln_f": "output_norm",
    "lm_head": "output",
}
TYPES = {
    "attn_qkv": "Q4_0",
    "attn_output": "Q4_1",
    "ffn_up": "Q5_0",
    "ffn_down": "Q5_1",
    "token_embd": "Q8_0",
    "position_embd": "BF16",
    "output": "Q8_0",
}
TEXTS = ["Hello, world!", " Não é fácil:  três  crianças\n\n\ta brincar. ", "東京 🙂", "<|im_start|>user\nOlá<|im_end|>\n"]
PROMPT = [40, 69, 76, 321, 7, 300]

described = json.loads((here / "model-folders/chat/tokenizer.json").read_text())
tokens = [None] * 324
for token, index in described["model"]["vocab"].items():
    tokens[index] = (token, gguf.TokenType.NORMAL)
for token in described["added_tokens"]:
    kind = gguf.TokenType.CONTROL if token["special"] else gguf.TokenType.USER_DEFINED
    tokens[token["id"]] = (token["content"], kind)
merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in described["model"]["merges"]]


def their_name(name):
    layer, kind = name.rsplit(".", 1)
    if not layer.startswith("transformer.h."):
        return f"{NAMES[layer]}.{kind}"
    _, _, block, part = layer.split(".", 3)
    return f"blk.{block}.{NAMES[part]}.{kind}"


def is_linear(name):
    return any(layer in name for layer in ("c_attn.weight", "c_proj.weight", "c_fc.weight"))


def configuration(tied):
    return GPT2Config(
        **{"n_layer": 2, "n_head": 2, "n_embd": 32, "n_positions": 48, "vocab_size": 324, "initializer_range": 0.3},
        tie_word_embeddings=tied,
        bos_token_id=321,
        eos_token_id=321,
    )


def write(name, tied, types):
    torch.manual_seed(11)
    model = GPT2LMHeadModel(configuration(tied))
    with torch.no_grad():
        for parameter, values in model.named_parameters():
            if parameter.endswith("bias"):
                values.normal_(0, 0.1)
    writer = gguf.GGUFWriter(folder / f"{name}.gguf", "gpt2")
    writer.add_name("a small one")
    writer.add_block_count(2)
    writer.add_context_length(48)
    writer.add_embedding_length(32)
    writer.add_feed_forward_length(128)
    writer.add_head_count(2)
    writer.add_layer_norm_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([token for token, _ in tokens])
    writer.add_token_types([kind for _, kind in tokens])
    writer.add_token_merges(merges)
    writer.add_eos_token_id(321)
    writer.add_bos_token_id(321)
    writer.add_add_bos_token(False)
    for parameter, values in model.state_dict().items():
        if tied and parameter == "lm_head.weight":
            continue
        array = values.numpy().astype(np.float32)
        if is_linear(parameter):
            array = np.ascontiguousarray(array.T)
        theirs = their_name(parameter)
        kind = gguf.GGMLQuantizationType[types(theirs) if array.ndim == 2 else "F32"]
        writer.add_tensor(theirs, quantize(array, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def loaded(name, tied):
    """Through ggml's reader: that of transformers leaves out the biases of attention and the number of positions (5.24)."""
    model = GPT2LMHeadModel(configuration(tied)).eval()
    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(folder / f"{name}.gguf").tensors}
    state = {}
    for parameter, values in model.state_dict().items():
        if tied and parameter == "lm_head.weight":
            continue
        tensor = tensors[their_name(parameter)]
        array = dequantize(tensor.data, tensor.tensor_type)
        array = array.T if is_linear(parameter) else array
        state[parameter] = torch.from_numpy(np.ascontiguousarray(array).astype(np.float32)).reshape(values.shape)
    model.load_state_dict(state, strict=not tied)
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=f"{name}.gguf")
    with torch.no_grad():
        logits = model(torch.tensor([PROMPT])).logits[0, -1]
    return {
        "sha256": {
            parameter: hashlib.sha256(values.numpy().astype("<f4").tobytes()).hexdigest()
            for parameter, values in state.items()
        },
        "ids": [tokenizer(text).input_ids for text in TEXTS],
        "logits": [round(float(value), 5) for value in logits[:8]],
    }


write("mixed", True, lambda name: TYPES[name.split(".")[-2]])
write("float16", False, lambda _: "F16")
expected = {"texts": TEXTS, "prompt": PROMPT, "models": {"mixed": loaded("mixed", True), "float16": loaded("float16", False)}}
(folder / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")
