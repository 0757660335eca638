#include "kernels/kernel_cases.h"

#include "kernels/evaluate.h"

namespace thaw {
namespace {

// Strides, dilations and padding for a kernel of kh x kw over an input of h x w. Now and then no
// window fits, which gives an empty result.
template <class T>
void random_window(Random& random, T& op, int64_t h, int64_t w, int64_t kh, int64_t kw,
                   bool may_dilate) {
  op.strides = {random.between(1, 3), random.between(1, 3)};
  if (random.chance(0.6)) op.strides = {random.between(1, 2), op.strides[0]};
  if (may_dilate && random.chance(0.2)) op.dilations = {random.between(1, 3), random.between(1, 3)};
  const int64_t span_h = (kh - 1) * op.dilations[0] + 1;
  const int64_t span_w = (kw - 1) * op.dilations[1] + 1;
  op.padding = random.one_of({Padding::kSame, Padding::kSame, Padding::kValid, Padding::kExplicit});
  if (op.padding == Padding::kValid && (h < span_h || w < span_w)) {
    const bool impossible =
        count_windows(h, span_h, op.strides[0]) < 0 || count_windows(w, span_w, op.strides[1]) < 0;
    if (impossible || random.chance(0.5)) op.padding = Padding::kSame;
  }
  if (op.padding != Padding::kExplicit) return;
  for (int64_t& pad : op.pads) pad = random.between(0, 3);
  op.pads[1] += std::max<int64_t>(0, span_h - h - op.pads[0] - op.pads[1]);
  op.pads[3] += std::max<int64_t>(0, span_w - w - op.pads[2] - op.pads[3]);
}

Case conv_case(Random& random) {
  Conv2D op;
  op.activation = random.activation();
  const int64_t kh = random.one_of<int64_t>({1, 1, 3, 3, 2, 5});
  const int64_t kw = random.chance(0.8) ? kh : random.between(1, 7);
  const int64_t groups = random.chance(0.15) ? random.between(2, 3) : 1;
  const int64_t ci = random.one_of<int64_t>({3, 1, random.between(1, 40), 64, 200}) * groups;
  const int64_t co = random.one_of<int64_t>({24, 1, random.between(1, 140), 273}) * groups;
  const int64_t h = random.between(1, 24);
  const int64_t w = random.between(1, 24);
  random_window(random, op, h, w, kh, kw, true);
  Case c{op,
         {random.floats({random.between(1, 3), h, w, ci}),
          random.plain_floats({kh, kw, ci / groups, co}, 0.3F)},
         {false, true, true}};
  if (random.chance(0.7)) c.inputs.push_back(random.floats({co}));
  if (op.activation == Activation::kRelu6) c.tolerance = 5e-5F;  // sums may be much larger than 6
  return c;
}

Case depthwise_case(Random& random) {
  DepthwiseConv2D op;
  op.activation = random.activation();
  const int64_t kh = random.one_of<int64_t>({3, 3, 3, 1, 5, 7});
  const int64_t kw = random.chance(0.8) ? kh : random.between(1, 5);
  const int64_t c = random.one_of<int64_t>({24, 1, random.between(1, 70), 130});
  const int64_t m = random.chance(0.25) ? random.between(2, 8) : 1;
  const int64_t h = random.between(1, 20);
  const int64_t w = random.between(1, 20);
  random_window(random, op, h, w, kh, kw, true);
  Case result{op,
              {random.floats({random.between(1, 3), h, w, c}), random.plain_floats({kh, kw, c, m})},
              {false, true, true}};
  if (random.chance(0.7)) result.inputs.push_back(random.floats({c * m}));
  return result;
}

// The types of a layer over few bits; x (values within about 4) is brought to the first of them.
void make_types(Random& random, ActivationTypes& op, Tensor& x) {
  const DType type = random.one_of({DType::kBFloat16, DType::kBFloat16, DType::kUInt8,
                                    DType::kUInt8, DType::kFloat16, DType::kFloat32});
  op.result = random.one_of(
      {type, type, DType::kFloat32, DType::kBFloat16, DType::kUInt8, DType::kFloat16});
  if (type == op.result && random.chance(0.5)) op.result = DType::kInvalid;
  if (type == DType::kFloat32 && op.result == DType::kInvalid) op.result = DType::kBFloat16;
  op.in_scale = random.one_of({0.03F, 6.0F / 255});
  op.in_zero = random.one_of<int64_t>({0, 128, random.between(0, 255)});
  op.out_scale = random.one_of({0.1F, 6.0F / 255, 0.5F});
  op.out_zero = random.one_of<int64_t>({0, 128, random.between(0, 255)});
  if (type == DType::kUInt8) {
    x = evaluate(Quantize{op.in_scale, op.in_zero}, {x})[0];
  } else if (type != DType::kFloat32) {
    x = evaluate(Cast{type}, {x})[0];
  }
}

Case typed_conv_case(Random& random) {
  Case c = conv_case(random);
  auto& op = std::get<Conv2D>(c.op);
  c.inputs[1] = random.ordinary_floats(c.inputs[1].shape(), 0.3F);
  make_types(random, op, c.inputs[0]);
  return c;
}

Case conv_heads_case(Random& random) {
  const Case first = random.chance(0.25) ? conv_case(random) : typed_conv_case(random);
  const auto& conv = std::get<Conv2D>(first.op);
  ConvHeads op;
  static_cast<Window&>(op) = conv;
  static_cast<ActivationTypes&>(op) = conv;
  op.activation = conv.activation;
  Case c{op, {first.inputs[0]}, {false}};
  c.tolerance = first.tolerance;
  const Shape& window = first.inputs[1].shape();
  // Of float16, which some rows sum in float16, small filters: errors are held against what ReLU6
  // leaves of the sums.
  const float scale = c.inputs[0].dtype() == DType::kFloat16 ? 0.1F : 0.3F;
  for (int64_t heads = random.between(1, 3); heads > 0; --heads) {
    const int64_t n = random.one_of<int64_t>({12, 24, 1, random.between(1, 140)});
    c.inputs.push_back(
        random.ordinary_floats({window[0], window[1], c.inputs[0].dim(3), n}, scale));
    c.inputs.push_back(random.floats({n}));
    c.constant.insert(c.constant.end(), {true, true});
  }
  return c;
}

// Whether the sums are to be taken in float16: then x, the bias and with them the sums are small.
bool make_float16_accumulation(Random& random, Tensor& x, Tensor* bias) {
  if (x.dtype() != DType::kFloat16 || random.chance(0.5)) return false;
  x = evaluate(Cast{DType::kFloat16}, {random.ordinary_floats(x.shape(), 2)})[0];
  if (bias) *bias = random.ordinary_floats(bias->shape(), 2);
  return true;
}

Case typed_depthwise_case(Random& random) {
  Case c = depthwise_case(random);
  auto& op = std::get<DepthwiseConv2D>(c.op);
  c.inputs[1] = random.ordinary_floats(c.inputs[1].shape(), 0.5F);
  make_types(random, op, c.inputs[0]);
  op.float16_accumulation =
      make_float16_accumulation(random, c.inputs[0], c.inputs.size() > 2 ? &c.inputs[2] : nullptr);
  return c;
}

Case separable_case(Random& random) {
  const Case first = depthwise_case(random);
  SeparableConv2D op;
  static_cast<Window&>(op) = std::get<DepthwiseConv2D>(first.op);
  const int64_t channels = first.inputs[0].shape().back();
  const int64_t out = random.one_of<int64_t>({24, 1, random.between(1, 140)});
  const Shape& window = first.inputs[1].shape();
  Case c{op,
         {first.inputs[0], random.ordinary_floats({window[0], window[1], channels, 1}, 0.5F),
          random.plain_floats({channels}), random.ordinary_floats({1, 1, channels, out}, 0.3F),
          random.floats({out})},
         {false, true, true, true, true}};
  auto& s = std::get<SeparableConv2D>(c.op);
  s.mid_activation = random.activation();
  s.activation = random.activation();
  if (random.chance(0.25)) return c;
  make_types(random, s, c.inputs[0]);
  s.mid_scale = 6.0F / 255;
  s.mid_zero = random.one_of<int64_t>({0, 100});
  s.float16_accumulation = make_float16_accumulation(random, c.inputs[0], &c.inputs[2]);
  const DType type = c.inputs[0].dtype();
  if (type == DType::kFloat16 && random.chance(0.5)) s.mid = DType::kBFloat16;
  // The middle may round the other way.
  const bool precise = mid_type(s, type) == DType::kFloat16 && !s.float16_accumulation;
  if (type != DType::kFloat32) c.tolerance = precise ? 5e-4F : 4e-3F;
  c.middle_rounds = type == DType::kUInt8;
  return c;
}

Case matmul_case(Random& random) {
  MatMul op;
  op.activation = random.activation();
  op.transpose_b = random.chance(0.3);
  const int64_t k = random.between(1, 300);
  const int64_t n = random.between(1, 150);
  Shape a = random.shape(static_cast<int>(random.between(1, 3)), 8);
  a.push_back(k);
  Case c{op,
         {random.floats(a), random.floats(op.transpose_b ? Shape{n, k} : Shape{k, n}, 0.3F)},
         {false, true, true}};
  if (random.chance(0.5)) c.inputs.push_back(random.floats({n}));
  return c;
}

Case box_decode_case(Random& random) {
  BoxDecode op;
  op.corners = random.chance(0.5);
  const int64_t n = random.between(1, 200);
  return {op, {random.floats({random.between(1, 3), n, 4}), random.floats({n, 4})}};
}

// detection_test.cc has the hard inputs.
Case multi_class_nms_case(Random& random) {
  MultiClassNms op;
  op.score_threshold = random.chance(0.5) ? 0.5F : 1e-8F;
  op.max_per_class = random.between(0, 30);
  op.max_total = random.between(0, 60);
  op.background = random.between(0, 1);
  op.decode = random.chance(0.5);
  const int64_t b = random.between(1, 3);
  const int64_t n = random.between(1, 100);
  const int64_t classes = random.between(1, 9);
  const int64_t q = random.chance(0.5) ? 1 : classes;
  Case c{op,
         {random.floats({b, n, q, 4}), random.floats({b, n, classes + op.background}, 1),
          random.floats({b, 4}), random.bytes({b, n, 2})},
         {}};
  if (op.decode) c.inputs.insert(c.inputs.begin() + 3, random.floats({n * q, 4}));
  return c;
}

Case concat_case(Random& random) {
  const int64_t rows = random.between(0, 5);
  const int64_t columns = random.one_of<int64_t>({0, 1, 7, 200});
  const bool bytes = random.chance(0.3);
  Case c{Concat{}, {}};
  for (int64_t i = random.between(1, 4); i > 0; --i) {
    const Shape shape{rows, random.between(0, 60), columns};
    c.inputs.push_back(bytes ? random.bytes(shape) : random.floats(shape));
  }
  const int32_t axis = random.one_of({1, -2});
  c.constant.assign(c.inputs.size(), false);
  c.constant.push_back(random.chance(0.9));
  c.inputs.push_back(Tensor::of<int32_t>(DType::kInt32, {}, {axis}));
  return c;
}

Case unary_case(Random& random) {
  Unary op;
  op.kind =
      random.one_of({UnaryKind::kAbs, UnaryKind::kNeg, UnaryKind::kExp, UnaryKind::kSqrt,
                     UnaryKind::kRsqrt, UnaryKind::kSquare, UnaryKind::kReciprocal,
                     UnaryKind::kSigmoid, UnaryKind::kTanh, UnaryKind::kRelu, UnaryKind::kRelu6});
  const float scale = random.one_of({0.1F, 2.0F, 50.0F});
  return {op, {random.floats(random.shape(2, 150), scale)}};
}

Case cast_case(Random& random) {
  Cast op;
  op.dtype = DType::kFloat32;
  if (random.chance(0.3)) return {op, {random.bytes(random.shape(3, 20))}};
  const Cast narrow{random.one_of({DType::kFloat16, DType::kBFloat16})};
  const Tensor x = random.floats(random.shape(3, 20), random.one_of({2.0F, 40000.0F, 1e-6F}));
  if (random.chance(0.5)) return {narrow, {x}};
  return {op, {evaluate(narrow, {x})[0]}};
}

Case quantize_case(Random& random) {
  const Quantize op{random.one_of({0.02F, 0.5F, 1e-3F}), random.between(0, 255)};
  return {op, {random.floats(random.shape(3, 20), 4)}};
}

Case dequantize_case(Random& random) {
  const Dequantize op{random.one_of({0.02F, 0.5F, 1e-3F}), random.between(0, 255)};
  return {op, {random.bytes(random.shape(3, 20))}};
}

Case fake_quant_case(Random& random) {
  FakeQuant op;
  op.num_bits = random.between(2, 9);
  op.narrow_range = random.chance(0.5);
  const auto low = static_cast<float>(random.between(-8, 2));
  const float high = low + static_cast<float>(random.between(1, 80)) / 8;
  return {op,
          {random.floats(random.shape(2, 80), 4), Tensor::of<float>(DType::kFloat32, {}, {low}),
           Tensor::of<float>(DType::kFloat32, {}, {high})},
          {false, true, true}};
}

Case softmax_case(Random& random) {
  return {Softmax(), {random.floats(random.shape(2, 100), 4)}, {}};
}

// One operand, or none, with extents of 1 or fewer dimensions.
Case binary_case(Random& random) {
  Binary op;
  op.kind =
      random.one_of({BinaryKind::kAdd, BinaryKind::kSub, BinaryKind::kMul, BinaryKind::kDiv,
                     BinaryKind::kMaximum, BinaryKind::kMinimum, BinaryKind::kSquaredDifference});
  op.activation = random.activation();
  const Shape whole = random.shape(static_cast<int>(random.between(0, 4)), 9);
  Shape part = whole;
  const int64_t form = random.between(0, 4);
  for (int i = 0; i < part.rank(); ++i) {
    const bool drop = form == 1 || (form == 2 && i + 1 < part.rank()) ||
                      (form == 3 && i + 1 == part.rank()) || (form == 4 && random.chance(0.5));
    if (drop) part[i] = 1;
  }
  while (part.rank() > 0 && part[0] == 1 && random.chance(0.7)) part.erase(0);
  Case c{op, {random.floats(whole), random.floats(part)}};
  if (random.chance(0.4)) std::swap(c.inputs[0], c.inputs[1]);
  return c;
}

Case pool_case(Random& random) {
  Pool op;
  op.kind = random.one_of({PoolKind::kMax, PoolKind::kAverage});
  op.window = {random.between(1, 4), random.between(1, 4)};
  const int64_t h = random.between(1, 15);
  const int64_t w = random.between(1, 15);
  random_window(random, op, h, w, op.window[0], op.window[1], false);
  return {op, {random.floats({random.between(1, 2), h, w, random.between(1, 70)})}};
}

Case batch_norm_case(Random& random) {
  BatchNorm op;
  const int64_t channels = random.between(1, 70);
  Case c{op, {}};
  Shape x = random.shape(3, 8);
  x.push_back(channels);
  c.inputs.push_back(random.floats(x));
  for (int i = 0; i < 4; ++i) c.inputs.push_back(random.plain_floats({channels}));
  for (int64_t i = 0; i < channels; ++i)
    c.inputs[4].data<float>()[i] = std::fabs(c.inputs[4].data<float>()[i]);
  return c;
}

Case reduce_case(Random& random) {
  Reduce op;
  op.kind = random.one_of({ReduceKind::kMean, ReduceKind::kSum});
  op.keep_dims = random.chance(0.5);
  const int32_t first = static_cast<int32_t>(random.between(0, 2));
  std::vector<int32_t> axes;
  for (int32_t a = first; a <= 2 && (a == first || random.chance(0.7)); ++a) axes.push_back(a);
  if (random.chance(0.5)) axes[0] -= 4;
  const auto count = static_cast<int64_t>(axes.size());
  return {op,
          {random.plain_floats(random.shape(4, 12)), Tensor::of(DType::kInt32, {count}, axes)},
          {false, true}};
}

Tensor picture(Random& random) {
  const Shape shape{random.between(1, 2), random.between(1, 40), random.between(1, 40),
                    random.one_of<int64_t>({3, 3, 4, 1, random.between(1, 40)})};
  return random.chance(0.5) ? random.bytes(shape) : random.floats(shape, 90);
}

Case resize_case(Random& random) {
  Resize op;
  op.align_corners = random.chance(0.3);
  op.half_pixel_centers = !op.align_corners && random.chance(0.3);
  const Tensor size = Tensor::of<int32_t>(
      DType::kInt32, {2},
      {static_cast<int32_t>(random.between(1, 50)), static_cast<int32_t>(random.between(1, 50))});
  return {op, {picture(random), size}, {false, random.chance(0.5)}};
}

Case resize_affine_case(Random& random) {
  ResizeAffine op;
  op.height = random.between(1, 50);
  op.width = random.between(1, 50);
  op.align_corners = random.chance(0.3);
  op.half_pixel_centers = !op.align_corners && random.chance(0.3);
  op.scale = 0.0078431377F;
  op.offset = -1;
  return {op, {picture(random)}};
}

Case resize_conv_case(Random& random) {
  ResizeConv2D op;
  static_cast<ResizeAffine&>(op) = std::get<ResizeAffine>(resize_affine_case(random).op);
  op.activation = random.activation();
  const int64_t kh = random.between(1, 4);
  const int64_t kw = random.between(1, 4);
  random_window(random, op, op.height, op.width, kh, kw, false);
  const Tensor x = picture(random);
  const int64_t co = random.one_of<int64_t>({24, 1, random.between(1, 70)});
  // The largest of few results may itself be what large terms left over.
  if (random.chance(0.5)) {
    op.result = random.one_of({DType::kBFloat16, DType::kFloat16, DType::kUInt8});
    op.out_scale = random.one_of({0.1F, 6.0F / 255});
    op.out_zero = random.between(0, 255);
  }
  return {op,
          {x, random.plain_floats({kh, kw, x.dim(3), co}, 0.3F), random.plain_floats({co})},
          {false, true, true},
          2e-4F};
}

Case crop_case(Random& random) {
  CropAndResize op;
  op.extrapolation_value = 0.25F;
  const Tensor x = picture(random);
  const int64_t count = random.between(0, 5);
  const Tensor boxes = random.plain_floats({count, 4}, 0.7F);  // others are refused
  Tensor indices = Tensor::empty(DType::kInt32, {count});
  for (int64_t i = 0; i < count; ++i)
    indices.data<int32_t>()[i] = static_cast<int32_t>(random.between(0, x.dim(0) - 1));
  const Tensor size = Tensor::of<int32_t>(
      DType::kInt32, {2},
      {static_cast<int32_t>(random.between(1, 9)), static_cast<int32_t>(random.between(1, 9))});
  return {op, {x, boxes, indices, size}, {false, false, false, random.chance(0.5)}};
}

}  // namespace

const std::multimap<OpKind, Generator>& kernel_cases() {
  static const std::multimap<OpKind, Generator> cases = {
      {OpKind::kBoxDecode, box_decode_case},
      {OpKind::kMultiClassNms, multi_class_nms_case},
      {OpKind::kConcat, concat_case},
      {OpKind::kConv2D, conv_case},
      {OpKind::kConv2D, typed_conv_case},
      {OpKind::kConvHeads, conv_heads_case},
      {OpKind::kDepthwiseConv2D, depthwise_case},
      {OpKind::kDepthwiseConv2D, typed_depthwise_case},
      {OpKind::kSeparableConv2D, separable_case},
      {OpKind::kQuantize, quantize_case},
      {OpKind::kDequantize, dequantize_case},
      {OpKind::kMatMul, matmul_case},
      {OpKind::kUnary, unary_case},
      {OpKind::kCast, cast_case},
      {OpKind::kFakeQuant, fake_quant_case},
      {OpKind::kSoftmax, softmax_case},
      {OpKind::kBinary, binary_case},
      {OpKind::kPool, pool_case},
      {OpKind::kBatchNorm, batch_norm_case},
      {OpKind::kReduce, reduce_case},
      {OpKind::kResize, resize_case},
      {OpKind::kResizeAffine, resize_affine_case},
      {OpKind::kResizeConv2D, resize_conv_case},
      {OpKind::kCropAndResize, crop_case},
  };
  return cases;
}

}  // namespace thaw
