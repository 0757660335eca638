"""Trains the bundled detector on rendered scenes.

    python3 train.py --out run --scenes 20000 --minutes 7 --workers 16

Writes to --out: weights.npz (variables of the Object Detection API's checkpoint, averaged over the last
steps), reference.npz (pictures and what the network made of them, for export.py to check against),
log.json and log.csv. Scenes, initial weights and augmentation come from fixed seeds; the schedule
ends by the clock, so two runs are alike but not equal.
"""

import argparse
import copy
import csv
import json
import math
import os
import platform
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # for the renderer's processes

import numpy as np  # noqa: E402
import torch  # noqa: E402

from augment import Augmentation, augment  # noqa: E402
from detector import CLASSES, Detector, Settings, decode, make_anchors, suppress  # noqa: E402
from evaluate import TAGS, Truth, mean_average_precision  # noqa: E402
from scene_store import SceneStore  # noqa: E402
from targets import assign, losses  # noqa: E402

VALIDATION_SEED = 10_000_000
SEED = 7
LOG_EVERY = 50  # steps


def parse_arguments():
    parser = argparse.ArgumentParser(description="Trains the bundled detector on rendered scenes.")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--scenes", type=int, default=20000, help="training scenes, seeds from 1 (default 20000)")
    parser.add_argument("--first", type=int, default=1000, help="scenes to wait for before training (default 1000)")
    parser.add_argument("--validation", type=int, default=400,
                        help="validation scenes, seeds from 10000000 (default 400)")
    parser.add_argument("--minutes", type=float, default=7, help="of training (default 7)")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=3e-3, help="highest learning rate (default 0.003)")
    parser.add_argument("--decay", type=float, default=0.02, help="weight decay (default 0.02)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes that render")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--check-every", type=float, default=240, help="seconds between validations (default 240)")
    parser.add_argument("--compile", action="store_true", help="let torch.compile fuse the network")
    parser.add_argument("--start", type=Path, help="weights of an earlier run (state.pt) to begin from")
    return parser.parse_args()


class Average:
    """Exponential moving average of weights and batch norm statistics."""

    def __init__(self, model, decay=0.9985):
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 10))
        mine, theirs = self.model.state_dict(), model.state_dict()
        floats = [k for k, v in mine.items() if v.is_floating_point()]
        torch._foreach_lerp_([mine[k] for k in floats], [theirs[k] for k in floats], 1 - decay)


def make_optimizer(model, options):
    """Decays convolution kernels only."""
    kernels = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": kernels, "weight_decay": options.decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=options.rate, fused=options.device == "cuda")


def rate_at(part, step):
    """Learning rate over its peak when `part` of the time is over: a short warm-up, then a cosine to 1 %."""
    return min(1.0, (step + 1) / 200) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(part, 1.0))))


@torch.no_grad()
def detect(model, store, anchors, batch=50):
    """[(picture number, class id, score, box)] of all pictures of the store, in fp32."""
    found = []
    for begin in range(0, store.count, batch):
        index = torch.arange(begin, min(begin + batch, store.count), device=anchors.device)
        codes, logits = model(store.picture(index))
        boxes, scores = decode(codes, anchors).cpu().numpy(), logits[..., 1:].sigmoid().cpu().numpy()
        for i in range(len(index)):
            found += [(begin + i, *d) for d in suppress(boxes[i], scores[i], model.settings)]
    return found


def as_document(store, found):
    """Detections as `thaw detect --json` writes them."""
    rows, columns = store.size
    images = [{"file": f"{store.first_seed + i:08d}", "width": columns, "height": rows, "detections": []}
              for i in range(store.count)]
    for i, label, score, box in found:
        images[i]["detections"].append({"class_id": label, "label": CLASSES[label - 1], "score": score,
                                        "box": [float(v) for v in box]})
    return {"images": images}


def validate(model, store, anchors):
    """{tag: mAP@0.5} of the validation scenes, `all` among them."""
    truth = Truth(store.coco_document())
    detections = truth.match_files(as_document(store, detect(model, store, anchors)))
    result = {"all": mean_average_precision(truth, detections)}
    for tag in TAGS:
        images = truth.images_with(tag)
        if images:
            result[tag] = mean_average_precision(truth, detections, images)
    return result


