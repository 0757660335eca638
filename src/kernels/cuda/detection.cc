// Box decoding and non-maximum suppression (code/box_decode.cu, code/nms.cu).
#include <fmt/format.h>

#include <algorithm>

#include "kernels/cuda/rows.h"

namespace thaw::cuda {
namespace {

template <class Op>
Constants coder_constants(const Op& op) {
  Constants c;
  c.add("SCALE_0", op.scales[0]).add("SCALE_1", op.scales[1]);
  c.add("SCALE_2", op.scales[2]).add("SCALE_3", op.scales[3]);
  c.add("CORNERS", op.corners);
  return c;
}

Launching decoding(Constants c, int64_t boxes, int64_t anchors) {
  Launching launch;
  launch.code = {"box_decode.cu", c.add("COUNT", boxes).add("ANCHORS", anchors).text()};
  launch.function = "decode_boxes";
  cover(launch, boxes);
  return launch;
}

std::string refuse_decode(const OpDesc& desc) {
  if (std::string why = refuse_all_but_float32(desc); !why.empty()) return why;
  const Shape& anchors = desc.inputs[1].shape;
  const int64_t boxes = desc.outputs[0].shape.num_elements() / 4;
  const int64_t count = anchors.num_elements() / 4;
  if (desc.inputs[0].shape.rank() < 1 || desc.inputs[0].shape.back() != 4 || anchors.rank() < 1 ||
      anchors.back() != 4 || count == 0 || boxes % count != 0)
    return "impossible shapes";
  return {};
}

Recipe decode(const OpDesc& desc) {
  Launching launch =
      decoding(coder_constants(std::get<BoxDecode>(desc.op)),
               desc.outputs[0].shape.num_elements() / 4, desc.inputs[1].shape.num_elements() / 4);
  launch.arguments = {Argument::input(0), Argument::input(1), Argument::output(0)};
  Recipe recipe;
  recipe.launches = {launch};
  return recipe;
}

// What the shapes say, and where in the scratch what lies.
struct Nms {
  const MultiClassNms& op;
  int64_t batch, boxes, box_classes, columns, classes, most_of_class;
  size_t first_field;
  size_t decoded = 0, kept_scores = 0, kept_boxes = 0, kept_counts = 0, chosen = 0, end = 0;

