// thaw convert: frozen graph to SavedModel and back.
#include "thaw/convert.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/clock.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/print.h"
#include "cli/text.h"

namespace thaw::cli {
namespace {

void print_report(const ConvertReport& report, const std::string& destination, double seconds) {
  std::vector<std::vector<std::string>> rows{{"", "name", "tensor", "type", "shape", "found by"}};
  const auto add = [&](const char* role, const std::vector<TensorInfo>& infos) {
    for (const TensorInfo& info : infos)
      rows.push_back({info.optional ? "optional" : role, info.name, info.tensor,
                      dtype_name(info.dtype), info.shape.str(), info.why});
  };
  add("input", report.inputs);
  add("output", report.outputs);
  print("{} -> {}\n", report.source_kind, report.destination_kind);
  print_text(stdout, table_text(rows));
  if (report.checked)
    print("Checked: read back and run, the same results bit for bit\n");
  else
    print("Checked: {}\n", report.check_note);
  for (const std::string& note : report.notes) print("Note: {}\n", note);
  print("Wrote {}: {} nodes, {}, in {:.2f} s\n", destination, report.nodes,
        bytes_text(report.bytes), seconds);
}

Json report_json(const ConvertReport& report, const std::string& source,
                 const std::string& destination, double seconds) {
  Json json = {{"source", source},
               {"source_kind", report.source_kind},
               {"destination", destination},
               {"destination_kind", report.destination_kind},
               {"inputs", tensor_infos_json(report.inputs)},
               {"outputs", tensor_infos_json(report.outputs)},
               {"nodes", report.nodes},
               {"bytes", report.bytes},
               {"checked", report.checked},
               {"seconds", seconds}};
  if (!report.check_note.empty()) json["check_note"] = report.check_note;
  if (!report.notes.empty()) json["notes"] = report.notes;
  return json;
}

}  // namespace

int run_convert(int argc, char** argv) {
  CLI::App app(
      "Frozen graph to SavedModel, or SavedModel to frozen graph when DST ends in .pb or .pbtxt.\n"
      "Reads its result back and runs both before it says done.",
      "thaw convert");
  app.footer(example("thaw convert frozen_inference_graph.pb saved_model"));
  std::string source;
  std::string destination;
  ConvertOptions options;
  OutputOptions output;
  app.add_option("SRC", source, "Frozen graph (.pb, .pbtxt) or SavedModel")->required();
  app.add_option("DST", destination, "SavedModel folder, or a .pb or .pbtxt file")->required();
  app.add_option("--outputs", options.outputs,
                 "Output tensors such as a:0,b:0; otherwise found by themselves")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--signature", options.signature, "Signature of a SavedModel source")
      ->capture_default_str();
  app.add_flag("--overwrite", options.overwrite, "Replace DST if it is there");
  app.add_option("--check-seconds", options.check_seconds,
                 "How long the check may run both; 0: as long as they take")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add_output_options(app, output);
  return parse_and_run(app, argc, argv, output, [&] {
    const auto start = Clock::now();
    const ConvertReport report = convert(source, destination, options);
    const double seconds = seconds_since(start);
    if (output.json)
      write_text("-", dump(report_json(report, source, destination, seconds)));
    else
      print_report(report, destination, seconds);
    return 0;
  });
}

}  // namespace thaw::cli