class Trainer:
    def __init__(self, options):
        self.options, self.settings = options, Settings()
        size = (self.settings.rows, self.settings.columns)
        # Workers are forked, so both stores come before the first use of the device.
        self.validation = SceneStore(VALIDATION_SEED, options.validation, size, options.workers)
        self.training = SceneStore(1, options.scenes, size, options.workers)
        self.device = torch.device(options.device)
        torch.manual_seed(SEED)
        self.generator = torch.Generator(self.device).manual_seed(SEED)
        self.anchors, self.strides = (t.to(self.device) for t in make_anchors(self.settings))
        self.model = Detector(self.settings).to(self.device, memory_format=torch.channels_last)
        if options.start:
            self.model.load_state_dict(torch.load(options.start, map_location=self.device))
        self.network = torch.compile(self.model) if options.compile else self.model
        self.average = Average(self.model)
        self.optimizer = make_optimizer(self.model, options)
        self.log = {"steps": [], "validation": []}
        self.began = time.monotonic()

    def say(self, text):
        print(f"{time.monotonic() - self.began:7.1f} s  {text}", flush=True)

    def step(self, part, number):
        pixels, boxes, labels = self.training.draw(self.options.batch, self.generator)
        pixels, boxes, labels = augment(pixels, boxes, labels, Augmentation(), self.generator)
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.rate * rate_at(part, number)
        with torch.autocast(self.device.type, torch.bfloat16):
            codes, logits = self.network(pixels)
        codes, logits = codes.float(), logits.float()
        targets = assign(codes.detach(), logits.detach(), boxes, labels, self.anchors, self.strides)
        classification, localisation = losses(codes, logits, targets, self.anchors)
        self.optimizer.zero_grad(set_to_none=True)
        (classification + localisation).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 10.0)
        self.optimizer.step()
        self.average.update(self.model)
        return torch.stack([classification.detach(), localisation.detach()])

    def check(self, number, part):
        result = validate(self.average.model, self.validation, self.anchors)
        self.log["validation"].append({"step": number, "part": round(part, 4), **result})
        self.say("mAP@0.5 " + "  ".join(f"{k} {v:.3f}" for k, v in result.items()))

    def run(self):
        self.validation.start(self.device)
        self.validation.wait()
        self.say(f"{self.validation.count} validation scenes")
        self.training.start(self.device)
        self.training.wait(self.options.first)
        self.say(f"{self.training.ready} training scenes, training begins")
        begin = checked = time.monotonic()
        number, window = 0, []
        while (part := (time.monotonic() - begin) / (60 * self.options.minutes)) < 1:
            window.append(self.step(part, number))
            number += 1
            if number % LOG_EVERY == 0:
                self.note(number, part, window)
                window = []
            if time.monotonic() - checked > self.options.check_every:
                self.check(number, part)
                self.save(number)
                checked = time.monotonic()
        self.check(number, 1.0)
        self.log["scenes_rendered"] = self.training.ready
        self.save(number)
        self.training.close()
        self.validation.close()

    def note(self, number, part, window):
        classification, localisation = torch.stack(window).mean(0).tolist()
        if not math.isfinite(classification + localisation):
            raise FloatingPointError(f"step {number}: the loss is not a number")
        self.log["steps"].append({"step": number, "part": round(part, 4), "scenes": self.training.ready,
                                  "rate": self.options.rate * rate_at(part, number),
                                  "classification": classification, "localisation": localisation})
        if number % (4 * LOG_EVERY) == 0:
            self.say(f"step {number}  {part:.0%}  scenes {self.training.ready}  "
                     f"loss {classification:.3f} + {localisation:.3f}")

    def save(self, steps):
        out = self.options.out
        out.mkdir(parents=True, exist_ok=True)
        values = self.average.model.tensorflow_values()
        np.savez_compressed(out / "weights.npz", global_step=np.int64(steps), **values)
        torch.save(self.average.model.state_dict(), out / "state.pt")
        self.save_reference(out / "reference.npz")
        self.log["run"] = {
            "arguments": {k: str(v) for k, v in vars(self.options).items()}, "seed": SEED, "torch": torch.__version__,
            "device": torch.cuda.get_device_name() if self.device.type == "cuda" else platform.machine(),
            "steps": steps, "pictures": steps * self.options.batch, "settings": vars(self.settings)}
        (out / "log.json").write_text(json.dumps(self.log, indent=1) + "\n")
        with open(out / "log.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["step", "part", "scenes", "rate", "classification", "localisation"])
            writer.writeheader()
            writer.writerows(self.log["steps"])

    @torch.no_grad()
    def save_reference(self, path):
        """What the network makes of four validation pictures, in fp32 on the CPU."""
        model = copy.deepcopy(self.average.model).cpu()
        index = torch.arange(min(4, self.validation.count), device=self.device)
        pixels = self.validation.pixels[index].cpu()
        codes, logits = model(pixels.permute(0, 3, 1, 2).float())
        boxes = decode(codes, self.anchors.cpu())
        np.savez_compressed(path, image=pixels.numpy(), box_codes=codes.numpy(), logits=logits.numpy(),
                            boxes=boxes.numpy())


if __name__ == "__main__":
    Trainer(parse_arguments()).run()
