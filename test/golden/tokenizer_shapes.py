"""Ids of the library `tokenizers`, for small tokenizers of the shapes that models have, trained here.

usage: python3 tokenizer_shapes.py [FOLDER [TEXTS]]   (pip install tokenizers==0.23.3)
Writes into FOLDER (default: tokenizer-shapes, next to this file) a tokenizer.json for each shape, and golden.json: texts, and for each
shape their ids and what they decode to. TEXTS (default 220) is how many random texts there are: thousands for a long test.
"""
import json, os, random, sys
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

GPT2_LIKE = pre_tokenizers.ByteLevel.alphabet()
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
GPT4O = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")

WORDS = """the a of and to in is it that was for on are as with his they at be this from have or by one had not but what all were when we
there can an your which their said if do will each about how up out them then she many some so these would other into has more her two like
him see time could no make than first been its who now people my made over did down only way find use may water long little very after words
called just where most know get through back much go good new write our used me man too any day same right look think also around another
came come work three word must because does part even place well such here take why help put different away again off went old number
it's don't I'll we've you're he'd I'm CAN'T It'S""".split()
CODE = ["def f(x):\n    return x + 1\n", "for (let i = 0; i < 10; i++) {\n\tconsole.log(i);\n}\n", "a->b()->c[12345] != 0x1F;", "https://example.org/a?b=c&d=1"]
OTHER = ["你好，世界。", "我想学习中文", "日本語のテキスト", "Здравствуй, мир", "naïve café", "cafe\u0301", "e\u0301\u0327", "ﬁ ﬂ", "🙂🙃", "👩‍👩‍👧", "🇩🇪", "\u0000\u0001",
    "\ufeff", "\u0085", "\u00a0", "\u2003", "\u200b", "\u3000", "ſ's", "'ſ", "'S", "'LL", "K", "İ", "ß", "½", "٣", "Ⅷ", "१२३", "𝔘𝔫𝔦", "\ufffd", "\U0010ffff", "e\u0300\u0323", "\u1100\u1161", "가각", "▁", "▁▁a", "<0x41>", "א", "ا", "ก็"]
TURNS = ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<s>", "</s>", "<left>", "<right>", "<word>", "<plain>", "<norm é>"]


def texts_of(count, seed):
    r = random.Random(seed)
    def part():
        kind = r.random()
        if kind < 0.4: return " ".join(r.choices(WORDS, k=r.randint(1, 8)))
        if kind < 0.5: return r.choice(CODE)
        if kind < 0.62: return r.choice(OTHER)
        if kind < 0.70: return r.choice([" ", "  ", "\n", "\n\n", "\r\n", "\t", " \n ", "   \n", "    "])
        if kind < 0.78: return str(r.randint(0, 10 ** r.randint(1, 12)))
        if kind < 0.84: return r.choice(["!", "?!", "...", "---", "'", "\"", "('", "]}", "$", "#!"])
        if kind < 0.92: return r.choice(TURNS)
        if kind < 0.96: return "".join(chr(r.choice([r.randint(32, 0x2FF), r.randint(0x370, 0x9FF), r.randint(0x2000, 0xD7FF), r.randint(0xE000, 0x2FFFF)])) for _ in range(r.randint(1, 6)))
        return r.choice(WORDS).upper() + r.choice(WORDS).title()
    made = ["", " ", "  ", "\n", "a", " a", "a ", "▁", "<s>", "<s>a", " <left> b", "a<word>b <word> c"]
    while len(made) < count:
        joint = r.choice(["", "", " "])
        made.append(joint.join(part() for _ in range(r.randint(1, 7))))
    return made


CORPUS = texts_of(1500, 7) + [" ".join(random.Random(i).choices(WORDS, k=40)) for i in range(300)]


def byte_level(pre, *, normalizer=None, decoder=None, special=("<|endoftext|>", "<|im_start|>", "<|im_end|>"), post=None, size=700, **model):
    made = Tokenizer(models.BPE(**model))
    if normalizer: made.normalizer = normalizer
    made.pre_tokenizer = pre
    made.decoder = decoder or decoders.ByteLevel()
    made.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=size, initial_alphabet=GPT2_LIKE, special_tokens=list(special), show_progress=False))
    made.add_tokens([AddedToken("<left>", lstrip=True, normalized=False), AddedToken("<right>", rstrip=True, normalized=False),
        AddedToken("<word>", single_word=True, normalized=False), AddedToken("<plain>", normalized=True), AddedToken("<norm é>", normalized=True)])
    if post: made.post_processor = post(made)
    return made


