"""What transformers makes of conversations with chat templates: texts, ids and the mask of the assistant's tokens.

usage: python3 chat_templates.py [FILE [CONVERSATIONS]]   (pip install transformers==5.24.0 tokenizers==0.23.3 jinja2)
Writes chat-templates.json next to this file. The tokenizers are those of tokenizer_shapes.py; the templates are our own, of the kinds that
SmolLM2 (ChatML), Llama 3, Gemma and Qwen3 have, with `generation` blocks, which only transformers reads.
"""
import json, os, random, sys
from transformers import PreTrainedTokenizerFast

HERE = os.path.dirname(os.path.abspath(__file__))
CHATML = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nBe short.<|im_end|>\n' }}{% endif %}{{ '<|im_start|>' + message['role'] + '\n' }}{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"""
LLAMA3 = """{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = '' %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now('%d %b %Y') %}
    {%- else %}
        {%- set date_string = '26 Jul 2024' %}
    {%- endif %}
{%- endif %}
{{- '<|im_start|>system<|im_end|>\n\nToday: ' + date_string + '\n\n' + system_message + '<|endoftext|>' }}
{%- if tools is not none %}{{- raise_exception('no tools') }}{%- endif %}
{%- for message in messages %}
    {{- '<|im_start|>' + message['role'] + '<|im_end|>\n\n' }}
    {%- if message['role'] == 'assistant' %}
        {%- generation %}{{- message['content'] | trim + '<|endoftext|>' }}{%- endgeneration %}
    {%- else %}
        {{- message['content'] | trim + '<|endoftext|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant<|im_end|>\n\n' }}
{%- endif %}"""
GEMMA = """{{ bos_token }}{%- if messages[0]['role'] == 'system' -%}
    {%- set first = messages[0]['content'] + '\n\n' -%}
    {%- set rest = messages[1:] -%}
{%- else -%}
    {%- set first = '' -%}
    {%- set rest = messages -%}
{%- endif -%}
{%- for message in rest -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception('Roles must alternate user/assistant') }}
    {%- endif -%}
    {%- if message['role'] == 'assistant' -%}
        {{ '<left>model\n' }}{% generation %}{{ message['content'] | trim }}{{ '</s>' }}{% endgeneration %}{{ '\n' }}
    {%- else -%}
        {{ '<left>user\n' + (first if loop.first else '') }}{{ message['content'] | trim }}{{ '</s>\n' }}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<left>model\n' }}{%- endif -%}
"""
KINDS = {"chatml": ("smollm2", CHATML, {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}),
    "qwen": ("qwen2", CHATML, {"eos_token": "<|im_end|>"}),
    "llama3": ("llama3", LLAMA3, {"bos_token": "<s>", "eos_token": "<|endoftext|>"}),
    "gemma": ("gemma", GEMMA, {"bos_token": "<s>", "eos_token": "</s>"})}
WORDS = ["Hello", "world", "42", "it's", "你好", "🙂", "def f(x):\n    return x", "e\u0301", "naïve", "...", "\n", "  ", "a\n\nb", "<plain>", "O'ſ", "100%"]


def conversations(count):
    r = random.Random(5)
    def text():
        words = " ".join(r.choices(WORDS, k=r.randint(1, 6))).strip()
        return words or "x"
    made = []
    for _ in range(count):
        turns = [{"role": "system", "content": text()}] if r.random() < 0.4 else []
        for _ in range(r.randint(1, 4)):
            turns += [{"role": "user", "content": text()}, {"role": "assistant", "content": text()}]
        made.append(turns)
    return made


def main(path, count):
    golden = {"conversations": conversations(count), "kinds": {}}
    for name, (shape, template, roles) in KINDS.items():
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=os.path.join(HERE, "tokenizer-shapes", shape, "tokenizer.json"), **roles)
        tokenizer.chat_template = template
        results = []
        for turns in golden["conversations"]:
            fixed = {"date_string": "26 Jul 2024"}
            whole = tokenizer.apply_chat_template(turns, return_dict=True, return_assistant_tokens_mask=True, **fixed)
            results.append({"ids": whole["input_ids"], "mask": whole["assistant_masks"],
                "text": tokenizer.apply_chat_template(turns, tokenize=False, **fixed),
                "prompt": tokenizer.apply_chat_template(turns[:-1], add_generation_prompt=True, return_dict=True, **fixed)["input_ids"]})
        golden["kinds"][name] = {"shape": shape, "template": template, "roles": roles, "results": results}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(golden, file, ensure_ascii=True, separators=(",", ":"))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "chat-templates.json"), int(sys.argv[2]) if len(sys.argv) > 2 else 25)
