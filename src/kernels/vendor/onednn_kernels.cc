// The rows on oneDNN: convolutions and depthwise convolutions over float32, bfloat16 and uint8.
//
// Packed weights begin with their layout, which is oneDNN's secret; a plan with weights that
// another version of it packed is refused.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "base/cpu_features.h"
#include "base/round_up.h"
#include "base/thread_pool.h"
#include "kernels/ref/ref.h"
#include "kernels/vendor/onednn_conv.h"
#include "thaw/error.h"

namespace thaw::vendor {
namespace {

size_t element_bytes(cpu::Element element) { return static_cast<size_t>(cpu::bytes_of(element)); }

// What lies before the packed weights.
struct PackedHead {
  int version[3] = {0, 0, 0};
  dnnl_memory_desc_t layout;
};

PackedHead head_of(const OneDnn& dnn, const dnnl_memory_desc_t& layout) {
  PackedHead head;
  std::memset(static_cast<void*>(&head), 0, sizeof head);
  const dnnl_version_t* v = dnn.version();
  head.version[0] = v->major;
  head.version[1] = v->minor;
  head.version[2] = v->patch;
  head.layout = layout;
  return head;
}

bool is_head_of(const char* packed, const OneDnn& dnn, const dnnl_memory_desc_t& layout) {
  PackedHead found;
  std::memcpy(&found, packed, sizeof found);
  const PackedHead wanted = head_of(dnn, layout);
  return std::equal(std::begin(found.version), std::end(found.version), wanted.version) &&
         dnn.memory_desc_equal(&found.layout, &layout) != 0;
}

// Places of the pieces of packed weights.
struct PackedPlaces {
  PackedPlaces(const OneDnn& dnn, const dnnl_memory_desc_t& layout, int64_t channels)
      : weights(whole_lines(sizeof(PackedHead))),
        bias(weights + whole_lines(dnn.memory_desc_get_size(&layout))),
        scales(bias + whole_lines(static_cast<size_t>(channels) * sizeof(float))),
        end(scales + whole_lines(static_cast<size_t>(channels) * sizeof(float))) {}
  size_t weights, bias, scales, end;
};

DnnHandle<dnnl_memory_t> memory_of(const OneDnn& dnn, const dnnl_memory_desc_t& desc,
                                   const void* data) {
  dnnl_memory_t made = nullptr;
  must(dnn.memory_create(&made, &desc, dnn.engine, const_cast<void*>(data)), "memory_create");
  return {made, dnn.memory_destroy};
}

DnnHandle<dnnl_stream_t> new_stream(const OneDnn& dnn) {
  dnnl_stream_t made = nullptr;
  must(dnn.stream_create(&made, dnn.engine, dnnl_stream_default_flags), "stream_create");
  return {made, dnn.stream_destroy};
}

DnnHandle<dnnl_primitive_t> new_primitive(const OneDnn& dnn, const_dnnl_primitive_desc_t desc) {
  dnnl_primitive_t made = nullptr;
  must(dnn.primitive_create(&made, desc), "primitive_create");
  return {made, dnn.primitive_destroy};
}

void reorder(const OneDnn& dnn, const dnnl_memory_desc_t& from, const float* source,
             const dnnl_memory_desc_t& to, void* target) {
  dnnl_primitive_desc_t made = nullptr;
  must(dnn.reorder_primitive_desc_create(&made, &from, dnn.engine, &to, dnn.engine, nullptr),
       "reorder_primitive_desc_create");
  const DnnHandle<dnnl_primitive_desc_t> desc(made, dnn.primitive_desc_destroy);
  const auto primitive = new_primitive(dnn, made);
  const auto a = memory_of(dnn, from, source);
  const auto b = memory_of(dnn, to, target);
  const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, a.get()}, {DNNL_ARG_TO, b.get()}};
  must(dnn.primitive_execute(primitive.get(), new_stream(dnn).get(), 2, args), "reorder");
}

