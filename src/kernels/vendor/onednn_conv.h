// A convolution as oneDNN's descriptors, whole or a band of its output's rows.
#pragma once

#include <vector>

#include "kernels/vendor/onednn_library.h"
#include "kernels/vendor/vendor_conv.h"

namespace thaw::vendor {

// Rows of one picture: output rows [out_first, out_first + out_rows) and what they read.
struct Band {
  int64_t in_first = 0;
  int64_t in_rows = 0;
  int64_t out_first = 0;
  int64_t out_rows = 0;
  int64_t pad_top = 0;
  int64_t pad_bottom = 0;
};

class OneDnnConv {
 public:
  using PrimitiveDesc = DnnHandle<dnnl_primitive_desc_t>;

  // Of an op that refuse_conv lets pass. A pointwise layer is one picture of one column.
  OneDnnConv(const OneDnn& dnn, const OpDesc& desc);

  const cpu::WindowShape& shape() const { return conv_.shape; }
  const cpu::LayerTypes& types() const { return conv_.types; }
  int64_t groups() const { return conv_.groups; }
  bool has_bias() const { return has_bias_; }

  // `count` bands, or one where some would read no row.
  std::vector<Band> bands(int64_t count) const;
  // Null when oneDNN can't. Without `weights` it chooses their layout; `scales` are those of
  // quantised results, one for each channel.
  PrimitiveDesc describe(const Band& band, const dnnl_memory_desc_t* weights,
                         const std::vector<float>& scales) const;

  // Dense layouts: of the filter as thaw has it, in float32; of a band's ends; of the bias.
  dnnl_memory_desc_t filter() const;
  dnnl_memory_desc_t source(const Band& band) const;
  dnnl_memory_desc_t result(const Band& band) const;
  dnnl_memory_desc_t bias() const;

 private:
  DnnHandle<dnnl_primitive_attr_t> attributes(const std::vector<float>& scales) const;
  dnnl_memory_desc_t weights_of(dnnl_data_type_t type, dnnl_format_tag_t tag) const;

  const OneDnn& dnn_;
  VendorConv conv_;
  bool has_bias_ = false;
};

}  // namespace thaw::vendor
