"""Where a network made anew looks before it has learnt anything."""

from __future__ import annotations

import pytest
import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    LlamaConfig,
    LlamaForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

from epitome.train.pretrain.near import AROUND, BEFORE, near

LENGTH = 60
IDS = torch.randperm(100, generator=torch.Generator().manual_seed(0))[None, :LENGTH]


def bert(heads: int = 4) -> BertForMaskedLM:
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=100, hidden_size=128, num_hidden_layers=2, num_attention_heads=heads, intermediate_size=64,
        max_position_embeddings=LENGTH, initializer_range=0.1, attn_implementation="eager",
    )  # fmt: skip
    return BertForMaskedLM(shape).eval()


def t5(heads: int = 4) -> T5ForConditionalGeneration:
    torch.manual_seed(0)
    shape = T5Config(
        vocab_size=100, d_model=128, d_kv=32, d_ff=64, num_heads=heads, num_layers=2, num_decoder_layers=1,
        attn_implementation="eager",
    )  # fmt: skip
    return T5ForConditionalGeneration(shape).eval()


def looks(attention: torch.Tensor, head: int, place: int) -> float:
    """How much of the attention of a head falls on the token `place` further on, over all tokens that have one."""
    return float(torch.diagonal(attention[0, head], place).mean().detach())


def test_heads_of_a_bert_look_at_the_neighbours() -> None:
    network = bert()
    before = network(IDS, output_attentions=True).attentions[0]
    assert max(looks(before, head, place) for head, place in enumerate(AROUND)) < 0.1
    near(network)
    first, second = network(IDS, output_attentions=True).attentions
    assert min(looks(first, head, place) for head, place in enumerate(AROUND)) > 0.6
    assert min(looks(second, head, place) for head, place in enumerate(AROUND)) > 0.3


def test_heads_of_a_t5_look_at_the_neighbours_and_at_the_same_token_of_the_source() -> None:
    network, written = t5(), IDS[:, 20:40]
    near(network)
    found = network(input_ids=IDS, decoder_input_ids=written, output_attentions=True)
    for layer in found.encoder_attentions:
        assert min(looks(layer, head, place) for head, place in enumerate(AROUND)) > 0.6
    (layer,) = found.decoder_attentions
    assert min(looks(layer, head, place) for head, place in enumerate(BEFORE)) > 0.6
    (layer,) = found.cross_attentions
    assert min(looks(layer, head, 20) for head in range(4)) > 0.5


@pytest.mark.parametrize("heads", [1, 2, 8])
def test_any_number_of_heads_is_given_places_as_far_as_they_go(heads: int) -> None:
    for network in (bert(heads), t5(heads)):
        near(network)
        assert all(torch.isfinite(weights).all() for weights in network.parameters())


def test_heads_beyond_the_places_stay_as_they_are() -> None:
    eight = bert(8)
    untouched = eight.bert.encoder.layer[0].attention.self.query.weight[64:].clone()
    near(eight)
    assert torch.equal(eight.bert.encoder.layer[0].attention.self.query.weight[64:], untouched)


def test_other_networks_stay_as_they_are() -> None:
    shape = LlamaConfig(
        vocab_size=50, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    network = LlamaForCausalLM(shape)
    before = [weights.clone() for weights in network.parameters()]
    near(network)
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
