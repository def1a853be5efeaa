"""Writes what transformers makes of conversations with the tokenizer and the chat template of a GGUF file.

    python chat_tokens.py FOLDER FILE.gguf CONVERSATIONS.json IDS.json

For each conversation, a list of messages: {"whole": ids of all of it, "question": ids of all but the last message, with what asks for an answer}.
"""

import json
import pathlib
import sys

from transformers import AutoTokenizer

folder, name, conversations, target = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)


def ids(messages, asks):
    return tokenizer.apply_chat_template(messages, add_generation_prompt=asks, return_dict=True)["input_ids"]


found = [
    {"whole": ids(messages, False), "question": ids(messages[:-1], True)}
    for messages in json.loads(pathlib.Path(conversations).read_text())
]
pathlib.Path(target).write_text(json.dumps(found))
