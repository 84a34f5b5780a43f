"""What is minimised is the cross-entropy of the answers, however examples are put side by side."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.full.engines import folders
from tests.full.train import corpus

from epitome.models.folder import Form
from epitome.models.local import from_folder
from epitome.train.base import Base, open_base
from epitome.train.config import Method
from epitome.train.examples import Example, Shape, examples
from epitome.train.methods import adapt, trainable
from epitome.train.methods.fused import kept
from epitome.train.objectives import OneByOne, Packed, Seq2Seq, prepare

SHAPE = Shape(Form("Sum up.", "{document}"), 200, 24, titles=True)


@pytest.fixture
def base(tmp_path: Path) -> Base:
    torch.manual_seed(0)
    return open_base(from_folder(folders.llama(tmp_path / "llama")), torch.float32)


@pytest.fixture
def found(base: Base) -> list[Example]:
    return examples(corpus.pairs(5), base, SHAPE, {})


def random_lora(base: Base) -> object:
    network = adapt(base, Method(rank=4), 10)
    torch.manual_seed(3)
    for name, weights in network.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weights, std=0.3)
    return network


def test_packed_examples_do_not_see_each_other(base: Base, found: list[Example]) -> None:
    alone = OneByOne().loss(base.network, found)
    prepare(base.network)
    packed = Packed().loss(base.network, found)
    assert packed.item() == pytest.approx(alone.item(), rel=1e-5)


def test_the_loss_is_that_of_transformers_on_the_answer_alone(base: Base, found: list[Example]) -> None:
    example = found[0]
    branch = example.branches[0]
    ids = torch.tensor([[*example.prompt, *branch.ids]])
    labels = ids.clone()
    labels[0, : len(example.prompt)] = -100
    theirs = base.network(input_ids=ids, labels=labels).loss * len(branch.ids)
    prepare(base.network)
    ours = Packed().loss(base.network, [Example("a", example.prompt, (branch,))])
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_fused_lora_has_the_gradients_of_peft(base: Base, found: list[Example]) -> None:
    from peft.tuners.lora.layer import Linear

    network = random_lora(base)
    prepare(network)
    Packed().loss(network, found).backward()
    fused = [weights.grad.clone() for weights in trainable(network)]
    for module in network.modules():
        if isinstance(module, Linear):
            del module.forward
    network.zero_grad()
    Packed().loss(network, found).backward()
    for ours, weights in zip(fused, trainable(network), strict=True):
        torch.testing.assert_close(ours, weights.grad, rtol=1e-3, atol=1e-4)


def test_portions_hold_what_fits_and_everything_once(found: list[Example]) -> None:
    portions = list(Packed().portions(found, 2 * found[0].tokens + 20))
    assert sorted(example.id for portion in portions for example in portion) == [one.id for one in found]
    assert len(portions) > 1


def test_weights_count_tokens(base: Base) -> None:
    prepare(base.network)
    once = examples(corpus.pairs(2), base, SHAPE, {})
    twice = examples(corpus.pairs(2), base, SHAPE, {"news": 2.0})
    assert Packed().loss(base.network, twice).item() == pytest.approx(
        2 * Packed().loss(base.network, once).item(), rel=1e-5
    )
    assert examples(corpus.pairs(2), base, SHAPE, {"news": 0.0}) == []


@pytest.mark.parametrize("make", [folders.t5, folders.bart])
def test_encoder_decoders_are_padded_and_masked(make: object, tmp_path: Path) -> None:
    base = open_base(from_folder(make(tmp_path / "model")), torch.float32)  # type: ignore[operator]
    base.network.eval()
    shape = Shape(Form("", "{document}"), 120, 24)
    found = examples(corpus.pairs(4), base, shape, {})
    settings = base.network.config
    objective = Seq2Seq(settings.decoder_start_token_id, settings.pad_token_id)
    together = objective.loss(base.network, found).item()
    alone = sum(objective.loss(base.network, [one]).item() for one in found)
    assert together == pytest.approx(alone, rel=1e-4)
    ids = torch.tensor([found[0].prompt])
    theirs = base.network(input_ids=ids, labels=torch.tensor([found[0].branches[0].ids])).loss
    ours = objective.loss(base.network, found[:1]).item() / found[0].learnt
    assert ours == pytest.approx(theirs.item(), rel=1e-4)


@pytest.mark.parametrize("rate", [0.05, 0.5])
def test_dropout_leaves_out_its_share_and_keeps_the_mean(rate: float) -> None:
    torch.manual_seed(1)
    mask = kept(torch.zeros(401, 577), rate)
    assert mask.shape == (401, 577)
    assert abs(float((mask == 0).float().mean()) - rate) < 0.005
    assert abs(float(mask.mean()) - 1) < 0.01
    torch.manual_seed(1)
    assert torch.equal(mask, kept(torch.zeros(401, 577), rate))