  explicit Nms(const OpDesc& desc)
      : op(std::get<MultiClassNms>(desc.op)),
        batch(desc.inputs[0].shape[0]),
        boxes(desc.inputs[0].shape[1]),
        box_classes(desc.inputs[0].shape[2]),
        columns(desc.inputs[1].shape[2]),
        classes(columns - op.background),
        most_of_class(std::min(op.max_per_class, boxes)),
        first_field(op.num_fixed_inputs()) {
    const auto take = [this](int64_t bytes) {
      const size_t at = end;
      end += (static_cast<size_t>(bytes) + 255) / 256 * 256;
      return at;
    };
    const int64_t kept = batch * std::max<int64_t>(classes, 0) * most_of_class;
    decoded = take(op.decode ? 16 * batch * boxes * box_classes : 0);
    kept_scores = take(4 * kept);
    kept_boxes = take(4 * kept);
    kept_counts = take(4 * batch * std::max<int64_t>(classes, 0));
    chosen = take(4 * batch * op.max_total);
  }
};

std::string refuse_nms(const OpDesc& desc) {
  constexpr int64_t kMostClasses = 4096;  // a warp keeps a place in the list of each
  constexpr int64_t kMostOfAll = 3072;    // in shared memory
  constexpr int64_t kMostBoxes = 1 << 20;
  if (std::string why = refuse_shapes(desc); !why.empty()) return why;
  const auto& op = std::get<MultiClassNms>(desc.op);
  if (op.has_valid) return "how many boxes are valid is checked on the host";
  for (size_t i = 0; i < op.num_fixed_inputs(); ++i)
    if (desc.inputs[i].dtype != DType::kFloat32) return "boxes that are not float32";
  if (desc.inputs[0].shape.rank() != 4 || desc.inputs[1].shape.rank() != 3)
    return "impossible shapes";
  const Nms nms(desc);
  if (nms.boxes < 1 || nms.classes < 1 || op.max_total < 1 || nms.most_of_class < 1)
    return "nothing to choose from";
  if (nms.classes > kMostClasses || op.max_total > kMostOfAll || nms.boxes > kMostBoxes ||
      nms.batch > 65535)
    return "too many boxes, classes or pictures";
  if (!(op.iou_threshold >= 0 && op.iou_threshold <= 1) || !(op.score_threshold >= 0))
    return "impossible thresholds";
  return {};
}

Recipe multi_class_nms(const OpDesc& desc) {
  const Nms nms(desc);
  Recipe recipe;
  recipe.scratch_bytes = nms.end;
  Argument boxes = Argument::input(0);
  if (nms.op.decode) {
    Launching decode = decoding(coder_constants(nms.op), nms.batch * nms.boxes * nms.box_classes,
                                desc.inputs[nms.first_field - 1].shape[0]);
    boxes = Argument::scratch(nms.decoded);
    decode.arguments = {Argument::input(0), Argument::input(nms.first_field - 1), boxes};
    recipe.launches.push_back(decode);
  }
  // Up to so many scores are sorted, four a thread.
  constexpr int64_t kMostSorted = 4096;
  constexpr int64_t kMostChosen = 256;
  int64_t sorted = 128;
  while (sorted < nms.boxes) sorted *= 2;
  if (sorted > kMostSorted || nms.most_of_class > kMostChosen) sorted = 0;
  const int64_t threads = sorted > 0 ? sorted / 4 : nms.boxes > kMostSorted ? 1024 : 512;
  Constants c;
  c.add("BOXES", nms.boxes).add("BOX_CLASSES", nms.box_classes);
  c.add("COLUMNS", nms.columns).add("CLASSES", nms.classes).add("LOGITS", nms.op.logits);
  c.add("SCORE_THRESHOLD", nms.op.score_threshold).add("IOU_THRESHOLD", nms.op.iou_threshold);
  c.add("MOST_OF_CLASS", nms.most_of_class).add("MOST_OF_ALL", nms.op.max_total);
  c.add("CHANGES_FRAME", nms.op.change_coordinate_frame).add("THREADS", threads);
  constexpr int64_t kMostStaged = 11 << 10;  // numbers in a block's shared memory
  const int64_t staged = nms.classes * nms.most_of_class + 3 * nms.op.max_total + 600;
  c.add("SORTED", sorted).add("STAGES", staged <= kMostStaged);
  c.add("ITEMS", (nms.boxes + threads - 1) / threads);
  c.add("PER_THREAD_CLASSES", (nms.classes + 511) / 512);
  const Argument scores = Argument::scratch(nms.kept_scores);
  const Argument kept = Argument::scratch(nms.kept_boxes);
  const Argument counts = Argument::scratch(nms.kept_counts);
  const Argument chosen = Argument::scratch(nms.chosen);
  Launching suppress;
  suppress.code = {"nms.cu", c.text()};
  suppress.function = "suppress";
  suppress.grid = {nms.classes, nms.batch, 1};
  suppress.block = {threads, 1, 1};
  suppress.arguments = {boxes, Argument::input(1), Argument::input(2), scores, kept, counts};
  recipe.launches.push_back(suppress);
  Launching merge = suppress;
  merge.function = "merge";
  merge.grid = {nms.batch, 1, 1};
  merge.block = {512, 1, 1};
  merge.arguments = {boxes,
                     Argument::input(2),
                     scores,
                     kept,
                     counts,
                     Argument::output(0),
                     Argument::output(1),
                     Argument::output(2),
                     Argument::output(3),
                     chosen};
  recipe.launches.push_back(merge);
  for (size_t i = nms.first_field; i < desc.inputs.size(); ++i) {
    const TensorDesc& field = desc.inputs[i];
    const auto bytes = static_cast<int64_t>(dtype_size(field.dtype)) * field.shape.num_elements() /
                       (nms.batch * nms.boxes);
    Launching copy = suppress;
    Constants with_field = c;
    copy.code.constants = with_field.add("FIELD_BYTES", bytes).text();
    copy.function = "copy_field";
    copy.grid = {nms.batch * nms.op.max_total, bytes > 0 ? 1 : 0, 1};
    copy.block = {std::clamp<int64_t>((bytes + 31) / 32 * 32, 32, 256), 1, 1};
    copy.arguments = {chosen, Argument::input(i), Argument::output(4 + i - nms.first_field)};
    recipe.launches.push_back(copy);
  }
  return recipe;
}

Exactness same(const OpDesc& /*desc*/) { return kSameNumbers; }
Exactness functions(const OpDesc& /*desc*/) { return kNormalised; }

}  // namespace

const std::vector<Row>& detection_rows() {
  static const std::vector<Row> rows = {
      row<decode>("cuda.box_decode", OpKind::kBoxDecode, refuse_decode, functions),
      row<multi_class_nms>("cuda.multi_class_nms", OpKind::kMultiClassNms, refuse_nms, same),
  };
  return rows;
}

}  // namespace thaw::cuda