// A band of the output's rows, ready to run.
class Lane {
 public:
  Lane(const OneDnn& dnn, const OneDnnConv& conv, const Band& band,
       const dnnl_memory_desc_t& layout, const char* packed, const PackedPlaces& places)
      : dnn_(dnn), stream_(new_stream(dnn)), primitive_(nullptr, dnn.primitive_destroy) {
    const auto* scales = reinterpret_cast<const float*>(packed + places.scales);
    const auto desc = conv.describe(band, &layout, {scales, scales + conv.shape().out_c});
    if (desc == nullptr) throw InternalError("oneDNN refuses a part of a layer that it takes");
    primitive_ = new_primitive(dnn, desc.get());
    const dnnl_memory_desc_t* scratch =
        dnn.primitive_desc_query_md(desc.get(), dnnl_query_scratchpad_md, 0);
    scratch_bytes_ = scratch == nullptr ? 0 : dnn.memory_desc_get_size(scratch);
    add(DNNL_ARG_SRC, conv.source(band), DNNL_MEMORY_NONE);
    add(DNNL_ARG_DST, conv.result(band), DNNL_MEMORY_NONE);
    add(DNNL_ARG_WEIGHTS, layout, packed + places.weights);
    if (conv.has_bias()) add(DNNL_ARG_BIAS, conv.bias(), packed + places.bias);
    if (scratch_bytes_ > 0) add(DNNL_ARG_SCRATCHPAD, *scratch, DNNL_MEMORY_NONE);
    const cpu::WindowShape& s = conv.shape();
    const size_t in_row = static_cast<size_t>(s.in_w * s.in_c) * element_bytes(conv.types().x);
    const size_t out_row =
        static_cast<size_t>(s.out_w * s.out_c) * element_bytes(conv.types().result);
    in_offset_ = static_cast<size_t>(band.in_first) * in_row;
    out_offset_ = static_cast<size_t>(band.out_first) * out_row;
    in_bytes_ = static_cast<size_t>(s.in_h) * in_row;
    out_bytes_ = static_cast<size_t>(s.out_h) * out_row;
  }

  size_t scratch_bytes() const { return scratch_bytes_; }

  // Its band of each of the pictures; `scratch` has scratch_bytes().
  void run(const char* x, char* y, int64_t pictures, void* scratch) const {
    if (scratch_bytes_ > 0) place(args_.size() - 1, scratch);
    for (int64_t i = 0; i < pictures; ++i) {
      place(0, const_cast<char*>(x) + static_cast<size_t>(i) * in_bytes_ + in_offset_);
      place(1, y + static_cast<size_t>(i) * out_bytes_ + out_offset_);
      must(dnn_.primitive_execute(primitive_.get(), stream_.get(), static_cast<int>(args_.size()),
                                  args_.data()),
           "convolution");
    }
  }

 private:
  void add(int role, const dnnl_memory_desc_t& desc, const void* data) {
    memories_.push_back(memory_of(dnn_, desc, data));
    args_.push_back({role, memories_.back().get()});
  }
  void place(size_t arg, void* data) const {
    must(dnn_.memory_set_data_handle(args_[arg].memory, data), "memory_set_data_handle");
  }

  const OneDnn& dnn_;
  DnnHandle<dnnl_stream_t> stream_;
  DnnHandle<dnnl_primitive_t> primitive_;
  std::vector<DnnHandle<dnnl_memory_t>> memories_;
  std::vector<dnnl_exec_arg_t> args_;  // source and result first, scratch last
  size_t scratch_bytes_ = 0;
  size_t in_offset_ = 0, out_offset_ = 0, in_bytes_ = 0, out_bytes_ = 0;
};

std::vector<float> ones(int64_t count) {
  return std::vector<float>(static_cast<size_t>(count), 1.0F);
}

class ConvKernel : public OpKernel {
 public:
  static std::string can_run(const OpDesc& desc);

  explicit ConvKernel(const OpDesc& desc)
      : dnn_(needed_onednn()),
        conv_(dnn_, desc),
        x_(desc.inputs[0].shape),
        y_(desc.outputs[0].shape),
        result_(desc.outputs[0].dtype) {
    const OneThread alone(dnn_);
    const auto whole = conv_.describe(conv_.bands(1)[0], nullptr, ones(conv_.shape().out_c));
    if (whole == nullptr) throw InternalError("oneDNN refuses a layer that it took");
    layout_ = *dnn_.primitive_desc_query_md(whole.get(), dnnl_query_weights_md, 0);
    const PackedPlaces places(dnn_, layout_, conv_.shape().out_c);
    packed_ = desc.pack(places.end,
                        [&](void* memory) { pack(desc, places, static_cast<char*>(memory)); });
    if (!is_head_of(packed_.data<char>(), dnn_, layout_))
      throw InputError("another version of oneDNN packed the weights");
  }

  void run(RunContext& context) override {
    const Tensor& x = context.input(0);
    if (x.shape() != x_)
      throw InputError(fmt::format("{} where {} was planned", x.str(), x_.str()));
    Tensor& y = context.output(0, result_, y_);
    if (threads_ != context.pool().threads()) make_lanes(context.pool().threads());
    const auto count = static_cast<int64_t>(lanes_.size());
    auto* scratch = static_cast<char*>(context.scratch(lanes_.size() * scratch_bytes_ + 1));
    context.pool().parallel_for(count, [&](int64_t begin, int64_t end, int) {
      const OneThread alone(dnn_);
      for (int64_t i = begin; i < end; ++i)
        lanes_[static_cast<size_t>(i)].run(x.data<char>(), y.data<char>(), conv_.shape().batch,
                                           scratch + static_cast<size_t>(i) * scratch_bytes_);
    });
  }

