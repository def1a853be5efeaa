"""tiktoken's encoding of GPT-2, for the other scripts of this folder (pip install tiktoken).

tiktoken would download the vocabulary; it is taken from js-tiktoken in node_modules instead, which
test/model/files/tokenizer/encoding-files.test.ts checks against the hashes that tiktoken publishes. Pattern and special token are
tiktoken's own.
"""

import base64
import json
import pathlib
import re

import tiktoken
from tiktoken_ext.openai_public import ENDOFTEXT, r50k_pat_str

ROOT = pathlib.Path(__file__).parent.parent.parent


def vocabulary():
    source = (ROOT / "node_modules/js-tiktoken/dist/ranks/gpt2.js").read_text()
    packed = json.loads(re.search(r'"bpe_ranks":("(?:[^"\\]|\\.)*")', source)[1])
    ranks = {}
    for line in packed.split("\n"):
        _, first, *tokens = line.split(" ")
        ranks |= {base64.b64decode(token): int(first) + i for i, token in enumerate(tokens)}
    return ranks


encoding = tiktoken.Encoding(
    name="gpt2",
    explicit_n_vocab=50257,
    pat_str=r50k_pat_str,
    mergeable_ranks=vocabulary(),
    special_tokens={ENDOFTEXT: 50256},
)
