"""Expected token ids of test/text/tokenizer/tokenizer.golden.test.ts, from tiktoken (pip install tiktoken).

    PIPE_BOOK_DATA=<folder of instruction-data.json> python test/golden/tokenizer.py

writes tokenizer.json beside this file. Random texts come from a generator that the test repeats, so only digests are kept.
"""

import hashlib
import json
import os
import pathlib
import struct

import tiktoken
from gpt2_encoding import ENDOFTEXT, encoding


class Draws:
    """32-bit numbers: lowbias32 (https://nullprogram.com/blog/2018/07/31/) of 1, 2, 3, ... after the seed."""

    def __init__(self, seed):
        self.counter = seed

    def below(self, limit):
        self.counter += 1
        x = self.counter
        x = ((x ^ (x >> 16)) * 0x7FEB352D) & 0xFFFFFFFF
        x = ((x ^ (x >> 15)) * 0x846CA68B) & 0xFFFFFFFF
        return (x ^ (x >> 16)) % limit


# A text is made of parts from these pools; an empty pool stands for any code point, surrogates included.
POOLS = [
    list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    list("0123456789²½Ⅷ٣৩一"),
    list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~€“”…—"),
    [" ", " ", "  ", "\n", "\t", "\r\n", "\v", "\f", "\x1c", "\x1f"],
    # White space in Unicode or in JavaScript, and what only looks like it.
    ["\x85", "\ufeff", "\xa0", "\u1680", "\u2003", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u180e", "\u200b", "\u2060"],
    ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "’s", "'", " '"],
    ["the", " the", "Response", "### Input:", "\n\n", "https://", "naïve", "Zażółć", "привет", "日本語", "한국어", "ไทย", "नमस्ते", "مرحبا", "שלום"],
    ["e\u0301", "\u0301", "\u20e3", "👍", "👩‍👩‍👧", "🇩🇪", "\ufe0f", "\U0001d4d0", "\ufffd", "\x00"],
    # Letters and digits since Unicode 15, 15.1, 16 and 17.
    ["\U0001e4d0", "\U0002ebf0", "\U00010d40", "\ua7da", "\U00010940", "\ua7ce", "\U00011de0", "\U00033479"],
    [ENDOFTEXT, "<|endoftext", "|>", "<|im_start|>"],
    ["\ud800", "\udc00", "\udbff", "\udfff"],
    [],
]
BATCH, BATCHES, PARTS = 1000, 10, 40


def random_text(draws):
    parts = []
    for _ in range(draws.below(PARTS)):
        pool = POOLS[draws.below(len(POOLS))]
        parts.append(pool[draws.below(len(pool))] if pool else chr(draws.below(0x110000)))
    return "".join(parts)


def digest(lists):
    sha = hashlib.sha256()
    for ids in lists:
        sha.update(struct.pack(f"<{len(ids) + 1}i", len(ids), *ids))
    return sha.hexdigest()


def ordinary(text):
    return encoding.encode(text, disallowed_special=())


def special(text):
    return encoding.encode(text, allowed_special={ENDOFTEXT})


def batches(encode):
    draws = Draws(seed=0)
    return [digest([encode(random_text(draws)) for _ in range(BATCH)]) for _ in range(BATCHES)]


def decoded():
    draws, sha = Draws(seed=1 << 30), hashlib.sha256()
    for _ in range(BATCH):
        ids = [draws.below(50257) for _ in range(draws.below(12))]
        sha.update(encoding.decode(ids, errors="replace").encode() + b"\0")
    return sha.hexdigest()


def not_punctuation():
    """The code points after which 's is a piece of its own: letters, digits and white space."""
    piece = encoding.encode_ordinary("'s")
    points = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    return digest([[point for point in points if encoding.encode_ordinary(chr(point) + "'s")[-1:] == piece]])


def record_texts():
    """Prompts and whole texts as in listing 7.2 and InstructionDataset of the book."""
    path = pathlib.Path(os.environ["PIPE_BOOK_DATA"]) / "instruction-data.json"
    for record in json.loads(path.read_text(encoding="utf-8")):
        prompt = (
            "Below is an instruction that describes a task. Write a response that appropriately completes the request."
            f"\n\n### Instruction:\n{record['instruction']}"
        )
        prompt += f"\n\n### Input:\n{record['input']}" if record["input"] else ""
        yield prompt
        yield f"{prompt}\n\n### Response:\n{record['output']}"


CASES = [
    "", " ", "  ", "\n", " \n ", "a  b", "a \n\n b  ", "Hello, do you like tea?", "I'll we've it's HE'S don't", "x's’s",
    "\ufeffHello", "a\ufeffb", "a \ufeff b", "\ufeff\ufeff", " \ufeff", "\ufeff's", "\x85's", "a\x85b", "a \x85 b", "\x85\x85 x", "\x85", "1\x85'll",
    "a\u180eb", "a\u200bb", "a\xa0\xa0b", "\u3000日本", "\u2028\u2029 x", "\x1c\x1d\x1e\x1f x",
    "\ud800", "a\udc00b", "\udc00\ud800", "\ud83d\ude00", "\U0001f600's", "\U00010940's", "\U00033479'll", "\U0002ebf0's", "\U00010d40's",
    f"a{ENDOFTEXT}b", f"{ENDOFTEXT}{ENDOFTEXT}", f" {ENDOFTEXT} ", "<|endoftext", "<|ENDOFTEXT|>", f"<|endof{ENDOFTEXT}text|>",
    "٣٤٥ ½ ²", "e\u0301e\u0301", "ﬀ ǅ ʰ ª", "a_b-c", "….…", "\0\0", "ab" * 300, "日本" * 200, " " * 300,
]  # fmt: skip

golden = {
    "tiktoken": tiktoken.__version__,
    "pools": POOLS,
    "random": {"batch": BATCH, "parts": PARTS, "ordinary": batches(ordinary), "special": batches(special)},
    "decoded": decoded(),
    "not_punctuation": not_punctuation(),
    "records": digest([ordinary(text) for text in record_texts()]),
    "cases": [{"text": text, "ordinary": ordinary(text), "special": special(text)} for text in CASES],
}
path = pathlib.Path(__file__).with_name("tokenizer.json")
lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items() if key != "cases"]
cases = ",\n".join(f"  {json.dumps(case)}" for case in golden["cases"])
path.write_text("{\n" + ",\n".join([*lines, f' "cases": [\n{cases}\n ]']) + "\n}\n")
