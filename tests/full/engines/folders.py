"""Small random models on disk, in the Hugging Face layout, with tokenizers trained here."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SENTENCES = [
    "The ferry to the island was cancelled because of the wind.",
    "Ninety people slept in the school and the baker brought them bread.",
    "Nobody was hurt, said the harbour master on Tuesday evening.",
] * 5
CHAT = (
    "{% for m in messages %}<|start|>{{ m['role'] }}\n{{ m['content'] }}<|stop|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def tokenizer(special: list[str], **named: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.decoder = decoders.ByteLevel()
    # ASCII only, so that different tokens are different texts.
    alphabet = [letter for letter in pre_tokenizers.ByteLevel.alphabet() if letter.isascii()] + ["\u0120"]
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    trained.train_from_iterator(SENTENCES, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=trained, **named)


def llama(folder: Path, hidden: int = 32) -> Path:
    """A decoder-only model with a chat template."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    words = tokenizer(["<|start|>", "<|stop|>", "<pad>"], eos_token="<|stop|>", pad_token="<pad>")
    words.add_tokens(["<think>"])
    words.chat_template = CHAT
    words.save_pretrained(folder)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=hidden, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=256, eos_token_id=1, bos_token_id=None, pad_token_id=2,
        initializer_range=0.3,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def t5(folder: Path) -> Path:
    """An encoder-decoder with relative positions."""
    import torch
    from tokenizers.processors import TemplateProcessing
    from transformers import T5Config, T5ForConditionalGeneration

    words = tokenizer(["<pad>", "</s>"], eos_token="</s>", pad_token="<pad>")
    words.backend_tokenizer.post_processor = TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    words.save_pretrained(folder)
    torch.manual_seed(2)
    config = T5Config(
        vocab_size=len(words), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, n_positions=128,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1, initializer_factor=3.0,
    )  # fmt: skip
    T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


def bart(folder: Path) -> Path:
    """An encoder-decoder that forces its first token, with habits of its own in its generation configuration."""
    import torch
    from tokenizers.processors import TemplateProcessing
    from transformers import BartConfig, BartForConditionalGeneration

    words = tokenizer(
        ["<s>", "<pad>", "</s>"], bos_token="<s>", eos_token="</s>", pad_token="<pad>", sep_token="</s>"
    )
    words.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    words.save_pretrained(folder)
    torch.manual_seed(3)
    config = BartConfig(
        vocab_size=len(words), d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=128,
        pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2, init_std=0.5,
    )  # fmt: skip
    network = BartForConditionalGeneration(config)
    network.generation_config.update(
        num_beams=4, min_length=30, forced_bos_token_id=0, no_repeat_ngram_size=3
    )
    network.save_pretrained(folder)
    return folder


def bert(folder: Path, texts: Iterable[str] = SENTENCES, head: bool = False) -> Path:
    """An encoder that knows the words of `texts`, with a head that fills masks or without."""
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertModel

    words = sorted({word for text in texts for word in re.findall(r"\w+", text.lower())})
    letters = [chr(at) for at in range(33, 127) if not chr(at).isupper()]
    pieces = [*letters, *(f"##{letter}" for letter in letters)]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys([*pieces, *words])]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    torch.manual_seed(4)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=192, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0, initializer_range=0.1,
    )  # fmt: skip
    (BertForMaskedLM if head else BertModel)(config).save_pretrained(folder)
    return folder


def adapter(base: Path, folder: Path, seed: int = 5) -> Path:
    """A LoRA on `base` that changes what it says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(base)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # between peft and transformers
        tuned = get_peft_model(
            network, LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "up_proj"])
        )
    torch.manual_seed(seed)
    for name, weights in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=1.0)
    tuned.save_pretrained(folder)
    return folder
