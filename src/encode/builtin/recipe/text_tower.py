"""The text tower: a table of token vectors and a few pre-norm transformer layers over it.

A text is the mean of its tokens' states after the last layer, scaled to unit length. Layers add to the rows of the table and
start from nothing, so a tower without training is the table it started from. Attention looks at WINDOW tokens to each side: what
a text costs grows with its length, and a token of a long text sees what it saw in the training. Places enter as a
penalty by distance (Press et al. 2022), steeper to one side in two heads, so that order counts.
"""

import numpy as np
import torch
import torch.nn.functional as F

HEADS, HEAD_WIDTH, INNER = 4, 32, 512
WINDOW = 32
# What a token further to the left, or to the right, loses in the scores of each head.
SLOPES = ((0.5, 3.0), (3.0, 0.5), (0.15, 0.15), (0.0, 0.0))
EPSILON = 1e-5
# Step of sixteen even levels that loses least of a normal distribution, in its standard deviations (Max 1960).
STEP = 0.335
# Rows of a table are about of unit length; layers want components of about one.
SCALE = 16.0
# Far below any score.
NEVER = -1e4


def by_distance(length):
    """What is added to scores [HEADS, length, length] of a query (row) and a key (column)."""
    place = torch.arange(length)
    right = place - place[:, None]
    added = [torch.where(right < 0, left_slope * right, -right_slope * right) for left_slope, right_slope in SLOPES]
    return torch.stack(added).masked_fill(right.abs() > WINDOW, NEVER)


def in_sixteen_levels(rows):
    """Rows as they are stored: sixteen levels a component, one step a row. Gradients pass as if nothing had happened."""
    step = STEP * rows.detach().pow(2).mean(1, keepdim=True).sqrt().clamp_min(1e-8)
    stored = ((rows.detach() / step - 0.5).round().clamp(-8, 7) + 0.5) * step
    return rows + (stored - rows).detach()


class Layer(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        attended = HEADS * HEAD_WIDTH
        self.attention_norm = torch.nn.Parameter(torch.ones(width))
        self.project = torch.nn.Linear(width, 3 * attended, bias=False)
        self.out = torch.nn.Linear(attended, width, bias=False)
        self.inner_norm = torch.nn.Parameter(torch.ones(width))
        self.up = torch.nn.Linear(width, INNER)
        self.down = torch.nn.Linear(INNER, width, bias=False)
        torch.nn.init.zeros_(self.out.weight)
        torch.nn.init.zeros_(self.down.weight)

    def forward(self, state, added):
        batch, length, width = state.shape
        parts = self.project(F.layer_norm(state, (width,), self.attention_norm, eps=EPSILON))
        query, key, value = parts.view(batch, length, 3 * HEADS, HEAD_WIDTH).transpose(1, 2).chunk(3, dim=1)
        # Written out: PyTorch's fused attention takes three times as long over texts this short on a CPU.
        scores = (query @ key.transpose(2, 3)) * HEAD_WIDTH ** -0.5 + added.to(query.dtype)
        mixed = scores.softmax(-1).to(value.dtype) @ value
        state = state + self.out(mixed.transpose(1, 2).flatten(2))
        inner = F.gelu(self.up(F.layer_norm(state, (width,), self.inner_norm, eps=EPSILON)))
        return state + self.down(inner)


class TextTower(torch.nn.Module):
    """Texts as arrays of token ids -> sums of the last states [n, width], not yet of unit length."""

    def __init__(self, rows, layers):
        super().__init__()
        self.rows = torch.nn.Parameter(torch.from_numpy(np.ascontiguousarray(rows)).float())
        self.layers = torch.nn.ModuleList(Layer(rows.shape[1]) for _ in range(layers))
        self.stored = False

    def padded(self, state, lengths):
        """[B, L, width] rows of tokens, padding at the end."""
        there = torch.arange(state.shape[1]) < lengths[:, None]
        absent = torch.zeros(there.shape).masked_fill(~there, NEVER)
        added = by_distance(state.shape[1]) + absent[:, None, None, :]
        for layer in self.layers:
            state = layer(state, added)
        return (state * there[:, :, None]).sum(1)

    def forward(self, texts, part=4096):
        """Vectors of `texts` (none empty) in their order, computed in parts of like length."""
        lengths = np.array([len(ids) for ids in texts])
        starts = np.concatenate([[0], np.cumsum(lengths)])
        tokens, places = np.unique(np.concatenate(texts), return_inverse=True)
        rows = SCALE * self.rows[torch.from_numpy(tokens)]
        rows = in_sixteen_levels(rows) if self.stored else rows
        order, out, at = np.argsort(lengths, kind="stable"), [], 0
        while at < len(order):
            stop = at + 1
            while stop < len(order) and (stop + 1 - at) * lengths[order[stop]] <= part:
                stop += 1
            own, longest = order[at:stop], lengths[order[stop - 1]]
            ids = np.zeros((len(own), longest), np.int64)
            for line, text in zip(ids, own):
                line[:lengths[text]] = places[starts[text]:starts[text + 1]]
            out.append(self.padded(F.embedding(torch.from_numpy(ids), rows), torch.from_numpy(lengths[own])))
            at = stop
        return torch.cat(out)[torch.from_numpy(np.argsort(order, kind="stable"))]


def trained(path):
    """The tower of a training."""
    state = torch.load(path)
    tower = TextTower(state["rows"].numpy(), sum(name.endswith(".up.bias") for name in state))
    tower.load_state_dict(state)
    return tower
