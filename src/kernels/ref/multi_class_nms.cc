// Reference kernel of MultiClassNms: the steps of the Object Detection API's graph, one by one.
#include "kernels/multi_class_nms.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/ref/non_max_suppression.h"
#include "kernels/ref/ref.h"

namespace thaw::ref {
namespace {

struct Detection {
  float score;
  int64_t box;
  int64_t label;
};

// Boxes [n][q][4] and scores [n][classes] of one image, whatever the op is given instead.
struct Image {
  std::vector<float> boxes;
  std::vector<float> scores;
  const float* box(const MultiClassNmsSizes& sizes, int64_t i, int64_t label) const {
    return boxes.data() + 4 * (i * sizes.box_classes + (sizes.box_classes == 1 ? 0 : label));
  }
};

Image read_image(const MultiClassNms& op, const MultiClassNmsSizes& sizes,
                 const RunContext& context, int64_t image) {
  Image result;
  const int64_t count = sizes.boxes * sizes.box_classes;
  result.boxes.resize(static_cast<size_t>(4 * count));
  for (int64_t i = 0; i < count; ++i) {
    float* box = result.boxes.data() + 4 * i;
    if (op.decode)
      decode_box_of(op, sizes, context, image * count + i, box);
    else
      std::copy_n(context.input(0).data<float>() + 4 * (image * count + i), 4, box);
  }
  for (int64_t i = 0; i < sizes.boxes; ++i) {
    const float* row =
        context.input(1).data<float>() + (image * sizes.boxes + i) * sizes.columns + op.background;
    for (int64_t c = 0; c < sizes.classes; ++c)
      result.scores.push_back(op.logits ? 1.0F / (1.0F + std::exp(-row[c])) : row[c]);
  }
  return result;
}

void append_class(const MultiClassNms& op, const MultiClassNmsSizes& sizes, const Image& image,
                  int64_t count, int64_t label, std::vector<Detection>& all) {
  std::vector<float> boxes;
  std::vector<float> scores;
  for (int64_t i = 0; i < count; ++i) {
    const float* box = image.box(sizes, i, label);
    boxes.insert(boxes.end(), box, box + 4);
    scores.push_back(image.scores[static_cast<size_t>(i * sizes.classes + label)]);
  }
  const NmsLimits limits{op.max_per_class, op.iou_threshold, op.score_threshold, 0};
  const NmsResult chosen = greedy_nms(boxes.data(), scores.data(), count, limits);
  for (size_t i = 0; i < chosen.indices.size(); ++i)
    all.push_back({chosen.scores[i], chosen.indices[i], label});
}

void run_image(const MultiClassNms& op, const MultiClassNmsSizes& sizes, RunContext& context,
               int64_t image) {
  const Image input = read_image(op, sizes, context, image);
  const int64_t count = MultiClassNmsSizes::valid(op, context, image);
  std::vector<Detection> all;
  for (int64_t c = 0; c < sizes.classes; ++c) append_class(op, sizes, input, count, c, all);
  std::stable_sort(all.begin(), all.end(),
                   [](const Detection& a, const Detection& b) { return a.score > b.score; });
  const float* window = context.input(2).data<float>() + 4 * image;
  int64_t row = 0;
  for (const Detection& d : all) {
    float clipped[4];
    if (row == op.max_total) break;
    if (!clip_to_window(input.box(sizes, d.box, d.label), window, clipped)) continue;
    if (op.change_coordinate_frame) change_to_window_frame(window, clipped);
    const int64_t at = image * op.max_total + row;
    std::copy_n(clipped, 4, context.output(0).data<float>() + 4 * at);
    context.output(1).data<float>()[at] = d.score;
    context.output(2).data<float>()[at] = static_cast<float>(d.label);
    copy_field_rows(sizes, context, image, d.box, row);
    ++row;
  }
  context.output(3).data<int32_t>()[image] = static_cast<int32_t>(row);
}

}  // namespace

void run(const MultiClassNms& op, RunContext& context) {
  const MultiClassNmsSizes sizes = multi_class_nms_sizes(op, context);
  make_multi_class_nms_outputs(op, sizes, context);
  for (int64_t i = 0; i < sizes.batch; ++i) run_image(op, sizes, context, i);
}

}  // namespace thaw::ref
