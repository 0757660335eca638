// The order of the passes, and the runner.
#include <fmt/format.h>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "passes/batch_branches.h"
#include "passes/batch_map_loops.h"
#include "passes/eliminate_common_subexpressions.h"
#include "passes/eliminate_dead_code.h"
#include "passes/fold_batch_norm.h"
#include "passes/fold_constants.h"
#include "passes/fold_padding.h"
#include "passes/fuse_activation.h"
#include "passes/fuse_bias.h"
#include "passes/fuse_multi_class_nms.h"
#include "passes/fuse_resize_affine.h"
#include "passes/fuse_resize_conv.h"
#include "passes/fuse_separable.h"
#include "passes/lower_list_reads.h"
#include "passes/lower_precision.h"
#include "passes/merge_heads.h"
#include "passes/pass.h"
#include "passes/recognise_box_decode.h"
#include "passes/recognise_multi_class_nms.h"
#include "passes/remove_asserts.h"
#include "passes/remove_identities.h"
#include "passes/remove_neutral_operands.h"
#include "passes/sink_constants.h"
#include "thaw/error.h"
#include "thaw/files.h"

namespace thaw {
namespace {

void check_names(const std::set<std::string>& names) {
  for (const std::string& name : names) {
    bool known = false;
    std::string all;
    for (const Pass& pass : pipeline()) {
      known = known || name == pass.name;
      if (all.find(pass.name) == std::string::npos)
        all += (all.empty() ? "" : ", ") + std::string(pass.name);
    }
    if (!known) throw UsageError(fmt::format("there is no pass '{}'; there are {}", name, all));
  }
}

void dump(const Graph& graph, const std::string& dir, size_t index, const char* name) {
  const std::string path = fmt::format("{}/{:02}_{}.txt", dir, index, name);
  OutputRule(false, "; another folder was expected").writes(path, OutputKind::kGraph);
  TextOptions options;
  options.max_constant_elements = 16;
  write_file(path, to_text(graph, options), false);
}

}  // namespace

const std::vector<Pass>& pipeline() {
  static const std::vector<Pass> passes{
      // First what only stands in the way of seeing which loop variables are invariant.
      {"remove_identities", remove_identities},
      {"remove_asserts", remove_asserts},
      // Before folding, so that nested graphs fold what their constants decide.
      {"sink_constants", sink_constants},
      // Shapes and constants decide what all later passes may do.
      {"fold_constants", fold_constants},
      // Folding leaves what only dead branches and shape arithmetic needed, ...
      {"eliminate_dead_code", eliminate_dead_code},
      // ... reshapes that now are known to change nothing, and loop variables that became constant.
      {"remove_identities", remove_identities},
      {"sink_constants", sink_constants},
      // Now that what loops read is known: their bodies' shapes follow, and fold.
      {"lower_list_reads", lower_list_reads},
      {"fold_constants", fold_constants},
      // A first round: behind a preprocessing loop no shape is known before the loop is gone.
      {"batch_map_loops", batch_map_loops},
      {"fold_constants", fold_constants},
      {"remove_identities", remove_identities},
      {"sink_constants", sink_constants},
      {"eliminate_common_subexpressions", eliminate_common_subexpressions},
      {"eliminate_dead_code", eliminate_dead_code},
      // Idioms of one image, before anything else rewrites the arithmetic they are known by.
      {"recognise_box_decode", recognise_box_decode},
      {"recognise_multi_class_nms", recognise_multi_class_nms},
      {"eliminate_dead_code", eliminate_dead_code},
      // Only now are the loops' bodies of ops that know batches; what is left around them folds.
      {"batch_map_loops", batch_map_loops},
      {"batch_branches", batch_branches},
      {"fold_constants", fold_constants},
      {"remove_identities", remove_identities},
      {"eliminate_dead_code", eliminate_dead_code},
      // Scores divided by a constant that turned out to be 1.
      {"remove_neutral_operands", remove_neutral_operands},
      // Layers take in what follows them, each pass what the one before has freed: a normalisation
      // written out is Sub (a bias), Mul (into the filter), Add (a bias again), ...
      {"fuse_bias", fuse_bias},
      {"fold_batch_norm", fold_batch_norm},
      {"fuse_bias", fuse_bias},
      // ... and last the activation, after which a layer takes in nothing more.
      {"fuse_activation", fuse_activation},
      {"fold_padding", fold_padding},
      {"fuse_resize_affine", fuse_resize_affine},
      // Scores are not divided any more, and what nobody reads is gone.
      {"fuse_multi_class_nms", fuse_multi_class_nms},
      // Layers have their activations now, which say what their results may be.
      {"lower_precision", lower_precision},
      // Pairs of layers become one only afterwards, because each of the two has a range of its own.
      {"fuse_resize_conv", fuse_resize_conv},
      {"fuse_separable", fuse_separable},
      // What is left are convolutions that no other layer takes in.
      {"merge_heads", merge_heads},
      {"eliminate_dead_code", eliminate_dead_code},
  };
  return passes;
}

std::vector<PassTime> run_pipeline(Graph& graph, const PassContext& context,
                                   const PipelineOptions& options) {
  check_names(options.disabled);
  std::vector<PassTime> times;
  for (size_t i = 0; i < pipeline().size(); ++i) {
    const Pass& pass = pipeline()[i];
    if (options.disabled.count(pass.name)) continue;
    const auto start = Clock::now();
    const bool changed = pass.run(graph, context);
    const double ms = milliseconds_since(start);
    times.push_back({pass.name, ms, changed});
    if (options.verify) verify(graph);
    if (changed && !options.dump_dir.empty()) dump(graph, options.dump_dir, i, pass.name);
  }
  return times;
}

}  // namespace thaw
