"""transformers with the model loaded: one prompt at a time, or in batches sorted by length and padded on the left."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer


class TorchModel:
    """A model folder in transformers; greedy, to the end token or `new_tokens`.

    `batch` 1 is one prompt at a time. A job may name another `batch`. `threads` 0 is torch's own choice.
    """

    def __init__(
        self,
        folder: str,
        dtype: str,
        new_tokens: int,
        batch: int = 1,
        attention: str = "sdpa",
        threads: int = 0,
    ) -> None:
        if threads:
            torch.set_num_threads(threads)
        self._tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self._model = AutoModelForCausalLM.from_pretrained(
            folder, dtype=getattr(torch, dtype), attn_implementation=attention
        ).eval()
        self._batch, self._new_tokens = batch, new_tokens
        self.note = f"{dtype}, {attention}, batch {batch}, {torch.get_num_threads()} threads"

    def answer(self, job: dict[str, Any]) -> dict[str, Any]:
        prompts, batch = job["prompts"], job.get("batch", self._batch)
        # The prompt is already rendered: its markup is read as special tokens, and none is added.
        ids = self._tokenizer(prompts, add_special_tokens=False)["input_ids"]
        order = sorted(range(len(ids)), key=lambda at: len(ids[at])) if batch > 1 else range(len(ids))
        texts, generated = [""] * len(ids), 0
        for start in range(0, len(ids), batch):
            chosen = list(order)[start : start + batch]
            for at, answer in zip(chosen, self._generate([ids[at] for at in chosen]), strict=True):
                texts[at] = self._tokenizer.decode(answer, skip_special_tokens=True)
                generated += len(answer)
        return {"texts": texts, "prompt_tokens": sum(map(len, ids)), "generated_tokens": generated}

    def _generate(self, prompts: list[list[int]]) -> list[list[int]]:
        """The tokens of each answer, without its end token."""
        padded = self._tokenizer.pad({"input_ids": prompts}, return_tensors="pt")
        with torch.inference_mode():
            made = self._model.generate(
                **padded,
                max_new_tokens=self._new_tokens,
                do_sample=False,
                pad_token_id=self._tokenizer.pad_token_id,
            )
        end = self._tokenizer.eos_token_id
        answers = made[:, padded["input_ids"].shape[1] :].tolist()
        return [answer[: answer.index(end)] if end in answer else answer for answer in answers]
