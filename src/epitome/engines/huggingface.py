"""transformers (extra `train`): any hub or local model, decoder-only or encoder-decoder, with PEFT adapters.

The models' own `generate`, never pipelines. Requests are sorted by length and run in padded batches of bounded
size, in bfloat16 where the machine computes in it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, Literal

from epitome import settings
from epitome.engines.base import Ability, Chunk, Decoding, GenerationRequest
from epitome.engines.gather import gathered
from epitome.engines.machine import cores
from epitome.engines.networks import load_network, positions, reads_plain
from epitome.engines.spelling import Respeller, Spelling
from epitome.engines.steps import Canceller, Chooser, Row, Watcher, last
from epitome.engines.stream import Detokenizer
from epitome.engines.tokenizer import HubTokenizer
from epitome.engines.vocabulary import END_OF_TURN, Vocabulary
from epitome.errors import ContextError, EngineError
from epitome.models import gguf
from epitome.models.model import Model
from epitome.models.template import Tokens, render, stops
from epitome.types import Prompt

INSTALL = 'pip install "epitome[train]"'
Dtype = Literal["auto", "bfloat16", "float32"]
ROWS = 24
"""Most answers in a batch; beyond some 20 rows two cores gain nothing, and all wait for the longest."""
BATCH_TOKENS = 8192
"""Most tokens of a batch, padding and answers included: bounds the memory for keys and values."""


class Transformers:
    """A model in transformers.

    >>> with Transformers(resolve("org/name")) as engine:
    ...     answers(engine, [GenerationRequest(Prompt((Message("user", text),)))])

    An encoder-decoder reads the messages' texts without any template, and begins its answer with the prefill.

    Args:
        model: what to load: a Hugging Face folder, or a GGUF file (its weights are expanded to `dtype`).
        adapters: PEFT folders by the name that `Decoding.adapter` uses.
        context: tokens that prompt and answer may have; 0: the model's own.
        threads: 0 is one a core that this process may use.
        dtype: `auto` is bfloat16 on a GPU or a CPU that computes in it, else float32.

    Raises:
        ModelError: the folder or file holds no model that transformers runs.
        EngineError: the extra is missing, or an adapter belongs to another base.
    """

    name = "transformers"
    abilities: frozenset[Ability] = frozenset(
        {
            "adapters",
            "alternatives",
            "beams",
            "contrast",
            "logprobs",
            "sampling",
            "seeds",
            "streaming",
            "token_ids",
        }
    )
    context: int
    _network: Any
    _adapters: dict[str, Path]

    def __init__(
        self,
        model: Model,
        *,
        adapters: Mapping[str, Path] | None = None,
        context: int = 0,
        threads: int = 0,
        dtype: Dtype = "auto",
    ) -> None:
        if model.path is None:
            raise EngineError(f"transformers needs a model folder, and {model.name} has none")
        torch = require()
        torch.set_num_threads(threads or cores())
        words: HubTokenizer | Vocabulary
        if model.format == "gguf":
            head = gguf.read(model.path)
            words, jinja, tokens = Vocabulary.read(model.path), head.chat_template, head.tokens
        else:
            words = HubTokenizer(model.path)
            jinja, tokens = words.chat_template, words.tokens
        device = "cuda" if torch.cuda.is_available() else "cpu"
        network = load_network(model.path, _dtype(torch, device, dtype)).to(device).eval()
        self._put(model, network, words, jinja, tokens)
        self.context = context or self.context
        self._adapters = dict(adapters or {})
        self._network = _with_adapters(self._network, self._adapters, model.name)

    @classmethod
    def of(
        cls, model: Model, network: Any, words: HubTokenizer | Vocabulary, jinja: str | None, tokens: Tokens
    ) -> Transformers:
        """An engine around a network that is loaded already, such as one in training."""
        engine = cls.__new__(cls)
        engine._put(model, network, words, jinja, tokens)
        engine._adapters = {}
        return engine

    def _put(
        self, model: Model, network: Any, words: HubTokenizer | Vocabulary, jinja: str | None, tokens: Tokens
    ) -> None:
        self.model = model.name
        self._template = model.template
        self._words, self._jinja, self._tokens = words, jinja, tokens
        self._network = network
        self._device = network.device
        self._encoder_decoder = bool(network.config.is_encoder_decoder)
        self._plain = isinstance(words, HubTokenizer) and reads_plain(network.config)
        self._respells = isinstance(words, HubTokenizer) and words.loses_spelling
        if self._plain:  # without the document nothing is left of what it is asked
            self.abilities = self.abilities - {"contrast"}
        if self._respells:
            self.abilities = self.abilities - {"alternatives", "streaming"}
        self.context = model.context or positions(network.config)
        self._starts = _answer_start(network) if self._encoder_decoder else []
        self._ends = self._end_tokens()
        network.generation_config = _bare_config(network, self._ends)
        self._lock = Lock()
        # PEFT's prefixes count positions themselves, and say so at every step.
        warnings.filterwarnings("ignore", message="Position ids are not supported")

    def _end_tokens(self) -> set[int]:
        named = self._network.generation_config.eos_token_id
        ends = {*([named] if isinstance(named, int) else named or [])}
        names = (self._tokens.eos, *END_OF_TURN)
        return ends | {token for name in names if (token := self._words.special(name)) is not None}

    def encode(self, text: str) -> list[int]:
        return self._words.encode(text)

    def count(self, prompt: Prompt) -> int:
        return len(self._ids(prompt))

    def _ids(self, prompt: Prompt) -> list[int]:
        if self._plain and isinstance(self._words, HubTokenizer):
            ids = self._words.encode_source(_source(prompt))
            return ids if self._encoder_decoder else ids + self._words.encode(prompt.prefill)
        return self._words.ids(render(prompt, self._template, self._jinja, self._tokens))

    def generate(self, requests: Sequence[GenerationRequest], cancel: Event | None = None) -> Iterator[Chunk]:
        rows = [self._row(index, request) for index, request in enumerate(requests)]
        stop = Event()
        chunks: SimpleQueue[Chunk | Exception] = SimpleQueue()
        worker = Thread(target=self._work, args=(rows, stop, chunks), daemon=True)
        worker.start()
        try:
            for chunk in gathered(chunks, len(rows), cancel, stop):
                if chunk.text or chunk.logprobs or chunk.finish:
                    yield chunk
        finally:
            stop.set()
            worker.join()

    def _row(self, index: int, request: GenerationRequest) -> Row:
        decoding, ids = request.decoding, self._ids(request.prompt)
        self._check(decoding)
        needed = len(ids) + (0 if self._encoder_decoder else decoding.max_tokens)
        if needed > self.context or decoding.max_tokens > self.context:
            raise ContextError(
                f"the prompt has {len(ids)} tokens and the answer up to {decoding.max_tokens}; "
                f"{self.model} has a context of {self.context}",
                hint="shorten the document, or ask for less",
            )
        ends = () if self._plain else stops(self._template)
        texts = [text for text in (*decoding.stop, *ends) if self._words.special(text) is None]
        row = Row(index, decoding, ids, self._detokenizer(request.prompt, texts))
        if decoding.contrast and request.without is not None:
            row.without = self._ids(request.without)
        if self._encoder_decoder:
            row.start = self._starts + self._words.encode(request.prompt.prefill)
        return row

    def _detokenizer(self, prompt: Prompt, stop: Sequence[str]) -> Detokenizer:
        if not self._respells:
            return Detokenizer(self._words.decode, stop)
        return Respeller(self._words.decode, stop, Spelling(_source(prompt)), begun=bool(prompt.prefill))

    def _check(self, decoding: Decoding) -> None:
        if decoding.grammar:
            raise EngineError("the transformers engine has no grammars", hint="--engine llamacpp has them")
        if decoding.alternatives and self._respells:
            raise EngineError(f"{self.model} writes pieces of words: alternatives to one have no text")
        if decoding.beams > 1 and decoding.temperature > 0:
            raise EngineError("beam search and sampling exclude each other", hint="set temperature to 0")
        if decoding.beams > 1 and (decoding.logprobs or decoding.alternatives or decoding.stop):
            raise EngineError(
                "beam search reports no log-probabilities and knows no stop strings here",
                hint="set beams to 1",
            )
        if decoding.contrast and (decoding.beams > 1 or self._plain):
            raise EngineError("contrast is for decoder-only models, and not for beam search")
        if decoding.adapter is not None and decoding.adapter not in self._adapters:
            raise EngineError(f"{self.model} was opened without the adapter {decoding.adapter}")

    def _work(self, rows: list[Row], stop: Event, chunks: SimpleQueue[Chunk | Exception]) -> None:
        """Run all batches, one after the other."""
        try:
            for batch in _batches(rows):
                with self._lock, self._adapted(batch[0].decoding.adapter):
                    if not stop.is_set():
                        self._run(batch, stop, chunks)
                for row in batch:
                    if not row.finished:
                        chunks.put(last(row, row.text.finish(), "abort"))
        except MemoryError as error:
            chunks.put(_failed(error))
        except RuntimeError as error:
            chunks.put(_failed(error))
        except Exception as error:  # the caller's thread must hear of it, whatever it is
            chunks.put(error)

    def _adapted(self, adapter: str | None) -> AbstractContextManager[Any]:
        if not self._adapters:
            return nullcontext()
        if not hasattr(self._network, "peft_config"):
            from epitome.engines import bottleneck

            return nullcontext() if adapter else bottleneck.bare(self._network)
        if adapter is None:
            context: AbstractContextManager[Any] = self._network.disable_adapter()
            return context
        self._network.set_adapter(_internal([*self._adapters].index(adapter)))
        return nullcontext()

    def _run(self, batch: list[Row], stop: Event, chunks: SimpleQueue[Chunk | Exception]) -> None:
        import torch

        decoding = batch[0].decoding
        inputs, start = self._inputs(batch)
        chooser = Chooser(batch, decoding.beams, start, self._ends)
        criteria: list[Any] = [Canceller(stop)]
        if decoding.beams == 1:
            criteria.append(Watcher(batch, self._ends, self._words.words, chooser, chunks.put))
        with torch.inference_mode():
            made = self._network.generate(
                **inputs,
                max_new_tokens=max(row.decoding.max_tokens for row in batch),
                num_beams=decoding.beams,
                length_penalty=decoding.length_penalty if decoding.beams > 1 else None,
                do_sample=False,
                logits_processor=[*self._contrast(batch), chooser],
                stopping_criteria=criteria,
            )
        if decoding.beams > 1 and not stop.is_set():
            for row, ids in zip(batch, made[:, start:].tolist(), strict=True):
                chunks.put(self._beam(row, ids))

    def _contrast(self, batch: list[Row]) -> list[Any]:
        """Log-probabilities with the document, and as much further away from those without it as is asked."""
        import torch
        from transformers import UnbatchedClassifierFreeGuidanceLogitsProcessor as Guidance

        if not batch[0].without:
            return []
        pad = self._network.generation_config.pad_token_id
        ids, mask = (
            one.to(self._device) for one in _padded(torch, [row.without for row in batch], pad, left=True)
        )
        return [Guidance(1 + batch[0].decoding.contrast, self._network, ids, mask)]

    def _inputs(self, batch: list[Row]) -> tuple[dict[str, Any], int]:
        """What `generate` is given, and where the new tokens begin."""
        import torch

        pad = self._network.generation_config.pad_token_id
        ids, mask = _padded(torch, [row.prompt for row in batch], pad, left=not self._encoder_decoder)
        inputs = {"input_ids": ids.to(self._device), "attention_mask": mask.to(self._device)}
        if not self._encoder_decoder:
            for row in batch:
                row.first = ids.shape[1] - len(row.prompt)
            return inputs, ids.shape[1]
        begun = torch.tensor([row.start for row in batch])
        inputs["decoder_input_ids"] = begun.to(self._device)
        return inputs, begun.shape[1]

    def _beam(self, row: Row, ids: list[int]) -> Chunk:
        end = next((at for at, token in enumerate(ids) if token in self._ends), len(ids))
        kept = ids[: min(end, row.decoding.max_tokens)]
        row.generated = len(kept)
        text = row.text.push(kept) + row.text.finish()
        return last(row, text, "stop" if end <= row.decoding.max_tokens and end < len(ids) else "length")

    def close(self) -> None:
        with self._lock:
            self._network = None

    def __enter__(self) -> Transformers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _batches(rows: list[Row]) -> Iterator[list[Row]]:
    """Rows that can run together, longest prompts first, so that memory runs out at once or not at all."""
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        decoding = row.decoding
        limits = (decoding.length_penalty, decoding.max_tokens) if decoding.beams > 1 else ()
        contrast = decoding.contrast if row.without else 0.0
        groups.setdefault((decoding.adapter, decoding.beams, contrast, len(row.start), *limits), []).append(
            row
        )
    for group in groups.values():
        group.sort(key=lambda row: -len(row.prompt))
        at = 0
        while at < len(group):
            width = len(group[at].prompt) + max(row.decoding.max_tokens for row in group[at:])
            size = max(1, min(ROWS, BATCH_TOKENS // (width * group[at].decoding.beams)))
            yield group[at : at + size]
            at += size


def _padded(torch: Any, prompts: list[list[int]], pad: int, *, left: bool) -> tuple[Any, Any]:
    width = max(len(ids) for ids in prompts)
    ids = torch.full((len(prompts), width), pad)
    mask = torch.zeros((len(prompts), width), dtype=torch.long)
    for at, prompt in enumerate(prompts):
        where = slice(width - len(prompt), width) if left else slice(0, len(prompt))
        ids[at, where] = torch.tensor(prompt)
        mask[at, where] = 1
    return ids, mask


def require() -> Any:
    """torch, with transformers kept quiet. Raises `EngineError` if one of them is not installed."""
    # Read by the hub's library when it is first imported.
    if settings.offline():
        os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import torch
        import transformers
    except (ImportError, OSError) as error:
        raise EngineError(f"the transformers engine is not installed ({error})", hint=INSTALL) from error
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return torch


def _source(prompt: Prompt) -> str:
    """What a network that reads plain text is given of a prompt."""
    return "\n\n".join(message.text for message in prompt.messages)


def _dtype(torch: Any, device: str, wish: Dtype) -> Any:
    if wish != "auto":
        return getattr(torch, wish)
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if computes_bfloat16() else torch.float32


def computes_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the CPU multiplies in bfloat16; without, PyTorch is slower in it than in float32."""
    try:
        flags = cpuinfo.read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _answer_start(network: Any) -> list[int]:
    """What the answer of an encoder-decoder begins with: BART's wants its forced first token after the start."""
    config = network.generation_config
    start = config.decoder_start_token_id
    first = config.forced_bos_token_id
    ids = [start if isinstance(start, int) else network.config.pad_token_id or 0]
    return [*ids, first] if isinstance(first, int) else ids


