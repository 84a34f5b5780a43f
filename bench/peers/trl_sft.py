"""TRL's `SFTTrainer` on a plan that `train_plan.py` wrote: a JSON file with loss, tokens and seconds of each step.

    python trl_sft.py FOLDER OUT '{"batch": 16, "accumulate": 1, "threads": 2, "checkpointing": false}'

Runs in an environment with TRL, without Epitome. The time of a step is from before its first forward pass to after the
optimiser: what TRL does between the steps (collating, logging) is left out in its favour.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer

PACKAGES = ("trl", "torch", "transformers", "peft", "accelerate", "datasets")


class Clock(TrainerCallback):
    """Notes what each step took and what TRL logged of it."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []
        self._started = 0.0
        self._tokens = 0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self._started = time.perf_counter()

    def on_step_end(self, _: Any, state: Any, *__: Any, **___: Any) -> None:
        self.steps.append({"step": state.global_step, "seconds": time.perf_counter() - self._started})

    def on_log(self, *_: Any, logs: dict[str, Any], **__: Any) -> None:
        if "loss" in logs:
            read, self._tokens = int(logs["num_tokens"]) - self._tokens, int(logs["num_tokens"])
            self.steps[-1] |= {"loss": float(logs["loss"]), "norm": float(logs["grad_norm"]), "read": read}


def rows(plan: dict[str, Any]) -> Dataset:
    """Tokenised examples in the order of the plan, with a loss on the answer alone."""
    examples = [example for batch in plan["batches"] for example in batch]
    return Dataset.from_list(
        [
            {
                "input_ids": [*one["prompt"], *one["answer"]],
                "completion_mask": [0] * len(one["prompt"]) + [1] * len(one["answer"]),
            }
            for one in examples
        ]
    )


def config(plan: dict[str, Any], options: dict[str, Any], work: Path) -> SFTConfig:
    """The plan's settings in TRL's words."""
    return SFTConfig(
        output_dir=str(work),
        max_steps=len(plan["batches"]),
        per_device_train_batch_size=options["batch"],
        gradient_accumulation_steps=options["accumulate"],
        gradient_checkpointing=options["checkpointing"],
        bf16=options.get("autocast", True),
        use_cpu=True,
        completion_only_loss=True,
        max_length=None,
        train_sampling_strategy="sequential",
        learning_rate=plan["lr"],
        lr_scheduler_type=plan["schedule"],
        warmup_steps=0,
        adam_beta1=plan["betas"][0],
        adam_beta2=plan["betas"][1],
        weight_decay=plan["weight_decay"],
        max_grad_norm=plan["clip"],
        seed=plan["seed"],
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


def trainer(plan: dict[str, Any], options: dict[str, Any], work: Path, clock: Clock) -> SFTTrainer:
    """TRL with the plan's adapter on the plan's model."""
    tokenizer = AutoTokenizer.from_pretrained(plan["folder"])
    model = AutoModelForCausalLM.from_pretrained(plan["folder"], dtype=getattr(torch, plan["dtype"]))
    lora = LoraConfig(
        task_type="CAUSAL_LM",
        r=plan["rank"],
        lora_alpha=plan["alpha"],
        lora_dropout=plan["dropout"],
        target_modules=plan["targets"],
    )
    return SFTTrainer(
        model=model,
        args=config(plan, options, work),
        train_dataset=rows(plan),
        processing_class=tokenizer,
        peft_config=lora,
        callbacks=[clock],
    )


def begin_at(model: Any, start: dict[str, Any]) -> None:
    """Put the adapter's first weights in; the two networks must learn the same parameters."""
    learning = {name: held for name, held in model.named_parameters() if held.requires_grad}
    if learning.keys() != start.keys():
        raise SystemExit(f"other parameters learn: {sorted(learning.keys() ^ start.keys())[:4]}")
    if other := {held.dtype for held in learning.values()} - {torch.float32}:
        raise SystemExit(f"the adapter is kept in {other}")
    with torch.no_grad():
        for name, held in learning.items():
            held.copy_(start[name])


def main() -> None:
    folder, out, options = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    torch.set_num_threads(options["threads"])
    plan = json.loads((folder / "plan.json").read_text("utf-8"))
    clock = Clock()
    training = trainer(plan, options, out.with_suffix(".work"), clock)
    begin_at(training.model, torch.load(folder / "start.pt"))
    training.train()
    frozen = next(held for held in training.model.parameters() if not held.requires_grad)
    note = f"{frozen.dtype}, {training.model.config._attn_implementation}, {torch.get_num_threads()} threads"
    versions = {name: version(name) for name in PACKAGES}
    out.write_text(json.dumps({"steps": clock.steps, "note": note, "versions": versions}), "utf-8")


if __name__ == "__main__":
    main()
