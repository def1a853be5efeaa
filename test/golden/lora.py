"""Expected values of test/training/lora.golden.test.ts, from PEFT (pip install torch transformers peft).

    PIPE_GOLDEN_ADAPTER=DIR npx vitest run test/training/lora.golden.test.ts   # writes DIR/model and DIR/adapter
    python test/golden/lora.py DIR

trains an adapter of the tiny GPT-2 of model.py for 10 updates, and loads the folders that our own code wrote. Writes
lora.json and lora.safetensors beside this file: the losses, the adapter after training, sha256 of the adapter's files that
were loaded, and the logits of the model with them.
"""

import hashlib
import json
import pathlib
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel

from model import SHAPE, numbers, token_ids  # also writes the files of model.py again

END, IGNORED, BATCH_SIZE, EPOCHS, TEXTS = 60, -100, 4, 2, 22
PREFIX = "base_model.model."
tensors = {}


def texts(name, count):
    return [token_ids(f"{name}{i}", (3 + (i * 7) % 17,)).tolist() for i in range(count)]


def collate(batch):
    longest = max(len(text) for text in batch)
    rows = torch.tensor([text + [END] * (longest + 1 - len(text)) for text in batch])
    targets = rows[:, 1:].clone()
    for row in targets:
        row[(row == END).nonzero().flatten()[1:]] = IGNORED
    return rows[:, :-1], targets


base = GPT2LMHeadModel(
    GPT2Config(**SHAPE, tie_word_embeddings=True, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=END, eos_token_id=END)
)
with torch.no_grad():
    for name, parameter in base.named_parameters():
        parameter.copy_(numbers(name, parameter.shape))
config = LoraConfig(
    r=4, lora_alpha=8, target_modules=["c_attn", "c_fc", "c_proj"], fan_in_fan_out=True, task_type="CAUSAL_LM"
)
model = get_peft_model(base, config)
trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
with torch.no_grad():
    for name, parameter in trained.items():
        if "lora_A" in name:
            parameter.copy_(numbers(name.removeprefix(PREFIX).replace(".default", ""), parameter.shape))
optimizer = torch.optim.AdamW(trained.values(), lr=0.01, weight_decay=0.1)
data, losses = texts("train", TEXTS), []
for _ in range(EPOCHS):
    for start in range(0, TEXTS - BATCH_SIZE + 1, BATCH_SIZE):
        inputs, targets = collate(data[start : start + BATCH_SIZE])
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(inputs).logits.flatten(0, 1), targets.flatten())
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
for name, tensor in get_peft_model_state_dict(model).items():
    tensors[f"trained/{name.removeprefix(PREFIX)}"] = tensor.detach().contiguous()
counts = model.get_nb_trainable_parameters()

folder = pathlib.Path(sys.argv[1])
loaded = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32), folder / "adapter")
written = load_file(folder / "adapter" / "adapter_model.safetensors")
state = get_peft_model_state_dict(loaded)
assert state.keys() == written.keys(), state.keys() ^ written.keys()
assert all(torch.equal(state[name], written[name]) for name in written)
with torch.no_grad():
    tensors["logits"] = loaded.eval()(token_ids("ids", (3, 10))).logits.contiguous()
    merged = loaded.merge_and_unload()
    tensors["merged_logits"] = merged(token_ids("ids", (3, 10))).logits.contiguous()

golden = {
    "losses": losses,
    "trained_parameters": counts[0],
    "files": {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((folder / "adapter").iterdir())
    },
}
here = pathlib.Path(__file__).parent
(here / "lora.json").write_text(json.dumps(golden, indent=1) + "\n")
save_file(tensors, here / "lora.safetensors")
