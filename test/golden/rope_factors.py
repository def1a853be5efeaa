"""Expected values of test/model/families/rope-gguf.test.ts, from transformers (pip install torch transformers).

    python test/golden/rope_factors.py

writes rope-factors.json beside this file: for settings of positions that are scaled as in Llama 3, by what transformers divides the
speed of each pair of numbers. convert_hf_to_gguf.py of llama.cpp writes these numbers as the tensor rope_freqs.weight.
"""

import json
import pathlib

from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

SETTINGS = {
    "Llama 3.1 8B": (128, dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192), 500000.0),
    "Llama 3.2 1B": (64, dict(factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192), 500000.0),
    "a tiny one": (8, dict(factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16), 500.0),
}
cases = []
for name, (head_dim, scaling, theta) in SETTINGS.items():
    rope = dict(rope_type="llama3", rope_theta=theta, **scaling)
    config = LlamaConfig(hidden_size=4 * head_dim, num_attention_heads=4, head_dim=head_dim, rope_parameters=rope)
    scaled = ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")[0]
    plain = [theta ** (-2 * i / head_dim) for i in range(head_dim // 2)]
    cases.append({"name": name, "head_dim": head_dim, "rope": rope, "factors": [p / s for p, s in zip(plain, scaled.tolist())]})
(pathlib.Path(__file__).parent / "rope-factors.json").write_text(json.dumps(cases, indent=1) + "\n")
