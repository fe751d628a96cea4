"""The picture tower: a small residual network (He et al. 2016) from a square picture to a vector of the text space.

Every convolution is followed by batch norm while it is trained; `folded` puts the norm into the weights, which is what the
library computes with. Weights are stored as signed bytes with one f32 scale an output, biases as f32.
"""

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file
from torch import nn

# Side of the pictures it reads.
SIDE = 96
DIMS = 256
WIDE = 512
# Channels of each stage and the residual blocks in it; each stage halves the side, the first one quarters it.
STAGES = ((64, 1), (128, 2), (256, 2))


class Conv(nn.Module):
    """A convolution and its batch norm."""

    def __init__(self, inputs, outputs, size, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, padding=(size - 1) // 2 if stride == 1 else 0, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.norm(self.conv(x))

    def folded(self):
        """(weights [outputs, height * width * inputs], biases [outputs]) with the norm in them."""
        factor = self.norm.weight / (self.norm.running_var + self.norm.eps).sqrt()
        weights = self.conv.weight * factor[:, None, None, None]
        return weights.permute(0, 2, 3, 1).flatten(1), self.norm.bias - self.norm.running_mean * factor


class Residual(nn.Module):
    """`relu(x + conv(relu(conv(x))))`; starts as nothing but `x`."""

    def __init__(self, width):
        super().__init__()
        self.first, self.second = Conv(width, width, 3), Conv(width, width, 3)
        nn.init.zeros_(self.second.norm.weight)

    def forward(self, x):
        return F.relu(x + self.second(F.relu(self.first(x))))


class PictureTower(nn.Module):
    """[B, 3, side, side] of components from -1 to 1, to [B, WIDE] (what it sees) and [B, DIMS] (the vector, not of unit length)."""

    def __init__(self):
        super().__init__()
        self.stages, inputs = nn.ModuleList(), 3
        for stage, (width, blocks) in enumerate(STAGES):
            size = 4 if stage == 0 else 2
            self.stages.append(nn.ModuleList([Conv(inputs, width, size, size), *(Residual(width) for _ in range(blocks))]))
            inputs = width
        self.wide = Conv(inputs, WIDE, 1)
        self.out = nn.Linear(WIDE, DIMS)

    def forward(self, x):
        for down, *blocks in self.stages:
            x = F.relu(down(x))
            for block in blocks:
                x = block(x)
        seen = F.relu(self.wide(x)).mean((2, 3))
        return seen, self.out(seen)

    @torch.no_grad()
    def folded(self):
        """(name, weights [outputs, inputs], biases [outputs]) of every product, in the order in which they run."""
        for stage, (down, *blocks) in enumerate(self.stages):
            yield f"stage{stage}.down", *down.folded()
            for at, block in enumerate(blocks):
                yield f"stage{stage}.block{at}.first", *block.first.folded()
                yield f"stage{stage}.block{at}.second", *block.second.folded()
        yield "wide", *self.wide.folded()
        yield "out", self.out.weight.detach(), self.out.bias.detach()

def steps(weights):
    """Codes from -127 to 127 and the scale of each row."""
    scales = np.abs(weights).max(axis=1) / 127
    codes = np.rint(weights / np.where(scales > 0, scales, 1)[:, None])
    return codes.astype(np.int8), scales.astype(np.float32)


def stored(tower):
    """The tensors of a tower, by name, as they are written."""
    tensors = {}
    for name, weights, biases in tower.folded():
        codes, scales = steps(weights.numpy())
        tensors |= {f"picture.{name}.codes": codes, f"picture.{name}.scales": scales,
                    f"picture.{name}.bias": np.ascontiguousarray(biases.numpy(), np.float32)}
    return tensors


def write(path, tower):
    save_file(stored(tower.eval()), str(path), metadata={"side": str(SIDE), "dims": str(DIMS)})


def read(path):
    """Squares of components [n, 3, SIDE, SIDE] to vectors [n, DIMS], not of unit length, by the weights as they are stored."""
    kept = load_file(str(path))

    def product(x, name, size, stride=1):
        rows = kept[f"picture.{name}.codes"].astype(np.float32) * kept[f"picture.{name}.scales"][:, None]
        weights = torch.from_numpy(rows).view(len(rows), size, size, -1).permute(0, 3, 1, 2)
        edge = (size - 1) // 2 if stride == 1 else 0
        return F.conv2d(x, weights, torch.from_numpy(kept[f"picture.{name}.bias"]), stride, edge)

    def forward(x):
        for stage, (_, blocks) in enumerate(STAGES):
            size = 2 if stage else 4
            x = F.relu(product(x, f"stage{stage}.down", size, size))
            for block in range(blocks):
                inner = F.relu(product(x, f"stage{stage}.block{block}.first", 3))
                x = F.relu(x + product(inner, f"stage{stage}.block{block}.second", 3))
        seen = F.relu(product(x, "wide", 1)).mean((2, 3), keepdim=True)
        return product(seen, "out", 1)[:, :, 0, 0]

    return forward


def components(pictures):
    """Unsigned bytes to components from -1 to 1."""
    return (pictures.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def whole(pictures, side=SIDE):
    """Squares of unsigned bytes [n, 3, h, w] as the tower wants them, nothing cut off."""
    if pictures.shape[-1] == side:
        return components(pictures)
    drawn = F.interpolate(pictures.float(), (side, side), mode="bicubic", antialias=True).clamp(0, 255)
    return components(drawn)


@torch.inference_mode()
def embed(vectors, pictures, batch=128):
    """Unit vectors [n, DIMS] of squares of unsigned bytes, by a function from components to vectors."""
    parts = [vectors(whole(pictures[at:at + batch])) for at in range(0, len(pictures), batch)]
    return F.normalize(torch.cat(parts).float(), dim=1)