  bool holds_constant(size_t input) const override { return input > 0; }
  size_t bytes() const override { return packed_.num_bytes(); }

 private:
  void pack(const OpDesc& desc, const PackedPlaces& places, char* memory) const {
    const int64_t channels = conv_.shape().out_c;
    const Tensor& filter = *desc.inputs[1].constant;
    const cpu::LayerTypes& types = conv_.types();
    const auto rounded_to =
        cpu::rounded_filter(filter.data<float>(), filter.num_elements(), channels, types.x);
    const PackedHead head = head_of(dnn_, layout_);
    std::memset(memory, 0, places.end);
    std::memcpy(memory, &head, sizeof head);
    reorder(dnn_, conv_.filter(), rounded_to.values.data(), layout_, memory + places.weights);
    const float* bias = cpu::constant_floats(desc, 2);
    auto* biases = reinterpret_cast<float*>(memory + places.bias);
    auto* scales = reinterpret_cast<float*>(memory + places.scales);
    const float level = types.result == cpu::Element::kUInt8 ? types.out_scale : 1.0F;
    for (int64_t c = 0; c < channels; ++c) {
      // oneDNN adds the bias to the sum of whole numbers, before the scale.
      const float unit = types.in_scale * rounded_to.scales[static_cast<size_t>(c)];
      biases[c] = bias == nullptr ? 0 : bias[c] / unit;
      scales[c] = unit / level;
    }
  }

  void make_lanes(int threads) {
    const OneThread alone(dnn_);
    const PackedPlaces places(dnn_, layout_, conv_.shape().out_c);
    lanes_.clear();
    scratch_bytes_ = 0;
    for (const Band& band : conv_.bands(threads)) {
      lanes_.emplace_back(dnn_, conv_, band, layout_, packed_.data<char>(), places);
      scratch_bytes_ = std::max(scratch_bytes_, whole_lines(lanes_.back().scratch_bytes()));
    }
    threads_ = threads;
  }

  const OneDnn& dnn_;
  const OneDnnConv conv_;
  const Shape x_;
  const Shape y_;
  const DType result_;
  dnnl_memory_desc_t layout_;
  Tensor packed_;
  std::vector<Lane> lanes_;
  size_t scratch_bytes_ = 0;
  int threads_ = 0;
};

// The pairs that oneDNN has, where it keeps to ActivationTypes's sums and filters.
std::string refuse_types(const cpu::LayerTypes& types, bool is_depthwise) {
  using cpu::Element;
  const bool wide = types.result == Element::kFloat32;
  if (types.x == Element::kFloat32 && wide) return {};
  if (types.x != types.result && !wide) return "no such pair of types";
  if (types.x == Element::kFloat16) return "no float16 on processors";
  if (types.x == Element::kBFloat16)
    return is_depthwise ? "rounds depthwise filters to bfloat16" : "";
  if (types.x == Element::kFloat32) return "no such pair of types";
  if (types.in_zero != 0) return "the input's zero is not 0";
  if (!isa_enabled(Isa::kAvx512Vnni)) return "sums of bytes saturate without VNNI";
  return {};
}

std::string ConvKernel::can_run(const OpDesc& desc) {
  std::string why = refuse_conv(desc);
  if (why.empty())
    why = refuse_types(describe_conv(desc).types, kind_of(desc.op) == OpKind::kDepthwiseConv2D);
  if (why.empty()) why = onednn().refusal;
  if (!why.empty()) return why;
  const OneThread alone(onednn());
  const OneDnnConv conv(onednn(), desc);
  const auto made = conv.describe(conv.bands(1)[0], nullptr, ones(conv.shape().out_c));
  if (made == nullptr) return "oneDNN has no such layer";
  const char* name = "";
  onednn().primitive_desc_query(made.get(), dnnl_query_impl_info_str, 0, &name);
  // Its reference is slow; by way of a matrix product, padding times infinity is NaN.
  const bool own = std::strncmp(name, "ref", 3) != 0 && std::strstr(name, "gemm:") == nullptr;
  return own ? "" : fmt::format("oneDNN has but {} for it", name);
}

std::unique_ptr<OpKernel> create(const OpDesc& desc) { return std::make_unique<ConvKernel>(desc); }
Exactness exactness(const OpDesc& /*desc*/) { return kForeignSums; }

constexpr KernelRow kRows[] = {
    {"onednn.conv2d", OpKind::kConv2D, ConvKernel::can_run, create, exactness},
    {"onednn.depthwise", OpKind::kDepthwiseConv2D, ConvKernel::can_run, create, exactness},
};

}  // namespace
}  // namespace thaw::vendor

namespace thaw {

KernelTable onednn_kernels() { return {vendor::kRows, std::size(vendor::kRows)}; }

}  // namespace thaw
