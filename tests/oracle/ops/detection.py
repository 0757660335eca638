"""Non-maximum suppression, of one class and of all."""

import itertools

import numpy as np

from op_case import BITS, case, const

CASES = []
F = np.float32


def boxes_of(rng, *shape, swap=False):
    """Boxes that overlap a lot, a few without area, a few outside 0..1, corners in order or not."""
    centre = rng.uniform(0.1, 0.9, (*shape, 2))
    size = rng.choice([0.0, 0.1, 0.25, 0.5], (*shape, 2), p=[0.1, 0.2, 0.4, 0.3])
    boxes = np.concatenate([centre - size / 2, centre + size / 2], -1) * 1.3 - 0.15
    if swap:
        turned = rng.random((*shape, 1)) < 0.3
        boxes = np.where(turned, boxes[..., [2, 3, 0, 1]], boxes)
    return boxes.astype(F)


def scores_of(rng, *shape, kind="different"):
    if kind == "different":
        return rng.permutation(np.linspace(-0.5, 1, int(np.prod(shape)))).reshape(shape).astype(F)
    if kind == "equal":
        return rng.choice(F([0.25, 0.5, 0.5, 0.75]), shape)
    scores = rng.random(shape).astype(F)
    scores[rng.random(shape) < 0.2] = {"nan": np.nan, "infinite": np.inf, "lowest": -np.inf}[kind]
    return scores


KINDS = ("different", "equal", "nan", "infinite", "lowest")


def versions(boxes, scores, most, iou, score, sigma=0.0, pad=False):
    most, iou, score, sigma = np.int32(most), F(iou), F(score), F(sigma)
    args = {"tol": BITS}
    yield case("NonMaxSuppression", boxes, scores, most, iou_threshold=float(iou), **args)
    yield case("NonMaxSuppressionV2", boxes, scores, most, iou, **args)
    yield case("NonMaxSuppressionV3", boxes, scores, most, iou, score, **args)
    yield case("NonMaxSuppressionV4", boxes, scores, most, iou, score, pad_to_max_output_size=pad, **args)
    yield case("NonMaxSuppressionV5", boxes, scores, most, iou, score, sigma, pad_to_max_output_size=pad, **args)


def single():
    rng = np.random.default_rng(1)
    for kind, swap in itertools.product(KINDS, (False, True)):
        yield from versions(boxes_of(rng, 40, swap=swap), scores_of(rng, 40, kind=kind), 12, 0.4, 0.1, pad=swap)
    few, scores = boxes_of(rng, 5), scores_of(rng, 5)
    for most, pad in itertools.product((0, 1, 5, 9), (False, True)):
        yield from versions(few, scores, most, 0.5, -1, pad=pad)
    for iou, score in itertools.product((0.0, 0.3, 1.0), (-np.inf, 0.0, 0.5, 2.0, np.nan)):
        yield from versions(few, scores, 4, iou, score)
    yield from versions(np.zeros([0, 4], F), np.zeros([0], F), 3, 0.5, 0.5, pad=True)
    odd = few.copy()
    odd[1, 2] = np.nan
    odd[3] = [-np.inf, 0, np.inf, 1]
    yield from versions(odd, scores, 5, 0.5, -1)
    yield from versions(F([[0, 0, 1, 1]] * 4), F([0.5] * 4), 4, 1.0, 0)
    # Refused by both.
    for iou in (-0.1, 1.1, np.nan):
        yield from versions(few, scores, 4, iou, 0)
    yield from versions(few, scores, -1, 0.5, 0)
    yield from versions(few, scores[:4], 4, 0.5, 0)
    yield from versions(few[:, :3], scores, 4, 0.5, 0)
    yield from versions(few[None], scores, 4, 0.5, 0)


def soft():
    rng = np.random.default_rng(2)
    for sigma, kind, score in itertools.product((0.1, 0.5, 2.0), KINDS, (0.0, 0.2)):
        boxes, scores = boxes_of(rng, 30), scores_of(rng, 30, kind=kind)
        for pad in (False, True):
            yield case("NonMaxSuppressionV5", boxes, scores, np.int32(14), F(0.6), F(score), F(sigma),
                       pad_to_max_output_size=pad, tol=BITS)
    yield case("NonMaxSuppressionV5", boxes, scores, np.int32(14), F(0.6), F(0), F(-1), tol=BITS)


def combined(boxes, scores, per_class, total, iou=0.5, score=0.2, **attrs):
    return case("CombinedNonMaxSuppression", boxes, scores, np.int32(per_class), np.int32(total), F(iou), F(score),
                tol=BITS, **attrs)


def combined_cases():
    rng = np.random.default_rng(3)
    for kind, shared, pad, clip in itertools.product(KINDS, (True, False), (False, True), (False, True)):
        boxes = boxes_of(rng, 2, 30, 1 if shared else 3, swap=True)
        yield combined(boxes, scores_of(rng, 2, 30, 3, kind=kind), 8, 15, pad_per_class=pad, clip_boxes=clip)
    boxes = boxes_of(rng, 2, 12, 4)
    for per_class, total, pad in itertools.product((1, 3, 12, 40), (1, 7, 100), (False, True)):
        yield combined(boxes, scores_of(rng, 2, 12, 4), per_class, total, pad_per_class=pad)
    for iou, score in itertools.product((0.0, 0.4, 1.0), (-np.inf, -3.0, -0.2, 0.9, 2.0, np.nan)):
        yield combined(boxes, scores_of(rng, 2, 12, 4), 4, 9, iou, score)
    # Ties in numbers at which the sort is not stable, in one class and across classes.
    for classes, per_class in itertools.product((1, 2, 20), (5, 17, 60)):
        scores = scores_of(rng, 1, 60, classes, kind="equal")
        yield combined(boxes_of(rng, 1, 60, 1), scores, per_class, 100, 0.7)
        yield combined(boxes_of(rng, 1, 60, classes), scores, per_class, 30, 1.0, clip_boxes=False)
    yield combined(np.zeros([1, 20, 1, 4], F), np.full([1, 20, 3], 0.5, F), 20, 60)
    for batch, n, classes in ((0, 5, 2), (2, 0, 2), (2, 5, 0), (1, 1, 1)):
        for q in {1, classes}:
            yield combined(boxes_of(rng, batch, n, q), scores_of(rng, batch, n, classes), 3, 4)
            yield combined(boxes_of(rng, batch, n, q), scores_of(rng, batch, n, classes), 3, 4, pad_per_class=True)
    odd, scores = boxes_of(rng, 1, 8, 1), scores_of(rng, 1, 8, 2)
    odd[0, 2, 0, 1] = np.nan
    odd[0, 5, 0] = [-np.inf, -1, np.inf, 2]
    yield combined(odd, scores, 8, 16, score=-1)
    yield combined(odd, scores, 8, 16, score=-1, clip_boxes=False)
    # Refused by both.
    for per_class, total, iou in ((0, 3, 0.5), (-1, 3, 0.5), (3, 0, 0.5), (3, -2, 0.5), (3, 3, -0.5), (3, 3, 1.5)):
        yield combined(odd, scores, per_class, total, iou)
    yield combined(boxes_of(rng, 1, 8, 3), scores, 3, 4)
    yield combined(boxes_of(rng, 1, 7, 1), scores, 3, 4)
    yield combined(boxes_of(rng, 2, 8, 1), scores, 3, 4)


CASES += [*single(), *soft(), *combined_cases()]
