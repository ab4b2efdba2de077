"""Batches change no answer and fit into memory."""

import numpy as np
import torch

from mien.models.batches import in_batches


def test_every_crop_is_answered_once_in_order():
    crops = np.random.default_rng(0).integers(0, 256, (11, 48, 48), np.uint8)
    seen = in_batches(_Sized(48), crops, lambda batch: batch, most=4)
    assert [len(batch) for batch in seen] == [4, 4, 3]
    assert torch.equal(torch.cat(seen), torch.from_numpy(crops)[:, None].float())
    assert in_batches(_Sized(48), torch.zeros(0, 48, 48), len) == []


def test_fewer_at_once_where_the_input_is_large():
    crops = torch.zeros(9, 48, 48, dtype=torch.uint8)
    assert in_batches(_Sized(128), crops, len, most=16) == [4, 4, 1]


def test_nothing_is_kept_for_gradients():
    network = torch.nn.Linear(48, 2)
    network.input_size = 48
    (out,) = in_batches(network, np.zeros((2, 48, 48), np.uint8), network)
    assert not out.requires_grad


class _Sized:
    def __init__(self, input_size: int) -> None:
        self.input_size = input_size
