// Multi-class NMS without the sorting and gathering of everything: candidates come in one global
// order of falling scores, each meets the boxes already chosen of its class, and the image is done
// when it has its max_total detections.
//
// That gives what the classes' own NMS, the concatenation and the stable sort give: keys order
// equal scores by class and box, which is the order of the concatenation, and restricted to one
// class the global order is the order in which its NMS takes candidates, so each candidate meets
// the same chosen boxes there and here. Candidates after the last detection can't change it.
#include "kernels/multi_class_nms.h"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

#include "base/round_up.h"
#include "base/thread_pool.h"
#include "kernels/cpu/nms/best_scores.h"
#include "kernels/cpu/rows.h"

namespace thaw::cpu {
namespace {

// The boxes chosen so far, class by class, in memory from outside.
class ChosenByClass {
 public:
  static size_t bytes(int64_t classes, int64_t capacity) {
    return static_cast<size_t>(classes) *
           (5 * static_cast<size_t>(padded(capacity)) * sizeof(float) + sizeof(int64_t));
  }

  ChosenByClass(int64_t classes, int64_t capacity, void* memory)
      : capacity_(capacity),
        stride_(padded(capacity)),
        counts_(static_cast<int64_t*>(memory)),
        data_(reinterpret_cast<float*>(counts_ + classes)) {
    std::fill_n(counts_, classes, 0);
  }

  bool full(int64_t label) const { return counts_[label] == capacity_; }

  ChosenBoxes boxes(int64_t label) const {
    const float* p = data_ + 5 * stride_ * label;
    return {p, p + stride_, p + 2 * stride_, p + 3 * stride_, p + 4 * stride_, counts_[label]};
  }

  void add(int64_t label, const NmsBox& box) {
    const int64_t n = counts_[label]++;
    float* p = data_ + 5 * stride_ * label + n;
    // A vector's lanes past the last box are read, and must hold numbers that are cheap.
    if (n % kNmsLanes == 0)
      for (int i = 0; i < 5; ++i) std::fill_n(p + i * stride_, kNmsLanes, 0.0F);
    const float values[5] = {box.ymin, box.xmin, box.ymax, box.xmax, box.area};
    for (int i = 0; i < 5; ++i) p[i * stride_] = values[i];
  }

 private:
  static int64_t padded(int64_t n) { return round_up(n, kNmsLanes); }

  int64_t capacity_;
  int64_t stride_;
  int64_t* counts_;
  float* data_;
};

// Boxes of one image, decoded when they are asked for first; memory from outside.
class LazyBoxes {
 public:
  static size_t bytes(const MultiClassNms& op, const MultiClassNmsSizes& sizes) {
    const auto count = static_cast<size_t>(sizes.boxes * sizes.box_classes);
    return op.decode ? count * (4 * sizeof(float) + 1) : 0;
  }

  LazyBoxes(const MultiClassNms& op, const MultiClassNmsSizes& sizes, const RunContext& context,
            int64_t image, void* memory)
      : op_(op),
        sizes_(sizes),
        context_(context),
        first_(image * sizes.boxes * sizes.box_classes),
        boxes_(static_cast<float*>(memory)),
        decoded_(reinterpret_cast<uint8_t*>(boxes_ + 4 * sizes.boxes * sizes.box_classes)) {
    if (op.decode) std::fill_n(decoded_, sizes.boxes * sizes.box_classes, uint8_t{0});
  }

  const float* get(int64_t box, int64_t label) {
    const int64_t i = box * sizes_.box_classes + (sizes_.box_classes == 1 ? 0 : label);
    if (!op_.decode) return context_.input(0).data<float>() + 4 * (first_ + i);
    if (!decoded_[i]) decode_box_of(op_, sizes_, context_, first_ + i, boxes_ + 4 * i);
    decoded_[i] = 1;
    return boxes_ + 4 * i;
  }

 private:
  const MultiClassNms& op_;
  const MultiClassNmsSizes& sizes_;
  const RunContext& context_;
  int64_t first_;
  float* boxes_;
  uint8_t* decoded_;
};

NmsBox corners(const float* box) {
  NmsBox b{std::min<float>(box[0], box[2]), std::min<float>(box[1], box[3]),
           std::max<float>(box[0], box[2]), std::max<float>(box[1], box[3]), 0};
  b.area = (b.ymax - b.ymin) * (b.xmax - b.xmin);
  return b;
}

class MultiClassNmsKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc) {
    const Shape& scores = desc.inputs[1].shape;
    if (!scores.is_static()) return "the number of boxes is not known before the run";
    if (scores[1] * scores[2] >= std::numeric_limits<int32_t>::max())
      return fmt::format("{} x {} scores are too many", scores[1], scores[2]);
    return {};
  }

  MultiClassNmsKernel(const OpDesc& desc, const KernelSet& set)
      : op_(std::get<MultiClassNms>(desc.op)),
        loops_(set.nms),
        sigmoid_(op_.logits ? set.vector.unary[static_cast<int>(UnaryFn::kSigmoid)] : nullptr) {
    const Shape& boxes = desc.inputs[0].shape;
    const Shape& scores = desc.inputs[1].shape;
    if (!boxes.is_static() || boxes.rank() != 4 || scores.rank() != 3 || op_.max_per_class < 0 ||
        scores[2] < op_.background)
      return;
    planned_.batch = boxes[0];
    planned_.boxes = boxes[1];
    planned_.box_classes = boxes[2];
    planned_.classes = scores[2] - op_.background;
  }

