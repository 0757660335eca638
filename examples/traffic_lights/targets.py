"""Which anchors learn which light, and the losses.

IoU matching starves lights that are smaller than the stride, so anchors are chosen by how well the
network already does: among anchors near a light's centre and of its size, the few with the best product
of score and overlap. Boxes are (ymin, xmin, ymax, xmax) in 0..1.
"""

import dataclasses

import torch
import torch.nn.functional as F

from detector import BOX_CODER, decode

POSITIVES_PER_LIGHT = 4
MAX_SIZE_RATIO = 4.5  # of a light and an anchor that may learn it
IGNORED = -1  # label of a light that is neither to be found nor to be called background


@dataclasses.dataclass
class Targets:
    scores: torch.Tensor  # [B, A, classes], 0..1
    boxes: torch.Tensor  # [B, A, 4]
    ignored: torch.Tensor  # [B, A] bool


def area(boxes):
    return (boxes[..., 2] - boxes[..., 0]).clamp(min=0) * (boxes[..., 3] - boxes[..., 1]).clamp(min=0)


def overlap(a, b):
    """IoU of boxes, broadcast."""
    shared = area(torch.cat([torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])], -1))
    return shared / (area(a) + area(b) - shared).clamp(min=1e-9)


def generalized_overlap(a, b):
    """GIoU of paired boxes [..., 4]."""
    shared = area(torch.cat([torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])], -1))
    union = area(a) + area(b) - shared
    hull = area(torch.cat([torch.minimum(a[..., :2], b[..., :2]), torch.maximum(a[..., 2:], b[..., 2:])], -1))
    return shared / union.clamp(min=1e-9) - (hull - union) / hull.clamp(min=1e-9)


def _nearness(lights, anchors, strides):
    """[B, G, A]: 0 for anchors that may not learn a light, else how well shape and place fit, 0..1."""
    centre = (lights[..., :2] + lights[..., 2:]) / 2
    size = (lights[..., 2:] - lights[..., :2]).clamp(min=1e-6)
    distance = (centre[:, :, None] - anchors[:, :2]).abs()
    reach = torch.maximum(size[:, :, None] * 0.35, strides * 0.55)
    ratio = size[:, :, None] / anchors[:, 2:]
    ratio = torch.maximum(ratio, 1 / ratio).amax(-1)
    shared = torch.minimum(size[:, :, None], anchors[:, 2:]).prod(-1)
    shape = shared / (size.prod(-1)[:, :, None] + anchors[:, 2:].prod(-1) - shared)
    allowed = (distance <= reach).all(-1) & (ratio < MAX_SIZE_RATIO)
    return allowed * shape * torch.exp(-(distance / reach).square().sum(-1))


@torch.no_grad()
def assign(codes, logits, lights, labels, anchors, strides):
    """Targets for a batch; `lights` [B, G, 4], `labels` [B, G] 1.., 0 for none, IGNORED."""
    batch, count = labels.shape
    boxes, scores = decode(codes, anchors), logits[..., 1:].sigmoid()
    real = (labels > 0)[..., None]
    prior = _nearness(lights, anchors, strides) * real
    found = overlap(boxes[:, None], lights[:, :, None])
    index = (labels.clamp(min=1) - 1)[:, :, None].expand(-1, -1, scores.shape[1])
    score = scores.transpose(1, 2).gather(1, index)
    quality = (score + 0.01) * (0.9 * found + 0.1 * prior).pow(4) * (prior > 0)
    best = quality.topk(POSITIVES_PER_LIGHT, -1).indices
    chosen = torch.zeros_like(quality, dtype=torch.bool).scatter_(-1, best, True) & (quality > 0)
    # An anchor wanted by several lights learns the one it fits best.
    fit = torch.where(chosen, 0.9 * found + 0.1 * prior, -1.0)
    owner = fit.argmax(1)
    chosen &= torch.arange(count, device=owner.device)[None, :, None] == owner[:, None]
    relative = quality * chosen / (quality * chosen).amax(-1, keepdim=True).clamp(min=1e-12)
    strength = (1.5 * relative.sqrt().amax(1)).clamp(max=1)
    label = labels.gather(1, owner).clamp(min=1) - 1
    targets = F.one_hot(label, scores.shape[-1]) * strength[..., None]
    owned = lights.gather(1, owner[..., None].expand(-1, -1, 4))
    return Targets(targets, owned, _ignored(boxes, lights, labels) & (strength == 0))


def _ignored(boxes, lights, labels):
    """Anchors whose box lies mostly on an ignored light."""
    shared = area(torch.cat([torch.maximum(boxes[:, None, :, :2], lights[:, :, None, :2]),
                             torch.minimum(boxes[:, None, :, 2:], lights[:, :, None, 2:])], -1))
    inside = shared / area(boxes).clamp(min=1e-9)[:, None]
    return ((inside > 0.5) & (labels == IGNORED)[..., None]).any(1)


def encode(boxes, anchors):
    """Corners [..., A, 4] -> box codes."""
    size = (boxes[..., 2:] - boxes[..., :2]).clamp(min=1e-6)
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    scale = torch.tensor(BOX_CODER, device=boxes.device)
    return torch.cat([(centre - anchors[:, :2]) / anchors[:, 2:], torch.log(size / anchors[:, 2:])], -1) * scale


def losses(codes, logits, targets, anchors):
    """(classification, localisation) losses, each over the sum of the targets' scores."""
    total = targets.scores.sum().clamp(min=1)
    strength = targets.scores.amax(-1)
    learns = strength > 0
    # Focal on background, in full where a light is learned: its class must be told from the others.
    surprise = (targets.scores - logits[..., 1:].sigmoid()).detach().square() * ~targets.ignored[..., None]
    weight = torch.where(learns[..., None], strength[..., None], surprise)
    each = F.binary_cross_entropy_with_logits(logits[..., 1:], targets.scores, reduction="none")
    classification = (weight * each).sum() / total
    anchors = anchors.expand_as(codes)[learns]
    codes, wanted, strength = codes[learns], targets.boxes[learns], strength[learns]
    miss = 1 - generalized_overlap(decode(codes, anchors), wanted)
    smooth = F.smooth_l1_loss(codes, encode(wanted, anchors), reduction="none").mean(-1)
    return classification, (strength * (2 * miss + 0.2 * smooth)).sum() / total
