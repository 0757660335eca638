// thaw run: raw tensors in and out.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "cli/calibration.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/json.h"
#include "cli/message.h"
#include "cli/print.h"
#include "cli/text.h"
#include "thaw/engine.h"
#include "thaw/error.h"
#include "thaw/npz.h"

namespace thaw::cli {
namespace {

// "name:0" of "name".
std::string with_output(const std::string& name) {
  return name.find(':') == std::string::npos ? name + ":0" : name;
}

std::string names_of(const std::vector<NamedTensor>& arrays) {
  std::string names;
  for (const auto& [name, tensor] : arrays) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "nothing" : names;
}

// The array called as the input or as its tensor, with or without ":0"; undefined where an optional
// input has none. `places` has the arrays by their names, ":0" being added to those without it.
Tensor find_array(const std::vector<NamedTensor>& arrays,
                  const std::unordered_map<std::string, size_t>& places, const TensorInfo& input,
                  const std::string& path) {
  for (const std::string& name : {input.name, input.tensor}) {
    const auto place = places.find(with_output(name));
    if (place != places.end()) return arrays[place->second].second;
  }
  if (input.optional) return {};
  throw InputError(fmt::format("{}: an array called '{}' was expected for input {}{}, found {}",
                               path, input.name, dtype_name(input.dtype), input.shape.str(),
                               names_of(arrays)));
}

void warn_of_others(const std::vector<NamedTensor>& arrays, const std::vector<TensorInfo>& inputs,
                    const std::string& path) {
  std::unordered_set<std::string> names;
  for (const TensorInfo& input : inputs)
    names.insert({with_output(input.name), with_output(input.tensor)});
  for (const auto& [name, tensor] : arrays)
    if (names.count(with_output(name)) == 0)
      warn(fmt::format("{}: '{}' is no input of the model", path, name));
}

// An output is named as in the signature; with --to as it was asked for.
std::string output_name(const TensorInfo& output, const std::vector<std::string>& asked, size_t i) {
  return i < asked.size() ? asked[i] : output.name;
}

Json result_json(const std::string& model, const Engine& engine,
                 const std::vector<NamedTensor>& results, double ms) {
  Json outputs = Json::array();
  for (const auto& [name, tensor] : results)
    outputs.push_back({{"name", name},
                       {"dtype", dtype_name(tensor.dtype())},
                       {"shape", shape_json(tensor.shape())}});
  return {{"model", model},
          {"device", engine.device()},
          {"threads", engine.threads()},
          {"outputs", outputs},
          {"ms", ms}};
}

struct RunArguments {
  std::string model;
  std::string inputs;
  std::string outputs;
  RunOptions run;
  OutputOptions output;
};

int run_model(const RunArguments& arguments) {
  OutputRule rule = arguments.output.rule();
  arguments.run.tell_reads(rule);
  rule.reads(arguments.model);
  rule.reads(arguments.inputs);
  rule.writes(arguments.outputs, OutputKind::kArrays);
  const std::vector<NamedTensor> arrays = read_npz(arguments.inputs);
  const Model model = Model::load(arguments.model, arguments.run.model_options());
  const Engine engine(model, calibrated_options(arguments.run, model));
  std::unordered_map<std::string, size_t> places;
  for (size_t i = 0; i < arrays.size(); ++i) places.emplace(with_output(arrays[i].first), i);
  std::vector<Tensor> inputs;
  for (const TensorInfo& input : engine.inputs())
    inputs.push_back(find_array(arrays, places, input, arguments.inputs));
  warn_of_others(arrays, engine.inputs(), arguments.inputs);
  const auto start = Clock::now();
  const std::vector<Tensor> tensors = engine.run(inputs);
  const double ms = milliseconds_since(start);
  std::vector<NamedTensor> results;
  for (size_t i = 0; i < tensors.size(); ++i)
    results.emplace_back(output_name(engine.outputs()[i], arguments.run.to, i), tensors[i]);
  write_npz(arguments.outputs, results);
  const PlanInfo plan = engine.plans()[0];
  for (const auto& [step, time] : plan.build_times) debug(step + " " + ms_text(time));
  if (arguments.output.json) {
    write_text("-", dump(result_json(arguments.model, engine, results, ms)));
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"output", "type", "shape"}};
  for (const auto& [name, tensor] : results)
    rows.push_back({name, dtype_name(tensor.dtype()), tensor.shape().str()});
  print_text(stdout, table_text(rows, ""));
  print("Wrote {}\n", arguments.outputs);
  return 0;
}

}  // namespace

int run_run(int argc, char** argv) {
  CLI::App app(
      "Feeds the arrays of an .npz file and writes the results to one. Arrays are called as the\n"
      "model's inputs and outputs (`thaw inspect` lists them).",
      "thaw run");
  app.footer(example("thaw run frozen_inference_graph.pb --inputs in.npz --outputs out.npz"));
  RunArguments arguments;
  app.add_option("MODEL", arguments.model, "Frozen graph (.pb, .pbtxt) or SavedModel")->required();
  app.add_option("--inputs", arguments.inputs, "What to feed, an .npz file")->required();
  app.add_option("--outputs", arguments.outputs, "Where the results go, an .npz file")->required();
  add_run_options(app, arguments.run);
  add_overwrite_option(app, arguments.output);
  add_output_options(app, arguments.output);
  return parse_and_run(app, argc, argv, arguments.output, [&] { return run_model(arguments); });
}

}  // namespace thaw::cli
