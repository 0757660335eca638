// The table of a calibration as text: a line for each layer's range, for its channels, and for each
// layer that stays wide.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <locale>
#include <sstream>

#include "base/marks.h"
#include "engine/layer_graph.h"
#include "engine/saved_plans.h"
#include "thaw/calibrate.h"
#include "thaw/error.h"
#include "thaw/files.h"

namespace thaw {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{64} << 20;

constexpr const char* kHelp =
    "# range LAYER LOW HIGH METHOD: of the layer's result; beyond it values are clipped\n"
    "# channels LAYER LOW HIGH LOW HIGH ...: of each of its channels, for depthwise layers\n"
    "# wide LAYER: stays in float32\n";

// As it is, or in quotes with \ before quotes, backslashes and, as \xHH, what no line may hold.
std::string name_text(const std::string& name) {
  const auto is_plain = [](unsigned char c) {
    return c > ' ' && c != '"' && c != '#' && c != 0x7F;
  };
  if (!name.empty() && std::all_of(name.begin(), name.end(), is_plain)) return name;
  std::string text = "\"";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 0x7F)
      text += fmt::format("\\x{:02x}", byte);
    else
      text += (c == '"' || c == '\\') ? std::string{'\\', c} : std::string{c};
  }
  return text + '"';
}

// The words of one line.
class Line {
 public:
  Line(std::string_view text, const std::string& file, size_t number)
      : rest_(text), where_(fmt::format("{}:{}", file, number)) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(
        fmt::format("{}: {}{}", where_, layer_.empty() ? "" : "layer '" + layer_ + "': ", what));
  }

  bool at_end() {
    const size_t word = rest_.find_first_not_of(" \t\r");
    rest_.remove_prefix(std::min(word, rest_.size()));
    return rest_.empty() || rest_[0] == '#';
  }

  std::string word(const char* what) {
    if (at_end()) fail(fmt::format("{} was expected at the end of the line", what));
    const size_t end = std::min(rest_.find_first_of(" \t\r"), rest_.size());
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return text;
  }

  const std::string& layer() {
    layer_ = at_end() || rest_[0] != '"' ? word("a layer's name") : quoted();
    return layer_;
  }

  float number(const char* what) {
    const std::string text = word(what);
    std::istringstream in(text);
    in.imbue(std::locale::classic());
    float value = 0;
    if (!(in >> value) || in.peek() != EOF || !std::isfinite(value))
      fail(fmt::format("{} is '{}', a number was expected", what, text));
    return value;
  }

  // A range that holds zero.
  std::array<float, 2> range() {
    const float low = number("the low end");
    const float high = number("the high end");
    if (low > 0 || high < 0 || !(high > low))
      fail(fmt::format("{} to {}: a range that holds 0 and more was expected", low, high));
    return {low, high};
  }

  void end() {
    if (!at_end()) fail(fmt::format("'{}' is more than was expected", rest_));
  }

 private:
  std::string quoted() {
    std::string name;
    for (size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return name;
      }
      name += rest_[i] == '\\' ? escaped(i) : rest_[i];
    }
    fail("a name without a closing quote");
  }

  // What stands for a character from the backslash at `i`, which moves to its last.
  char escaped(size_t& i) const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (++i >= rest_.size()) fail("a name without a closing quote");
    if (rest_[i] != 'x') return rest_[i];
    const size_t high = i + 2 < rest_.size() ? kDigits.find(rest_[i + 1]) : kDigits.npos;
    const size_t low = i + 2 < rest_.size() ? kDigits.find(rest_[i + 2]) : kDigits.npos;
    if (high == kDigits.npos || low == kDigits.npos) fail("\\x takes two digits, 0-9 or a-f");
    i += 2;
    return static_cast<char>(high * 16 + low);
  }

  std::string_view rest_;
  std::string where_;
  std::string layer_;
};

void read_line(Line& line, Calibration& calibration) {
  if (line.at_end()) return;
  const std::string kind = line.word("");
  if (kind == "range") {
    const std::string layer = line.layer();
    const auto [low, high] = line.range();
    const std::string method = line.at_end() ? "" : line.word("");
    line.end();
    if (!calibration.ranges.emplace(layer, ValueRange{low, high, method, {}}).second)
      line.fail("has two ranges");
  } else if (kind == "channels") {
    const auto known = calibration.ranges.find(line.layer());
    if (known == calibration.ranges.end()) line.fail("has no range before that of its channels");
    if (!known->second.channels.empty()) line.fail("has the ranges of its channels twice");
    do {
      const float low = line.number("a channel's low end");
      const float high = line.number("a channel's high end");
      if (low > 0 || high < 0) line.fail(fmt::format("{} to {} does not hold 0", low, high));
      known->second.channels.push_back({low, high});
    } while (!line.at_end());
  } else if (kind == "wide") {
    if (!calibration.wide.insert(line.layer()).second) line.fail("is wide twice");
    line.end();
  } else {
    line.fail(fmt::format("'{}': range, channels or wide was expected", kind));
  }
}

}  // namespace

std::string calibration_text(const Calibration& calibration) {
  std::string text = fmt::format("{}\n{}", kCalibrationHead, kHelp);
  for (const auto& [layer, range] : calibration.ranges) {
    text +=
        fmt::format("range {} {} {} {}\n", name_text(layer), range.low, range.high, range.method);
    if (range.channels.empty()) continue;
    text += "channels " + name_text(layer);
    for (const auto& [low, high] : range.channels) text += fmt::format(" {} {}", low, high);
    text += '\n';
  }
  for (const std::string& layer : calibration.wide) text += "wide " + name_text(layer) + '\n';
  return text;
}

Calibration parse_calibration(std::string_view text, const std::string& name) {
  const std::string_view head = text.substr(0, text.find_first_of("\r\n"));
  if (head != kCalibrationHead)
    throw InputError(
        fmt::format("{}:1: no table of a calibration: '{}' was expected", name, kCalibrationHead));
  Calibration calibration;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    Line words(line, name, number);
    read_line(words, calibration);
  }
  return calibration;
}

Calibration read_calibration(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error))
    return parse_calibration(read_file(path, kMaxBytes), path);
  const Manifest manifest = read_manifest(plan_folder(path));
  if (!manifest.calibration) throw InputError(path + ": was optimised without a calibration");
  return *manifest.calibration;
}

void write_calibration(const std::string& path, const Calibration& calibration) {
  write_whole_file(path, calibration_text(calibration));
}

std::vector<std::string> layer_names(const Model& model) {
  std::vector<std::string> names;
  const Graph graph = layer_graph(model, {}, {});
  for (const NodeId id : layers_of(graph)) names.push_back(graph.node(id).name);
  return names;
}

std::vector<std::string> unknown_layers(const Model& model, const Calibration& calibration) {
  const std::vector<std::string> names = layer_names(model);
  const std::set<std::string> known(names.begin(), names.end());
  std::set<std::string> unknown;
  for (const auto& [layer, range] : calibration.ranges)
    if (known.count(layer) == 0) unknown.insert(layer);
  for (const std::string& layer : calibration.wide)
    if (known.count(layer) == 0) unknown.insert(layer);
  return {unknown.begin(), unknown.end()};
}

}  // namespace thaw