  void run(RunContext& context) override {
    const MultiClassNmsSizes sizes = multi_class_nms_sizes(op_, context);
    make_multi_class_nms_outputs(op_, sizes, context);
    const Parts parts(op_, sizes);
    if (parts.capacity == 0 || sizes.classes == 0) return;
    auto* scratch =
        static_cast<char*>(context.scratch(scratch_for(sizes, context.pool().threads())));
    context.pool().parallel_for(sizes.batch, [&](int64_t begin, int64_t end, int thread) {
      char* mine = scratch + static_cast<size_t>(thread) * parts.bytes();
      for (int64_t i = begin; i < end; ++i) {
        Image image{i,
                    {sizes.classes, parts.capacity, mine},
                    {op_, sizes, context, i, mine + parts.chosen}};
        run_image(context, sizes, image, mine + parts.chosen + parts.boxes);
      }
    });
  }

  size_t scratch_bytes(int threads) const override { return scratch_for(planned_, threads); }

 private:
  // Of one thread's scratch.
  struct Parts {
    Parts(const MultiClassNms& op, const MultiClassNmsSizes& sizes)
        : capacity(std::min(op.max_per_class, sizes.boxes)),
          chosen(whole_lines(ChosenByClass::bytes(sizes.classes, capacity))),
          boxes(whole_lines(LazyBoxes::bytes(op, sizes))) {}
    size_t bytes() const { return whole_lines(BestScores::kScratchBytes) + chosen + boxes; }
    int64_t capacity;
    size_t chosen;
    size_t boxes;
  };

  size_t scratch_for(const MultiClassNmsSizes& sizes, int threads) const {
    if (sizes.batch == 0) return 0;
    return Parts(op_, sizes).bytes() * static_cast<size_t>(std::min<int64_t>(threads, sizes.batch));
  }

  struct Image {
    int64_t index;
    ChosenByClass chosen;
    LazyBoxes boxes;
    int64_t rows = 0;  // detections
  };

  void run_image(RunContext& context, const MultiClassNmsSizes& sizes, Image& image,
                 void* scratch) {
    const auto valid = static_cast<uint32_t>(MultiClassNmsSizes::valid(op_, context, image.index));
    BestScores::Input input;
    input.x =
        context.input(1).data<float>() + image.index * sizes.boxes * sizes.columns + op_.background;
    input.boxes = valid;
    input.classes = static_cast<uint32_t>(sizes.classes);
    input.stride = static_cast<uint32_t>(sizes.columns);
    input.threshold = op_.score_threshold;
    input.sigmoid = sigmoid_;
    input.guess = guess_.load(std::memory_order_relaxed);
    BestScores best(loops_, input, scratch);
    size_t count = 0;
    uint64_t last = 0;
    do {
      const uint64_t* keys = best.next(&count);
      for (size_t k = 0; k < count && image.rows < op_.max_total; ++k)
        take(context, sizes, image, last = keys[k], valid);
    } while (count > 0 && image.rows < op_.max_total);
    context.output(3).data<int32_t>()[image.index] = static_cast<int32_t>(image.rows);
    remember(image.rows == op_.max_total ? ScoreKey::score(last) : 0);
  }

  // The next image may be like this one, which needed the scores down to `last`.
  void remember(float last) {
    const float guess = op_.logits ? logit_below(last) - 0.25F : 0.8F * last;
    guess_.store(guess, std::memory_order_relaxed);
  }

  // Makes the candidate a detection if it is one.
  void take(RunContext& context, const MultiClassNmsSizes& sizes, Image& image, uint64_t key,
            uint32_t valid) const {
    const uint32_t place = ScoreKey::place(key);
    const int64_t label = place / valid;
    const int64_t box = place % valid;
    if (image.chosen.full(label)) return;
    const float* p = image.boxes.get(box, label);
    const NmsBox candidate = corners(p);
    if (loops_.hidden(candidate, image.chosen.boxes(label), op_.iou_threshold)) return;
    image.chosen.add(label, candidate);
    const float* window = context.input(2).data<float>() + 4 * image.index;
    float clipped[4];
    if (!clip_to_window(p, window, clipped)) return;
    if (op_.change_coordinate_frame) change_to_window_frame(window, clipped);
    const int64_t at = image.index * op_.max_total + image.rows;
    std::memcpy(context.output(0).data<float>() + 4 * at, clipped, sizeof(clipped));
    context.output(1).data<float>()[at] = ScoreKey::score(key);
    context.output(2).data<float>()[at] = static_cast<float>(label);
    copy_field_rows(sizes, context, image.index, box, image.rows++);
  }

  const MultiClassNms op_;
  const NmsLoops& loops_;
  void (*const sigmoid_)(const float*, float*, int64_t);
  std::atomic<float> guess_{-std::numeric_limits<float>::infinity()};
  MultiClassNmsSizes planned_;  // a batch of 0: known only in a run
};

}  // namespace

const KernelClass kMultiClassNms = kernel_class<MultiClassNmsKernel>();

}  // namespace thaw::cpu
