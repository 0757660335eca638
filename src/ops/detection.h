// Object detection: box decoding and non-maximum suppression.
#pragma once

#include <array>

#include "ops/field.h"
#include "thaw/tensor.h"

namespace thaw {

// (boxes [n,4], scores [n], max_output_size, iou_threshold?, score_threshold?, soft_nms_sigma?,
// all scalars) -> (indices int32 [k], scores [k], valid count). How many inputs there are follows
// TF's version: V2 ends at iou_threshold, V3 and V4 at score_threshold, V5 at soft_nms_sigma; so do
// the outputs: V2, V3 (indices), V4 (indices, valid), V5 (indices, scores, valid).
struct NonMaxSuppression {
  static constexpr const char* kName = "NonMaxSuppression";
  int64_t version = 3;
  bool pad_to_max_output_size = false;
  template <class F>
  static void fields(F&& f) {
    f("version", &NonMaxSuppression::version);
    f("pad_to_max_output_size", &NonMaxSuppression::pad_to_max_output_size);
  }
};

// (boxes [b,n,q,4] where q is 1 or classes, scores [b,n,classes], and the scalars most boxes a
// class, most boxes in all, iou_threshold, score_threshold) -> (boxes [b,k,4], scores [b,k],
// classes float from 0 [b,k], count int32 [b]); zeros after the first count of an image. k is most
// boxes in all, with pad_per_class no more than most boxes a class for each class. Unlike
// MultiClassNms: boxes without area stay, clip_boxes cuts to 0..1, and equal scores come in the
// order in which the heap and the sort of TensorFlow's kernel leave them. TF:
// CombinedNonMaxSuppression.
struct CombinedNms {
  static constexpr const char* kName = "CombinedNms";
  bool pad_per_class = false;
  bool clip_boxes = true;
  template <class F>
  static void fields(F&& f) {
    f("pad_per_class", &CombinedNms::pad_per_class);
    f("clip_boxes", &CombinedNms::clip_boxes);
  }
};

// (encodings [...,4] of m boxes as ty,tx,th,tw, anchors [n,4], repeated when m is a multiple of n)
// -> boxes ymin,xmin,ymax,xmax of encodings' shape. Anchors are ycenter,xcenter,height,width, or
// with `corners` ymin,xmin,ymax,xmax. Every step rounds to float, in the order of the Object
// Detection API's faster_rcnn_box_coder: e = encoding / scale; h = exp(e.h) * anchor.h; y = e.y *
// anchor.h + anchor.y; ymin = y - h / 2, ymax = y + h / 2; likewise x and w.
struct BoxDecode {
  static constexpr const char* kName = "BoxDecode";
  std::array<float, 4> scales{10, 10, 5, 5};
  bool corners = false;
  template <class F>
  static void fields(F&& f) {
    f("scales", &BoxDecode::scales);
    f("corners", &BoxDecode::corners);
  }
};

// Per-class NMS over a batch, then the best of all classes:
// (boxes [b,n,q,4] where q is 1 or classes, scores [b,n,classes], clip window [b,4],
//  valid int32 [b] if has_valid, fields [b,n,...]...) ->
// (boxes [b,max_total,4], scores [b,max_total], classes float from 0 [b,max_total],
//  count int32 [b], fields [b,max_total,...]...); zeros after the first count of an image.
// Object Detection API: batch_multiclass_non_max_suppression. For each image, of whose boxes only
// the first `valid` exist: NonMaxSuppressionV3 for each class (scores > score_threshold, at most
// max_per_class), all survivors class by class in the order they were chosen, sorted by score
// (stable), clipped to the window, those without area dropped, the first max_total. With
// change_coordinate_frame the boxes are then given relative to the window. score_threshold is not
// negative: TF's padding scores of -1 would otherwise show.
// What comes before can be part of the op. Scores may have `background` more columns, the first
// ones, which are no classes. With `logits` a score is the Sigmoid of what is given. With `decode`
// boxes are BoxDecode (of these scales and corners) of what is given and of one more input, after
// valid: anchors [m,4], the i-th box of the batch being of the (i mod m)-th anchor.
struct MultiClassNms {
  static constexpr const char* kName = "MultiClassNms";
  float iou_threshold = 0.6F;
  float score_threshold = 0;
  int64_t max_per_class = 100;
  int64_t max_total = 100;
  bool change_coordinate_frame = false;
  bool has_valid = false;
  int64_t background = 0;
  bool logits = false;
  bool decode = false;
  std::array<float, 4> scales{10, 10, 5, 5};
  bool corners = false;
  // Inputs that are no fields; anchors are the last of them.
  size_t num_fixed_inputs() const { return 3 + (has_valid ? 1U : 0U) + (decode ? 1U : 0U); }
  template <class F>
  static void fields(F&& f) {
    f("iou_threshold", &MultiClassNms::iou_threshold);
    f("score_threshold", &MultiClassNms::score_threshold);
    f("max_per_class", &MultiClassNms::max_per_class);
    f("max_total", &MultiClassNms::max_total);
    f("change_coordinate_frame", &MultiClassNms::change_coordinate_frame);
    f("has_valid", &MultiClassNms::has_valid);
    f("background", &MultiClassNms::background);
    f("logits", &MultiClassNms::logits);
    f("decode", &MultiClassNms::decode);
    f("scales", &MultiClassNms::scales);
    f("corners", &MultiClassNms::corners);
  }
};

}  // namespace thaw
