#include <fmt/format.h>

#include "c_api/handles.h"
#include "thaw/convert.h"
#include "thaw/optimize.h"

namespace thaw::c_api {
namespace {

// 0 is the default, less than 0 is any time.
void take_seconds(double seconds, double& to) {
  if (seconds != 0) to = seconds < 0 ? 0 : seconds;
}

OptimizeOptions optimize_options(const thaw_optimize_options* options) {
  const thaw_optimize_options from = taken(options, "thaw_optimize_options");
  OptimizeOptions to;
  to.outputs = texts(from.outputs, from.output_count, "thaw_optimize_options.outputs");
  const thaw_shape* next = from.shapes;
  for (size_t i = 0; i < from.shape_sets; ++i) {
    std::vector<Shape>& set = to.shapes.emplace_back();
    for (size_t k = 0; k < from.inputs_per_set; ++k)
      set.push_back(shape_of(need(next++, "thaw_optimize_options.shapes")));
  }
  to.engine = engine_options(from.engine);
  to.build = from.no_build == 0;
  to.overwrite = from.overwrite != 0;
  take_seconds(from.check_seconds, to.check_seconds);
  if (from.progress != nullptr)
    to.progress = [tell = from.progress, user = from.progress_user](const std::string& text) {
      tell(user, text.c_str());
    };
  to.log = log_of(from.log, from.log_user);
  return to;
}

}  // namespace
}  // namespace thaw::c_api

using namespace thaw::c_api;  // NOLINT(google-build-using-namespace)

extern "C" {

thaw_status thaw_convert(const char* source, const char* destination,
                         const thaw_convert_options* options) {
  return guarded([&] {
    const thaw_convert_options from = taken(options, "thaw_convert_options");
    thaw::ConvertOptions to;
    to.signature = text_or(from.signature);
    to.outputs = texts(from.outputs, from.output_count, "thaw_convert_options.outputs");
    to.overwrite = from.overwrite != 0;
    take_seconds(from.check_seconds, to.check_seconds);
    thaw::convert(&need(source, "source"), &need(destination, "destination"), to);
  });
}

thaw_status thaw_optimize(const char* source, const char* destination,
                          const thaw_optimize_options* options) {
  return guarded([&] {
    thaw::optimize(&need(source, "source"), &need(destination, "destination"),
                   optimize_options(options));
  });
}

}  // extern "C"
