"""The built-in attentions keep every law, and for every law an attention that breaks it is caught."""

import pytest
import torch

from seqtoolkit import CrossAttention
from seqtoolkit.kinds import ATTENTION
from seqtoolkit.testing import ATTENTION_LAWS, ConformanceError, Subject, hold, parametrize_attentions
from tests.broken_attentions import BROKEN, Builds, Glance, Weights
from tests.broken_laws import broken_laws

BUILT_IN = [
    "additive",
    ("additive", {"hidden": 3}),
    "concat",
    ("concat", {"hidden": 3}),
    "dot",
    "general",
    "multihead",
    ("multihead", {"num_heads": 1}),
]


@parametrize_attentions(BUILT_IN)
def test_built_in(check):
    check()


def test_a_sound_attention_keeps_every_law():
    assert broken_laws(Glance, ATTENTION) == []


def test_every_law_has_an_attention_that_breaks_it():
    assert [laws[0] for laws in BROKEN.values()] == list(ATTENTION_LAWS)


@pytest.mark.parametrize("cls", BROKEN, ids=lambda cls: cls.__name__)
def test_a_broken_attention_breaks_its_law_and_no_other(cls):
    assert sorted(broken_laws(cls, ATTENTION)) == sorted(BROKEN[cls])


class Negative(Glance):
    """Weights of both signs that sum to one."""

    def weigh(self, energy, mask):
        return 2 * super().weigh(energy, mask) - super().weigh(-energy, mask)


class Unmasked(Glance):
    """Weights on padding."""

    def weigh(self, energy, mask):
        return energy.masked_fill(~mask.unsqueeze(1), -5.0).softmax(-1)


class Headless(Glance):
    """Weights without the axis of heads."""

    def forward(self, query, prepared, mask):
        context, weights = super().forward(query, prepared, mask)
        return context, weights.squeeze(1)


class Alone(Glance):
    """The context without its weights."""

    def forward(self, query, prepared, mask):
        return super().forward(query, prepared, mask)[0]


class InPlace(Glance):
    """What was prepared is changed."""

    def forward(self, query, prepared, mask):
        answer = super().forward(query, prepared, mask)
        with torch.no_grad():
            prepared.add_(1)
        return answer


class Picky(Glance):
    """Unequal widths refused without saying which."""

    def __init__(self, d_query: int, d_source: int) -> None:
        if d_query != d_source:
            raise ValueError("the widths differ")
        super().__init__(d_query, d_source)


class Fair(Picky):
    """Unequal widths refused with both."""

    def __init__(self, d_query: int, d_source: int) -> None:
        if d_query != d_source:
            raise ValueError(f"d_query={d_query} is not d_source={d_source}")
        super().__init__(d_query, d_source)


class Swapped(CrossAttention):
    """The widths in the wrong order."""

    def __init__(self, d_source: int, d_query: int) -> None:
        super().__init__(d_query, d_source)


@pytest.mark.parametrize(
    ("cls", "law", "told"),
    [
        (Negative, "weights", r"The smallest weight is -"),
        (Unmasked, "weights", r"The largest weight on padding is 0\.\d+, expected exactly 0"),
        (Unmasked, "padding", r"The context after changing the padding: differs by .*expected the same bits"),
        (Weights, "weights", r"Sums of weights: differs by 1, expected at most 1e-05"),
        (Headless, "shape-and-dtype", r"weights \(1, 1, 1\) torch.float32, expected \(1, -1, 1, 1\)"),
        (Alone, "shape-and-dtype", r"forward returned a Tensor, expected \(context, weights\)"),
        (InPlace, "deterministic", r"of the same again \(is something remembered, or changed in place\?\)"),
        (Builds, "builds", r"d_query=8, d_source=8 raised ValueError: d_query=8 and d_source=8 are not 16"),
        (Picky, "builds", r"d_query=8, d_source=16 raised ValueError: the widths differ"),
        (Swapped, "constructor", r"It takes d_source, d_query first, expected d_query, d_source"),
    ],
)
def test_a_broken_law_is_told_with_what_was_found(cls, law, told):
    with pytest.raises(ConformanceError, match=told):
        hold((law, ATTENTION_LAWS[law]), Subject.of(cls, ATTENTION))


@pytest.mark.parametrize(("cls", "found"), [(Glance, "and unequal ones"), (Fair, "and no unequal ones")])
def test_unequal_widths_may_be_refused_if_both_are_named(cls, found):
    assert hold(("builds", ATTENTION_LAWS["builds"]), Subject.of(cls, ATTENTION)).endswith(found)


def test_ids_name_attention_options_and_law():
    mark = parametrize_attentions([("multihead", {"num_heads": 2}), Glance]).mark
    ids = [param.id for param in mark.args[1]]
    assert ids == [f"{name}-{law}" for name in ("multihead[num_heads=2]", "Glance") for law in ATTENTION_LAWS]