def _bare_config(network: Any, ends: set[int]) -> Any:
    """A generation configuration without the model's own habits (beams, lengths, sampling): ours are explicit."""
    from transformers import GenerationConfig

    old = network.generation_config
    pad = old.pad_token_id if old.pad_token_id is not None else network.config.pad_token_id
    return GenerationConfig(
        eos_token_id=sorted(ends) or None,
        pad_token_id=pad if isinstance(pad, int) and pad >= 0 else min(ends, default=0),
        decoder_start_token_id=old.decoder_start_token_id,
    )


def _with_adapters(network: Any, adapters: Mapping[str, Path], base: str) -> Any:
    if not adapters:
        return network
    from epitome.engines import bottleneck

    if any((folder / bottleneck.CONFIG).is_file() for folder in adapters.values()):
        if len(adapters) > 1:
            raise EngineError("bottleneck adapters run alone", hint="open the engine with one of them")
        return bottleneck.load(network, next(iter(adapters.values()))).eval()
    from peft import PeftModel

    for at, (name, folder) in enumerate(adapters.items()):
        try:
            with warnings.catch_warnings():
                # PEFT asks for a name that transformers will drop: nothing the reader of a summary can do.
                warnings.simplefilter("ignore", FutureWarning)
                # AdaLoRA's ranks by layer, which PEFT writes and then does not know again.
                warnings.filterwarnings("ignore", message="The following rank_pattern")
                if isinstance(network, PeftModel):
                    network.load_adapter(str(folder), adapter_name=_internal(at))
                else:
                    network = PeftModel.from_pretrained(network, str(folder), adapter_name=_internal(at))
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise EngineError(
                f"the adapter {name} does not fit {base} ({reason})",
                hint="an adapter runs only on the base it was trained on",
            ) from error
    return network.eval()


def _internal(at: int) -> str:
    """PEFT's name of an adapter: it becomes a module's, which bears no dots, and ours is a path."""
    return f"adapter{at}"


def _failed(error: Exception) -> EngineError:
    failure = EngineError(
        f"transformers: {str(error).strip().partition(chr(10))[0]}", hint="ask for less at once"
    )
    failure.__cause__ = error
    return failure
