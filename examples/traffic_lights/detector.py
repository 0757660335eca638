"""SSD-MobileNet-v1 in PyTorch with the arithmetic of the Object Detection API's `ssd_mobilenet_v1`.

Layers are named as the API's variables are, so that trained weights become a TensorFlow checkpoint
(`tensorflow_values`). Boxes are (ymin, xmin, ymax, xmax) in 0..1 of the picture unless said otherwise.
"""

import dataclasses
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

CLASSES = ("red", "yellow", "green", "green_left_arrow", "green_straight_arrow")
BATCH_NORM_EPSILON = 1e-3
BOX_CODER = (10.0, 10.0, 5.0, 5.0)  # y, x, height, width
# (stride, nominal depth) of the depthwise separable convolutions Conv2d_1 .. Conv2d_13.
SEPARABLE = ((1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512), (1, 512), (1, 512), (1, 512), (1, 512),
             (1, 512), (2, 1024), (1, 1024))
FEATURE_LAYERS = (11, 13)
EXTRA_DEPTHS = (512, 256, 256, 128)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What `model/pipeline.config` says too; export.py finds out when the two differ."""

    rows: int = 360
    columns: int = 640
    depth_multiplier: float = 0.5
    min_depth: int = 16
    scales: tuple = (0.025, 0.07, 0.14, 0.25, 0.4, 0.6)
    aspect_ratios: tuple = (0.3, 0.4, 2.5, 3.3)
    interpolated_aspect_ratio: float = 0.345
    score_threshold: float = 0.01
    iou_threshold: float = 0.5
    max_detections: int = 100

    def depth(self, nominal):
        return max(int(nominal * self.depth_multiplier), self.min_depth)

    @property
    def anchors_per_cell(self):
        return len(self.aspect_ratios) + 1


def same_padding(size, kernel, stride):
    """TensorFlow's SAME padding of one axis: (before, after); an odd remainder goes after."""
    total = max((math.ceil(size / stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


class SameConv(nn.Conv2d):
    def forward(self, x):
        kernel, stride = self.kernel_size[0], self.stride[0]
        top, bottom = same_padding(x.shape[2], kernel, stride)
        left, right = same_padding(x.shape[3], kernel, stride)
        if top == bottom and left == right:
            return F.conv2d(x, self.weight, self.bias, stride, (top, left), 1, self.groups)
        return F.conv2d(F.pad(x, (left, right, top, bottom)), self.weight, self.bias, stride, 0, 1, self.groups)


class ConvBlock(nn.Module):
    """Convolution without bias, batch norm, ReLU6."""

    def __init__(self, inputs, outputs, kernel, stride=1, depthwise=False):
        super().__init__()
        self.conv = SameConv(inputs, outputs, kernel, stride, groups=inputs if depthwise else 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=BATCH_NORM_EPSILON, momentum=0.03)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out" if not depthwise else "fan_in", nonlinearity="relu")

    def forward(self, x):
        return F.relu6(self.norm(self.conv(x)))


class Head(nn.Module):
    """A depthwise 3x3 convolution, then a 1x1 convolution with bias: `use_depthwise` of the box predictor."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.depthwise = ConvBlock(inputs, inputs, 3, depthwise=True)
        self.conv = nn.Conv2d(inputs, outputs, 1)
        nn.init.normal_(self.conv.weight, std=0.01)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        return self.conv(self.depthwise(x))


class Detector(nn.Module):
    """Pixels [B, 3, H, W] in 0..255 -> box codes [B, A, 4] and logits [B, A, 1 + classes], column 0 background."""

    def __init__(self, settings=Settings()):
        super().__init__()
        self.settings = settings
        self.blocks = nn.ModuleDict()
        depth = self._add_backbone()
        feature_depths = [settings.depth(SEPARABLE[FEATURE_LAYERS[0] - 1][1]), depth]
        feature_depths += self._add_extra_layers(depth)
        self.box_heads, self.class_heads = nn.ModuleList(), nn.ModuleList()
        for inputs in feature_depths:
            self.box_heads.append(Head(inputs, settings.anchors_per_cell * 4))
            self.class_heads.append(Head(inputs, settings.anchors_per_cell * (1 + len(CLASSES))))
            nn.init.constant_(self.class_heads[-1].conv.bias, -4.6)  # scores begin at 0.01

    def _add_backbone(self):
        s = self.settings
        depth = s.depth(32)
        self.blocks["Conv2d_0"] = ConvBlock(3, depth, 3, 2)
        for i, (stride, nominal) in enumerate(SEPARABLE, 1):
            self.blocks[f"Conv2d_{i}_depthwise"] = ConvBlock(depth, depth, 3, stride, depthwise=True)
            self.blocks[f"Conv2d_{i}_pointwise"] = ConvBlock(depth, s.depth(nominal), 1)
            depth = s.depth(nominal)
        return depth

    def _add_extra_layers(self, depth):
        self.extras = []
        depths = []
        for i, nominal in enumerate(EXTRA_DEPTHS, 2):
            inner, outer = self.settings.depth(nominal / 2), self.settings.depth(nominal)
            names = (f"Conv2d_13_pointwise_1_Conv2d_{i}_1x1_{inner}",
                     f"Conv2d_13_pointwise_2_Conv2d_{i}_3x3_s2_{outer}")
            self.blocks[names[0]] = ConvBlock(depth, inner, 1)
            self.blocks[names[1]] = ConvBlock(inner, outer, 3, 2)
            self.extras.append(names)
            depths.append(outer)
            depth = outer
        return depths

    def features(self, x):
        maps = []
        x = self.blocks["Conv2d_0"](x)
        for i in range(1, len(SEPARABLE) + 1):
            x = self.blocks[f"Conv2d_{i}_pointwise"](self.blocks[f"Conv2d_{i}_depthwise"](x))
            if i in FEATURE_LAYERS:
                maps.append(x)
        for inner, outer in self.extras:
            x = self.blocks[outer](self.blocks[inner](x))
            maps.append(x)
        return maps

    def forward(self, pixels):
        maps = self.features(pixels * (2.0 / 255.0) - 1.0)

        def flatten(heads, width):
            return torch.cat([head(m).permute(0, 2, 3, 1).reshape(m.shape[0], -1, width)
                              for head, m in zip(heads, maps)], 1)

        return flatten(self.box_heads, 4), flatten(self.class_heads, 1 + len(CLASSES))

    def tensorflow_values(self):
        """{variable name of the Object Detection API: array} of every weight; kernels as HWIO and HWC1."""
        values = {}
        for name, block in self.blocks.items():
            _add_block(values, f"FeatureExtractor/MobilenetV1/{name}", block)
        for kind, heads in (("BoxEncodingPredictor", self.box_heads), ("ClassPredictor", self.class_heads)):
            for i, head in enumerate(heads):
                scope = f"BoxPredictor_{i}/{kind}"
                _add_block(values, scope + "_depthwise", head.depthwise)
                values[scope + "/weights"] = head.conv.weight.permute(2, 3, 1, 0)
                values[scope + "/biases"] = head.conv.bias
        return {name: np.ascontiguousarray(v.detach().float().cpu().numpy()) for name, v in values.items()}


def _add_block(values, scope, block):
    depthwise = block.conv.groups > 1
    order = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
    values[scope + ("/depthwise_weights" if depthwise else "/weights")] = block.conv.weight.permute(order)
    values[scope + "/BatchNorm/gamma"] = block.norm.weight
    values[scope + "/BatchNorm/beta"] = block.norm.bias
    values[scope + "/BatchNorm/moving_mean"] = block.norm.running_mean
    values[scope + "/BatchNorm/moving_variance"] = block.norm.running_var


def grid_sizes(settings):
    """(rows, columns) of the six feature maps."""
    def halved(size, times):
        for _ in range(times):
            size = math.ceil(size / 2)
        return size

    return [(halved(settings.rows, n), halved(settings.columns, n)) for n in range(4, 10)]


def make_anchors(settings):
    """Anchors of `ssd_anchor_generator`: centres and sizes [A, 4] as (y, x, height, width), and [A, 2] strides.

    Order: feature map, row, column, anchor. Sizes scale by the shorter side of the picture.
    """
    shorter = min(settings.rows, settings.columns)
    scale_y, scale_x = shorter / settings.rows, shorter / settings.columns
    scales = list(settings.scales) + [1.0]
    anchors, strides = [], []
    for (rows, columns), scale, after in zip(grid_sizes(settings), scales, scales[1:]):
        shapes = [(scale, r) for r in settings.aspect_ratios]
        shapes.append((math.sqrt(scale * after), settings.interpolated_aspect_ratio))
        sizes = np.array([(s / math.sqrt(r) * scale_y, s * math.sqrt(r) * scale_x) for s, r in shapes])
        y, x = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij")
        centres = np.repeat(np.stack([y, x], -1).reshape(-1, 1, 2), len(shapes), 1)
        layer = np.concatenate([centres, np.broadcast_to(sizes, centres.shape)], -1).reshape(-1, 4)
        anchors.append(layer)
        strides.append(np.broadcast_to([1 / rows, 1 / columns], (len(layer), 2)))
    return (torch.tensor(np.concatenate(anchors), dtype=torch.float32),
            torch.tensor(np.concatenate(strides), dtype=torch.float32))


def decode(codes, anchors):
    """Box codes [..., A, 4] -> corners [..., A, 4]."""
    ty, tx, th, tw = (codes[..., i] / BOX_CODER[i] for i in range(4))
    y, x, h, w = anchors.unbind(-1)
    height, width = torch.exp(th) * h, torch.exp(tw) * w
    centre_y, centre_x = ty * h + y, tx * w + x
    return torch.stack([centre_y - height / 2, centre_x - width / 2, centre_y + height / 2, centre_x + width / 2], -1)


def suppress(boxes, scores, settings):
    """Detections of one picture as the graph's post-processing makes them: rows (class id, score, box).

    `boxes` [A, 4] and `scores` [A, classes] are numpy arrays.
    """
    boxes = np.clip(boxes, 0, 1)
    found = []
    for label in range(scores.shape[1]):
        order = np.argsort(-scores[:, label], kind="stable")
        order = order[scores[order, label] > settings.score_threshold]
        for _ in range(settings.max_detections):
            if not len(order):
                break
            best, order = order[0], order[1:]
            found.append((label + 1, float(scores[best, label]), boxes[best]))
            order = order[overlaps(boxes[best], boxes[order]) <= settings.iou_threshold]
    return sorted(found, key=lambda d: -d[1])[:settings.max_detections]


def overlaps(box, others):
    """IoU of a box with each of [N, 4]."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    union = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(-1) - shared
    return shared / np.maximum(union, 1e-12)
