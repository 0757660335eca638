// oneDNN, opened when it is first asked for: its functions by name, without their dnnl_.
//
// Debian's build shares out work by OpenMP, whose threads spin beside ours. So each call is held to
// the thread that makes it (OneThread), and kernels hand out parts of their work to thaw's pool.
#pragma once

#include <dnnl.h>

#include <memory>
#include <string>
#include <type_traits>

namespace thaw::vendor {

// clang-format off
#define THAW_ONEDNN_FUNCTIONS(F) \
  F(version) F(set_max_cpu_isa) F(engine_create) F(stream_create) F(stream_destroy) \
  F(memory_desc_init_by_tag) F(memory_desc_get_size) F(memory_desc_equal) F(memory_create) \
  F(memory_destroy) F(memory_set_data_handle) F(dilated_convolution_forward_desc_init) \
  F(primitive_attr_create) F(primitive_attr_destroy) F(primitive_attr_set_scratchpad_mode) \
  F(primitive_attr_set_output_scales) F(primitive_attr_set_zero_points) \
  F(primitive_attr_set_post_ops) F(post_ops_create) F(post_ops_destroy) \
  F(post_ops_append_eltwise) F(primitive_desc_create) F(primitive_desc_destroy) \
  F(primitive_desc_query) F(primitive_desc_query_md) F(primitive_create) F(primitive_destroy) \
  F(primitive_execute) F(reorder_primitive_desc_create)
// clang-format on

struct OneDnn {
#define THAW_ONEDNN_MEMBER(name) decltype(&dnnl_##name) name = nullptr;
  THAW_ONEDNN_FUNCTIONS(THAW_ONEDNN_MEMBER)
#undef THAW_ONEDNN_MEMBER
  int (*omp_get_max_threads)() = nullptr;
  void (*omp_set_num_threads)(int) = nullptr;
  dnnl_engine_t engine = nullptr;
  std::string refusal;  // why it can't be used; empty when it can
};

// Opens the library at the first call.
const OneDnn& onednn();
// onednn(), or ResourceError with its refusal.
const OneDnn& needed_onednn();

// Holds this thread's calls of oneDNN to this thread.
class OneThread {
 public:
  explicit OneThread(const OneDnn& dnn) : dnn_(dnn), before_(dnn.omp_get_max_threads()) {
    dnn_.omp_set_num_threads(1);
  }
  ~OneThread() { dnn_.omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  const OneDnn& dnn_;
  const int before_;
};

// Owner of one of oneDNN's handles.
template <class T>
using DnnHandle = std::unique_ptr<std::remove_pointer_t<T>, dnnl_status_t (*)(T)>;

// Throws InternalError when a call failed.
void must(dnnl_status_t status, const char* call);

}  // namespace thaw::vendor
