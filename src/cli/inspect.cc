// thaw inspect: what a model file holds, without running it.
#include "thaw/inspect.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command.h"
#include "cli/json.h"
#include "cli/parse.h"
#include "cli/print.h"
#include "cli/text.h"
#include "thaw/engine.h"
#include "thaw/error.h"

namespace thaw::cli {
namespace {

Json detector_json(const DetectorInfo& d) {
  if (!d.found) return nullptr;
  return {{"family", d.family},
          {"feature_extractor", d.feature_extractor},
          {"input_size", shape_json(d.input_size)},
          {"resizer", d.resizer},
          {"anchors", d.anchors},
          {"classes", d.classes},
          {"nms",
           {{"iou_threshold", shortest(d.iou_threshold)},
            {"score_threshold", shortest(d.score_threshold)},
            {"max_per_class", d.max_per_class},
            {"max_total", d.max_total}}}};
}

Json inspection_json(const Inspection& i) {
  Json shapes = Json::array();
  for (const Shape& shape : i.shapes) shapes.push_back(shape_json(shape));
  Json unsupported = Json::array();
  for (const auto& [op, node] : i.unsupported) unsupported.push_back({{"op", op}, {"node", node}});
  return {{"model", i.path},
          {"kind", i.kind},
          {"bytes", i.bytes},
          {"producer", i.producer},
          {"tags", i.tags},
          {"signatures", i.signatures},
          {"inputs", tensor_infos_json(i.inputs)},
          {"outputs", tensor_infos_json(i.outputs)},
          {"nodes", i.nodes},
          {"ops", i.op_histogram},
          {"parameters", i.parameters},
          {"macs", i.macs < 0 ? Json(nullptr) : Json(i.macs)},
          {"shapes", shapes},
          {"unsupported", unsupported},
          {"detector", detector_json(i.detector)},
          {"notes", i.notes}};
}

std::string joined(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, ", "));
}

void print_tensors(const char* title, const std::vector<TensorInfo>& infos) {
  std::vector<std::vector<std::string>> rows{{"name", "tensor", "type", "shape", "found by"}};
  for (const TensorInfo& info : infos)
    rows.push_back({info.name, info.tensor, dtype_name(info.dtype), info.shape.str(),
                    info.optional ? "optional: " + info.why : info.why});
  print("{}\n", title);
  print_text(stdout, table_text(rows) + "\n");
}

void print_ops(const Inspection& i) {
  std::vector<std::pair<std::string, int>> ops(i.op_histogram.begin(), i.op_histogram.end());
  std::stable_sort(ops.begin(), ops.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  print("Ops: {} nodes of {} kinds\n", i.nodes, ops.size());
  std::string line = "  ";
  for (const auto& [op, count] : ops) {
    const std::string item = fmt::format("{} {}, ", op, count);
    if (line.size() + item.size() > 100) {
      print("{}\n", line.substr(0, line.size() - 1));
      line = "  ";
    }
    line += item;
  }
  print("{}\n\n", line.substr(0, line.find_last_not_of(", ") + 1));
}

void print_detector(const DetectorInfo& d) {
  if (!d.found) {
    print("Detector: none recognised; the graph runs as it is\n");
    return;
  }
  print("Detector: {}{}{}\n", d.family, d.feature_extractor.empty() ? "" : " with ",
        d.feature_extractor);
  print("  resizer    {}\n", d.resizer);
  print("  anchors    {}\n  classes    {}\n", d.anchors, d.classes);
  print("  NMS        IoU {}, score {}, at most {} per class and {} in all\n",
        shortest(d.iou_threshold), shortest(d.score_threshold), d.max_per_class, d.max_total);
}

void print_inspection(const Inspection& i) {
  print("{}\n  {}, {}, producer {}\n", i.path, i.kind, bytes_text(i.bytes), i.producer);
  if (!i.tags.empty()) print("  tags {}\n", joined(i.tags));
  if (!i.signatures.empty()) print("  signatures {}\n", joined(i.signatures));
  print("\n");
  print_tensors("Inputs", i.inputs);
  print_tensors("Outputs", i.outputs);
  print_ops(i);
  print("Parameters: {}\n", count_text(i.parameters));
  if (i.macs >= 0) {
    std::vector<std::string> shapes;
    for (const Shape& shape : i.shapes) shapes.push_back(shape.str());
    print("Multiply-accumulates at {}: {}\n", joined(shapes), count_text(i.macs));
  }
  print_detector(i.detector);
  for (const auto& [op, node] : i.unsupported)
    print("Unsupported op {}, such as node {}\n", op, node);
  for (const std::string& note : i.notes) print("Note: {}\n", note);
}

void print_importable(const OutputOptions& output) {
  if (output.json) return write_text("-", dump({{"ops", importable_ops()}}));
  for (const std::string& op : importable_ops()) print("{}\n", op);
}

}  // namespace

int run_inspect(int argc, char** argv) {
  CLI::App app("What a model holds: kind, inputs, outputs, ops, size, the detector in it.",
               "thaw inspect");
  app.footer(example("thaw inspect frozen_inference_graph.pb --shape 1x720x1280x3"));
  std::string path;
  std::vector<std::string> shapes;
  ModelOptions options;
  bool passes = false;
  bool ops = false;
  OutputOptions output;
  CLI::Option* model = app.add_option("MODEL", path, "Frozen graph (.pb, .pbtxt) or SavedModel");
  app.add_option("--shape", shapes,
                 "Input shape at which to count, such as 1x360x640x3; one per input")
      ->allow_extra_args(false);
  app.add_option("--signature", options.signature, "Signature of a SavedModel")
      ->capture_default_str();
  app.add_flag("--passes", passes, "List the graph passes and stop");
  app.add_flag("--ops", ops, "List the TensorFlow ops that can be imported and stop");
  add_output_options(app, output);
  return parse_and_run(app, argc, argv, output, [&] {
    if (ops) {
      print_importable(output);
      return 0;
    }
    if (passes) {
      for (const std::string& name : pass_names()) print("{}\n", name);
      return 0;
    }
    if (model->count() == 0) throw UsageError("MODEL is missing (see `thaw inspect --help`)");
    const Inspection inspection = inspect(path, options, parse_shapes("--shape", shapes));
    if (output.json)
      write_text("-", dump(inspection_json(inspection)));
    else
      print_inspection(inspection);
    return 0;
  });
}

}  // namespace thaw::cli
