"""Expected values of test/model/files/gguf/types.test.ts, from ggml's own Python package (pip install gguf numpy).

    python test/golden/gguf_types.py

writes gguf-types.json beside this file: for each type of tensor some blocks of random bytes (base64), whose scales are
ordinary numbers, zeros of both signs or subnormal, and sha256 of the float32 numbers that the package makes of them, bit for bit, with
the last eight numbers for readers.
"""

import base64
import hashlib
import json
import pathlib

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType as Type
from gguf.quants import dequantize

BLOCKS = 12
# Where the binary16 scales of a block are.
SCALES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}
SPECIAL = [0x0000, 0x8000, 0x0001, 0x83FF, 0x7BFF, 0xFBFF]

random = np.random.default_rng(7)
expected = {}
for name in ["F32", "F16", "BF16", *SCALES]:
    block, size = GGML_QUANT_SIZES[Type[name]]
    blocks = random.integers(0, 256, (BLOCKS, size) if block > 1 else (256, size), dtype=np.uint8)
    if block == 1:
        floats = random.normal(0, 0.02, 256).astype(np.float32)
        if name == "F32":
            blocks = floats.view(np.uint8)
        elif name == "F16":
            blocks = floats.astype(np.float16).view(np.uint8)
        else:
            blocks = (floats.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8)
    for at in SCALES.get(name, []):
        halves = random.normal(0, 0.05, BLOCKS).astype(np.float16).view(np.uint16)
        halves[: len(SPECIAL)] = random.permutation(SPECIAL)
        blocks[:, at : at + 2] = halves.view(np.uint8).reshape(BLOCKS, 2)
    numbers = dequantize(blocks.reshape(1, -1), Type[name]).astype("<f4").ravel()
    assert np.isfinite(numbers).all()
    expected[name] = {
        "bytes": base64.b64encode(blocks.tobytes()).decode(),
        "last": [float(value) for value in numbers[-8:]],
        "sha256": hashlib.sha256(numbers.tobytes()).hexdigest(),
    }

path = pathlib.Path(__file__).parent / "gguf-types.json"
path.write_text(json.dumps(expected, indent=2) + "\n")