def sentence_piece(*, normalizer=None, pre=None, decoder, special=("<pad>", "<unk>", "<s>", "</s>"), post=None, size=900):
    made = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    train = Tokenizer(models.BPE(unk_token="<unk>"))
    train.normalizer = normalizers.Replace(" ", "▁")
    train.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    bytes_ = [f"<0x{b:02X}>" for b in range(256)]
    train.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=size, special_tokens=list(special) + bytes_, limit_alphabet=150, show_progress=False))
    model = json.loads(train.to_str())["model"]
    made.model = models.BPE(vocab=model["vocab"], merges=[tuple(m) for m in model["merges"]], byte_fallback=True, fuse_unk=True, unk_token="<unk>")
    if normalizer: made.normalizer = normalizer
    if pre: made.pre_tokenizer = pre
    made.decoder = decoder
    made.add_special_tokens([AddedToken(s, normalized=False) for s in special])
    made.add_tokens([AddedToken("<left>", lstrip=True, normalized=False), AddedToken("<plain>", normalized=True), AddedToken("<word>", single_word=True, normalized=False)])
    if post: made.post_processor = post(made)
    return made


def begins(text):
    return lambda t: processors.TemplateProcessing(single=f"{text} $A", pair=f"{text} $A {text}:1 $B:1", special_tokens=[(text, t.token_to_id(text))])


split = lambda pattern, behavior="isolated", invert=False: pre_tokenizers.Split(Regex(pattern), behavior, invert)
bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
llama2_decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
gemma_decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])

SHAPES = {
    "gpt2": lambda: byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False)),
    "prefix-space": lambda: byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True)),
    "smollm2": lambda: byte_level(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])),
    "digits": lambda: byte_level(pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.ByteLevel(add_prefix_space=False)])),
    "llama3": lambda: byte_level(pre_tokenizers.Sequence([split(LLAMA3), bytes_only]), ignore_merges=True,
        special=("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<s>"), post=begins("<s>")),
    "qwen2": lambda: byte_level(pre_tokenizers.Sequence([split(QWEN2), bytes_only]), normalizer=normalizers.NFC()),
    "gpt4o": lambda: byte_level(pre_tokenizers.Sequence([split(GPT4O), bytes_only]), normalizer=normalizers.NFC()),
    "removed": lambda: byte_level(pre_tokenizers.Sequence([split(r"\s+", "removed"), split(r"\p{L}+", "contiguous"), split("[,.!?]", "merged_with_previous"), split("[#$]", "merged_with_next"), bytes_only])),
    "inverted": lambda: byte_level(pre_tokenizers.Sequence([split(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}", "removed", True), bytes_only])),
    "llama2": lambda: sentence_piece(normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), decoder=llama2_decoder, post=begins("<s>")),
    "metaspace": lambda: sentence_piece(pre=pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False), decoder=llama2_decoder, post=begins("<s>")),
    "metaspace-split": lambda: sentence_piece(pre=pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True), decoder=decoders.Metaspace(replacement="▁", prepend_scheme="always")),
    "gemma": lambda: sentence_piece(normalizer=normalizers.Replace(" ", "▁"), pre=pre_tokenizers.Split(" ", "merged_with_previous"), decoder=gemma_decoder, post=begins("<s>")),
}


def main(folder, count):
    texts = texts_of(count, 123)
    golden = {"texts": texts, "shapes": {}}
    for name, make in SHAPES.items():
        tokenizer = make()
        os.makedirs(os.path.join(folder, name), exist_ok=True)
        with open(os.path.join(folder, name, "tokenizer.json"), "w", encoding="utf-8") as file:
            json.dump(json.loads(tokenizer.to_str()), file, ensure_ascii=False, separators=(",", ":"))
        ids = [tokenizer.encode(text).ids for text in texts]
        golden["shapes"][name] = {"ids": ids, "decoded": [tokenizer.decode(i, skip_special_tokens=False) for i in ids]}
    with open(os.path.join(folder, "golden.json"), "w", encoding="utf-8") as file:
        json.dump(golden, file, ensure_ascii=True, separators=(",", ":"))


if __name__ == "__main__":
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokenizer-shapes")
    main(sys.argv[1] if len(sys.argv) > 1 else here, int(sys.argv[2]) if len(sys.argv) > 2 else 220)
