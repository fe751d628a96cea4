"""Random views of pictures: what a picture may suffer without being another picture."""

import torch
import torch.nn.functional as F


def uniform(n, low, high, generator):
    return torch.rand(n, generator=generator) * (high - low) + low


def crops(n, smallest, generator, framed=0.2):
    """Affine maps [n, 2, 3] onto a part of at least `smallest` of the area, stretched a little, half of them mirrored; some onto
    more than there is."""
    area = uniform(n, smallest, 1.0, generator)
    stretch = uniform(n, -0.2, 0.2, generator).exp()
    width, height = (area.sqrt() * stretch).clamp(max=1), (area.sqrt() / stretch).clamp(max=1)
    wider = 1 + uniform(n, 0.05, 0.4, generator) * (torch.rand(n, generator=generator) < framed)
    width, height = torch.where(wider > 1, wider, width), torch.where(wider > 1, wider, height)
    across = (1 - width) * uniform(n, -1, 1, generator)
    down = (1 - height) * uniform(n, -1, 1, generator)
    angle = uniform(n, -0.12, 0.12, generator) * (torch.rand(n, generator=generator) < 0.3)
    mirrored = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    cosine, sine = angle.cos(), angle.sin()
    top = torch.stack([width * cosine * mirrored, -height * sine, across], 1)
    bottom = torch.stack([width * sine * mirrored, height * cosine, down], 1)
    return torch.stack([top, bottom], 1)


def recoloured(x, generator):
    """Brightness, contrast and saturation changed, some pictures grey."""
    n = len(x)
    shape = (n, 1, 1, 1)
    grey = x.mean(1, keepdim=True)
    saturation = uniform(n, 0.4, 1.6, generator) * (torch.rand(n, generator=generator) > 0.2)
    x = grey + (x - grey) * saturation.view(shape)
    middle = x.mean((1, 2, 3), keepdim=True)
    x = middle + (x - middle) * uniform(n, 0.6, 1.4, generator).view(shape)
    return x * uniform(n, 0.7, 1.3, generator).view(shape) + uniform(n, -20, 20, generator).view(shape)


def grounds(n, generator):
    """A colour [n, 3, 1, 1] each: white, black, or any."""
    kind = torch.rand(n, generator=generator).view(n, 1, 1, 1)
    any_colour = torch.rand(n, 3, 1, 1, generator=generator) * 255
    return torch.where(kind < 0.4, 255.0, torch.where(kind < 0.6, 0.0, any_colour))


def written_over(x, generator, share=0.35):
    """A bar of some colour with stripes in it, as a line of text would leave, over a part of the pictures."""
    n, _, height, width = x.shape
    rows, columns = torch.arange(height)[:, None], torch.arange(width)
    for at in torch.nonzero(torch.rand(n, generator=generator) < share).flatten().tolist():
        top, left, tall, wide = torch.rand(4, generator=generator).tolist()
        tall, wide = int(height * (0.06 + 0.2 * tall)), int(width * min(1, 0.3 + wide))
        top, left = int((height - tall) * min(1, 1.5 * top)), int((width - wide) * left)
        ground, ink = torch.randint(0, 256, (2, 3, 1, 1), generator=generator).float()
        stripes = ((columns * 5 + rows) // 3 % 3 == 0)[top:top + tall, left:left + wide]
        x[at, :, top:top + tall, left:left + wide] = torch.where(stripes, ink, ground)
    return x


def coarser(x, generator, share=0.25):
    """Some pictures made small and large again, or grainy."""
    picked = torch.rand(len(x), generator=generator) < share
    if picked.any():
        side = x.shape[-1]
        small = F.interpolate(x[picked], scale_factor=0.5, mode="area")
        x[picked] = F.interpolate(small, (side, side), mode="bilinear")
    grain = uniform(len(x), 0, 10, generator) * (torch.rand(len(x), generator=generator) < share)
    return x + torch.randn(x.shape, generator=generator) * grain.view(-1, 1, 1, 1)


def views(pictures, side, smallest, generator):
    """[n, 3, side, side] from 0 to 255 of unsigned bytes [n, 3, h, w]."""
    maps = crops(len(pictures), smallest, generator)
    grid = F.affine_grid(maps, (len(pictures), 3, side, side), align_corners=False)
    ground = grounds(len(pictures), generator)
    x = F.grid_sample(pictures.float() - ground, grid, mode="bilinear", padding_mode="zeros", align_corners=False) + ground
    x = recoloured(x, generator)
    return coarser(written_over(x, generator), generator).clamp(0, 255)
