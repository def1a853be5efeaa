"""Expected values of test/model/families.golden.test.ts, from PyTorch, transformers and PEFT (pip install torch transformers peft).

    python test/golden/families.py

writes families/NAME.json and families/NAME.safetensors beside this file, for a tiny model of each family whose weights are a
formula (`numbers` of model.py): its config.json as transformers writes it; logits, loss, the gradient of every parameter, 20
greedy tokens, the losses of 20 updates of AdamW, and those of an adapter with its matrices after the last one.
"""

import json
import pathlib

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from model import hashes, numbers  # also writes the files of model.py again

BATCH, LENGTH, PROMPT, NEW, UPDATES = 3, 10, 4, 20, 20
VOCABULARY = 61
SHAPE = dict(
    vocab_size=VOCABULARY,
    hidden_size=16,
    intermediate_size=24,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=64,
    bos_token_id=60,
    eos_token_id=60,
    pad_token_id=None,  # else its row of the embedding would have no gradient
)
LLAMA3 = dict(
    rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16, rope_theta=500.0
)
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=16, rope_theta=10000.0)
MODELS = {
    "llama": (LlamaForCausalLM, LlamaConfig(**SHAPE, num_hidden_layers=2, tie_word_embeddings=True)),
    "llama3": (
        LlamaForCausalLM,
        LlamaConfig(**SHAPE, num_hidden_layers=2, tie_word_embeddings=False, head_dim=8, rope_parameters=LLAMA3),
    ),
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SHAPE, num_hidden_layers=2, tie_word_embeddings=True)),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**SHAPE, num_hidden_layers=2, tie_word_embeddings=False, head_dim=8)),
    "qwen3-yarn": (
        Qwen3ForCausalLM,
        Qwen3Config(**SHAPE, num_hidden_layers=2, tie_word_embeddings=True, head_dim=8, rope_parameters=YARN),
    ),
    "gemma3": (
        Gemma3ForCausalLM,
        Gemma3TextConfig(
            **(SHAPE | dict(num_key_value_heads=1)),
            num_hidden_layers=3,
            head_dim=8,
            query_pre_attn_scalar=8,
            sliding_window=4,
            layer_types=["sliding_attention", "sliding_attention", "full_attention"],
            attn_implementation="eager",
        ),
    ),
}


def token_ids(name, shape):
    count = int(torch.tensor(shape).prod())
    return torch.from_numpy((hashes(name, count) % VOCABULARY).astype("int64")).reshape(shape)


def build(kind, config):
    model = kind(config).eval()
    gain = 0 if config.model_type == "gemma3_text" else 1
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(numbers(name, parameter.shape) + (gain if name.endswith("norm.weight") else 0))
    return model


def cross_entropy(model, ids, targets):
    return torch.nn.functional.cross_entropy(model(ids).logits.flatten(0, 1), targets.flatten())


def trained(model, parameters, ids, targets):
    optimizer, losses = torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.1), []
    for _ in range(UPDATES):
        optimizer.zero_grad()
        loss = cross_entropy(model, ids, targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def reference(name, kind, config):
    model = build(kind, config)
    ids, targets = token_ids("ids", (BATCH, LENGTH)), token_ids("targets", (BATCH, LENGTH))
    targets[0, 7:] = -100
    targets[2, :2] = -100
    loss = cross_entropy(model, ids, targets)
    loss.backward()
    tensors = {f"gradient/{name}": parameter.grad for name, parameter in model.named_parameters()}
    tensors |= {"logits": model(ids).logits.detach()}

    sequence, margins = token_ids("prompt", (1, PROMPT)), []
    with torch.no_grad():
        for _ in range(NEW):
            best = model(sequence).logits[0, -1].topk(2)
            margins.append((best.values[0] - best.values[1]).item())
            sequence = torch.cat([sequence, best.indices[:1].reshape(1, 1)], dim=1)
    adapted = get_peft_model(
        build(kind, config), LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    own = {name: parameter for name, parameter in adapted.named_parameters() if parameter.requires_grad}
    with torch.no_grad():
        for full, parameter in own.items():
            if "lora_A" in full:
                parameter.copy_(numbers(full.removeprefix("base_model.model.").replace(".default", ""), parameter.shape))
    lora_losses = trained(adapted, own.values(), ids, targets)
    for full, tensor in get_peft_model_state_dict(adapted).items():
        tensors[f"adapter/{full.removeprefix('base_model.model.')}"] = tensor.detach()
    print(name, "loss", loss.item(), "smallest greedy margin", min(margins))
    values = {
        "loss": loss.item(),
        "greedy": sequence[0, PROMPT:].tolist(),
        "losses": full_losses(kind, config, ids, targets),
        "lora_losses": lora_losses,
        "speeds": speeds(config),
        "config": json.loads(config.to_json_string(use_diff=False)) | {"architectures": [kind.__name__]},
    }
    return values, {name: tensor.contiguous() for name, tensor in tensors.items()}


def full_losses(kind, config, ids, targets):
    model = build(kind, config)
    return trained(model, model.parameters(), ids, targets)


def speeds(config):
    """Radians from one position to the next, of each kind of rotary positions, where it is not the default one."""
    rope = config.rope_parameters
    if rope.get("rope_type", "default") == "default":
        return None
    return ROPE_INIT_FUNCTIONS[rope["rope_type"]](config, "cpu")[0].tolist()


folder = pathlib.Path(__file__).parent / "families"
folder.mkdir(exist_ok=True)
for name, (kind, config) in MODELS.items():
    values, tensors = reference(name, kind, config)
    (folder / f"{name}.json").write_text(json.dumps(values, indent=1) + "\n")
    save_file(tensors, folder / f"{name}.safetensors")
