"""Rendered scenes in memory: worker processes fill it while training already draws from what is there."""

import multiprocessing
import os
import tempfile
import threading
from pathlib import Path

import numpy as np
import torch

from targets import IGNORED

MOST_LIGHTS = 16  # a picture; of more, the farthest are left out
ARROWS = (4, 5)
ARROW_WEIGHT = 2.0  # how much more often a scene with an arrow is drawn; they are rarer
CHUNK = 16  # scenes that a worker renders at a time

_shared = None


def _attach(path, shape):
    """Runs in each worker: the memory that pictures are written to."""
    global _shared
    _shared = np.memmap(path, np.uint8, "r+", shape=shape)
    os.nice(10)  # training must not wait for a processor


def _render(job):
    """Renders scenes into slots `begin` .. `end`; returns their boxes, labels, annotations and tags."""
    from render import render_scene
    begin, end, first_seed = job
    rows, columns = _shared.shape[1:3]
    scenes = []
    for index in range(begin, end):
        picture, annotations, tags = render_scene(first_seed + index, None, (rows, columns))
        _shared[index] = np.asarray(picture)
        scenes.append((*as_arrays(annotations, rows, columns), annotations, tags))
    boxes, labels, annotations, tags = zip(*scenes)
    return begin, end, np.stack(boxes), np.stack(labels), annotations, tags


def as_arrays(annotations, rows, columns):
    """Boxes [MOST_LIGHTS, 4] as (ymin, xmin, ymax, xmax) in 0..1 and labels, IGNORED where `iscrowd` says so."""
    boxes = np.zeros((MOST_LIGHTS, 4), np.float32)
    labels = np.zeros(MOST_LIGHTS, np.int64)
    nearest = sorted(annotations, key=lambda a: a["distance_m"])[:MOST_LIGHTS]
    for i, annotation in enumerate(nearest):
        x, y, width, height = annotation["bbox"]
        boxes[i] = y / rows, x / columns, (y + height) / rows, (x + width) / columns
        labels[i] = IGNORED if annotation["iscrowd"] else annotation["category_id"]
    return boxes, labels


class SceneStore:
    """Scenes of consecutive seeds on a device. Make it before CUDA is used: its workers are forked."""

    def __init__(self, first_seed, count, size, workers):
        self.count, self.size, self.ready = count, size, 0
        self.first_seed = first_seed
        self.annotations, self.tags = [None] * count, [None] * count
        shape = (count, *size, 3)
        memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self._folder = tempfile.TemporaryDirectory(dir=memory)
        path = Path(self._folder.name) / "pixels"
        self._pixels = np.memmap(path, np.uint8, "w+", shape=shape)
        self._pool = multiprocessing.get_context("fork").Pool(workers, _attach, (path, shape))
        self._jobs = [(i, min(i + CHUNK, count), first_seed) for i in range(0, count, CHUNK)]
        self._error = None
        self._thread = None

    def start(self, device):
        self.device = device
        self.pixels = torch.empty((self.count, *self.size, 3), dtype=torch.uint8, device=device)
        self.boxes = torch.zeros((self.count, MOST_LIGHTS, 4), device=device)
        self.labels = torch.zeros((self.count, MOST_LIGHTS), dtype=torch.int64, device=device)
        self.weights = torch.zeros(self.count, device=device)
        self._thread = threading.Thread(target=self._fill, daemon=True)
        self._thread.start()

    def _fill(self):
        # A stream of its own, so that copies don't queue behind the training's kernels.
        stream = torch.cuda.Stream(self.device) if self.device.type == "cuda" else None
        try:
            for begin, end, boxes, labels, annotations, tags in self._pool.imap(_render, self._jobs):
                with torch.cuda.stream(stream):
                    weights = np.where(np.isin(labels, ARROWS).any(1), ARROW_WEIGHT, 1.0).astype(np.float32)
                    for target, values in ((self.pixels, self._pixels[begin:end]), (self.boxes, boxes),
                                           (self.labels, labels), (self.weights, weights)):
                        target[begin:end].copy_(torch.from_numpy(np.array(values)))
                    if stream is not None:
                        stream.synchronize()
                self.annotations[begin:end], self.tags[begin:end] = annotations, tags
                self.ready = end
            self._pool.close()
        except Exception as error:  # handed to the thread that waits
            self._error = error

    def wait(self, count=None):
        """Returns when `count` scenes (default: all) are there."""
        count = self.count if count is None else min(count, self.count)
        while self.ready < count and self._error is None:
            self._thread.join(0.2)
        if self._error is not None:
            raise RuntimeError("rendering failed") from self._error

    def draw(self, batch, generator):
        """A random batch of the scenes rendered so far: pixels [B, 3, H, W] float, boxes, labels."""
        if self._error is not None:
            raise RuntimeError("rendering failed") from self._error
        index = torch.multinomial(self.weights[:self.ready], batch, replacement=True, generator=generator)
        return self.picture(index), self.boxes[index], self.labels[index]

    def picture(self, index):
        """Pixels [B, 3, H, W] in 0..255, channels last in memory."""
        return self.pixels[index].permute(0, 3, 1, 2).float()

    def close(self):
        self._pool.terminate()
        self._folder.cleanup()

    def coco_document(self):
        """The scenes' truth as a COCO document, with made-up file names."""
        from render import CLASSES
        images, annotations = [], []
        for i in range(self.count):
            images.append({"id": i + 1, "file_name": f"{self.first_seed + i:08d}", "height": self.size[0],
                           "width": self.size[1], "tags": self.tags[i]})
            annotations += [{"id": len(annotations) + 1 + k, "image_id": i + 1, **a}
                            for k, a in enumerate(self.annotations[i])]
        categories = [{"id": number, "name": name} for number, name in CLASSES.items()]
        return {"images": images, "annotations": annotations, "categories": categories}
