"""The flow network: long steps that end where short ones do, frames in patches, one thread."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from gengine.networks.flow import ConvNeXtBlock, FlowDecoder  # noqa: E402


@pytest.fixture
def decoder():
    torch.manual_seed(0)
    return FlowDecoder(axes=3, given=5, width=16, blocks=2, patch=2)


def inputs(frames, batch=2):
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(batch, frames, n, generator=generator) for n in (3, 4, 5)]


@torch.inference_mode()
def test_a_shortcut_ends_where_two_half_steps_do(decoder):
    x, seed, given = inputs(12)
    t, stride = torch.tensor([0.0, 0.5]), torch.tensor([0.25, 0.5])  # the second one arrives at the pose
    half = stride / 2
    there = x
    for now in (t, t + half):
        there = decoder.advance(there, decoder.modulation(now, half), (half / (1 - now))[:, None, None], seed, given)
    clean = decoder.shortcut(x, t, stride, 32, seed, given)
    at_once = clean + (x - clean) * (1 - stride / (1 - t))[:, None, None]
    torch.testing.assert_close(at_once, there)


@torch.inference_mode()
def test_the_finest_steps_are_the_flow_itself(decoder):
    """What a step of 2 / finest learns comes from halves that are told no length."""
    x, seed, given = inputs(12)
    t, stride, none = torch.zeros(2), torch.full((2,), 1 / 16), torch.zeros(2)
    there = x
    for now in (t, t + stride / 2):
        share = (stride / 2 / (1 - now))[:, None, None]
        there = decoder.advance(there, decoder.modulation(now, none), share, seed, given)
    told = decoder.shortcut(x, t, stride, 32, seed, given)
    torch.testing.assert_close(told, x + (there - x) * 16)
    assert not torch.allclose(told, decoder.shortcut(x, t, stride, 64, seed, given))


@torch.inference_mode()
@pytest.mark.parametrize("frames", [1, 11, 12])
def test_any_number_of_frames(decoder, frames):
    x, seed, given = inputs(frames)
    modulation = decoder.modulation(torch.zeros(2), torch.zeros(2))
    out = decoder(x, modulation, seed, given)
    assert out.shape == x.shape
    longer = [torch.cat([v, v[:, -1:]], 1) for v in (x, seed, given)]
    if frames % 2:  # an incomplete patch is filled with its last frame
        torch.testing.assert_close(out, decoder(longer[0], modulation, *longer[1:])[:, :frames])


@pytest.mark.parametrize("frames", [1, 5, 30])
def test_learning_and_drawing_compute_the_same(frames):
    torch.manual_seed(0)
    block, x = ConvNeXtBlock(16).eval(), torch.randn(2, frames, 16)
    with torch.inference_mode():
        drawn = block(x)
    torch.testing.assert_close(drawn, block(x).detach())
