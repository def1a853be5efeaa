"""Writes the folders that test/model/files/tokenizer/model-folders.golden.test.ts reads (pip install torch transformers tokenizers).

    python test/golden/model_folders.py

writes model-folders/ beside this file: small GPT-2 folders as they are found on the web, each as transformers saves it, and
expected.json: what transformers makes of each: token ids and decoded texts of tricky texts, and the likeliest next tokens and
some logits of a prompt.
"""

import json
import pathlib
import shutil

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

here = pathlib.Path(__file__).parent
folders = here / "model-folders"

PORTUGUESE = """Era uma vez uma menina que vivia numa casa pequena perto da floresta. A avó morava longe, e o caminho não era
fácil. "Não fales com ninguém", disse a mãe. O coração da criança batia depressa; amanhã será outro dia, e as crianças estão
a brincar à chuva. São três horas. Você está bem? Também não sei. Ação, reação, informação, educação, canção, lição."""
TEXTS = [
    "",
    "Hello, world!",
    " Não é fácil:  três  crianças\n\n\ta brincar. ",
    "東京 🙂👩‍👩‍👧 é́ \u00a0\u3000x\u2028y \ufeffz",
    "a<|endoftext|>b <|endoftext|> c",
    "<|im_start|>user\nOlá<|im_end|>\n<|im_start|>assistant\n",
    "x <pad> y  [MASK]  z<|im_end",
    "don't you'll 'Tis I'M 12345 ½ ①  ...!?--",
    "            indented\n  \n",
]
PROMPT = "Era uma vez"


def trained(size, special=("<|endoftext|>",)):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        PORTUGUESE.split("\n"),
        trainers.BpeTrainer(vocab_size=size, special_tokens=list(special), initial_alphabet=alphabet, show_progress=False),
    )
    return tokenizer


def fast(tokenizer, **special):
    named = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>", **special}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named)


def model(vocab_size, eos, tied=True, dtype=torch.float32, **more):
    torch.manual_seed(vocab_size)
    config = GPT2Config(
        **{"n_layer": 1, "n_head": 2, "n_embd": 8, "n_positions": 32, **more},
        vocab_size=vocab_size,
        bos_token_id=eos if isinstance(eos, int) else eos[0],
        eos_token_id=eos,
        tie_word_embeddings=tied,
        initializer_range=0.5,
    )
    return GPT2LMHeadModel(config).to(dtype)


def plain_files(folder, tokenizer):
    """vocab.json and merges.txt, as GPT-2 was published, instead of tokenizer.json."""
    tokenizer.model.save(str(folder))


def write(name, network, save_tokenizer, **save):
    folder = folders / name
    folder.mkdir(parents=True)
    network.save_pretrained(folder, **save)
    save_tokenizer(folder)


shutil.rmtree(folders, ignore_errors=True)
portuguese = trained(320)

# Another language, the files of 2019.
write("portuguese", model(320, 0), lambda folder: plain_files(folder, portuguese))
# The file of the library tokenizers alone.
write("tokenizer-json", model(320, 0), lambda folder: portuguese.save(str(folder / "tokenizer.json")))
# As transformers saves it, with tokens for turns that were added, one of which ends a reply.
chat = trained(320)
chat.add_special_tokens(["<|im_start|>", "<|im_end|>"])
chat.add_tokens([AddedToken("<pad>"), AddedToken("[MASK]", lstrip=True, rstrip=True)])
write("chat", model(324, [321, 0]), lambda folder: fast(chat, eos_token="<|im_end|>").save_pretrained(folder))
# A vocabulary that was filled up to a multiple of 64.
write("padded", model(384, 0), lambda folder: fast(portuguese).save_pretrained(folder))
# Tokens added by a file of their own, next to vocab.json and merges.txt.
write(
    "added-tokens",
    model(322, 0),
    lambda folder: (
        plain_files(folder, portuguese),
        (folder / "added_tokens.json").write_text(json.dumps({"<|im_start|>": 320, "<|im_end|>": 321})),
    ),
)
# Half the layers, and what DistilGPT-2's config.json says besides.
distilled = dict(
    n_layer=2,
    _num_labels=1,
    id2label={0: "LABEL_0"},
    label2id={"LABEL_0": 0},
    summary_activation=None,
    summary_type="cls_index",
    task_specific_params={"text-generation": {"do_sample": True, "max_length": 50}},
)
write("distilled", model(320, 0, **distilled), lambda folder: plain_files(folder, portuguese))
write("shards", model(320, 0), lambda folder: plain_files(folder, portuguese), max_shard_size=8000)
write("bfloat16", model(320, 0, dtype=torch.bfloat16), lambda folder: plain_files(folder, portuguese))
write("untied", model(320, 0, tied=False), lambda folder: plain_files(folder, portuguese))

expected = {}
for folder in sorted(folders.iterdir()):
    network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = [tokenizer(text).input_ids for text in TEXTS]
    prompt = tokenizer(PROMPT).input_ids
    with torch.no_grad():
        logits = network(torch.tensor([prompt])).logits[0, -1]
    expected[folder.name] = {
        "ids": ids,
        "decoded": [tokenizer.decode(of, clean_up_tokenization_spaces=False) for of in ids],
        "prompt": prompt,
        "logits": [round(value, 5) for value in logits.tolist()],
    }
content = {"texts": TEXTS, "prompt": PROMPT, "models": expected}
(here / "model-folders.json").write_text(json.dumps(content) + "\n")
