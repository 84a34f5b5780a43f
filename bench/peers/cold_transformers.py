"""What a person writes to summarise one file with transformers, and nothing besides.

python cold_transformers.py FOLDER DTYPE FILE
"""

import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, dtype, file = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))
with open(file, encoding="utf-8") as article:  # noqa: PTH123 - nothing imported that is not needed
    messages = [
        {"role": "system", "content": "Summarize the input text in one sentence."},
        {"role": "user", "content": article.read()},
    ]
inputs = tokenizer.apply_chat_template(
    messages, add_generation_prompt=True, return_dict=True, return_tensors="pt"
)
with torch.inference_mode():
    made = model.generate(**inputs, max_new_tokens=64, do_sample=False, pad_token_id=tokenizer.pad_token_id)
print(tokenizer.decode(made[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))
