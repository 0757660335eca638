"""Photographs as the arrays that graphs are fed with. Needs Pillow."""
import numpy as np
from PIL import Image


def image_batch(paths, count, size=(1280, 720)):
    """`count` photographs at one size, uint8 [count, h, w, 3]."""
    pictures = [Image.open(paths[i % len(paths)]).convert("RGB").resize(size) for i in range(count)]
    return np.stack([np.asarray(p) for p in pictures])


def network_batch(batch, size):
    """What the graph's preprocessor would hand to the network, float32 in -1..1; size is (height, width)."""
    pictures = [Image.fromarray(p).resize((size[1], size[0])) for p in batch]
    return np.stack([np.asarray(p) for p in pictures]).astype(np.float32) * (2 / 255) - 1
