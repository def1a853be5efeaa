"""Expected values of test/stages/export.golden.test.ts, from transformers (pip install torch transformers).

    npx vitest run test/stages/export.golden.test.ts   # with PIPE_GOLDEN_EXPORTS=DIR, writes the exported folders
    python test/golden/export.py DIR

loads each folder that the export stage wrote as transformers loads any, checks that it misses and adds nothing, and
writes export.json and export.safetensors beside this file: sha256 of the weights and the configuration that were
loaded, the token ids of a text, and the logits of three prompts.
"""

import hashlib
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = [[1], [72, 101, 108, 108, 111], list(range(200, 232))]
TEXT = "Hello, wörld!\n\n### Input: 東京 🙂"

facts, tensors = {}, {}
for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    model, info = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, dtype=torch.float32)
    wrong = {key: value for key, value in info.items() if value}
    assert not wrong, (folder.name, wrong)
    assert torch.equal(model.lm_head.weight, model.transformer.wte.weight) or not model.config.tie_word_embeddings
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(TEXT).input_ids
    assert tokenizer.decode(ids) == TEXT
    facts[folder.name] = {
        "files": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in ("config.json", "generation_config.json", "model.safetensors")
        },
        "parameters": model.num_parameters(),
        "eos_token_id": model.generation_config.eos_token_id,
        "ids": ids,
    }
    for i, prompt in enumerate(PROMPTS):
        with torch.no_grad():
            tensors[f"{folder.name}/{i}"] = model.eval()(torch.tensor([prompt])).logits[0].contiguous()

here = pathlib.Path(__file__).parent
(here / "export.json").write_text(json.dumps({"prompts": PROMPTS, "text": TEXT, "models": facts}, indent=1) + "\n")
save_file(tensors, here / "export.safetensors")
