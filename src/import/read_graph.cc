#include "import/read_graph.h"

#include <fmt/format.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "import/read_bytes.h"
#include "import/wire_check.h"
#include "thaw/error.h"

namespace thaw {
namespace {

// Messages may take this much memory plus a few times their file: genuine graphs, most of whose
// bytes are weights, take one to three times their file, whatever their size. Hundreds of thousands
// of tiny nodes without weights take up to 30 times as much; this is how much they may have.
constexpr uint64_t kMemoryFloor = uint64_t{144} << 20;
constexpr uint64_t kMemoryPerByte = 3;
constexpr uint64_t kMemoryOfTinyNodes = uint64_t{1} << 30;
constexpr uint64_t kMemoryPerByteOfThem = 29;

// Keeps the first error protobuf's text parser reports.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    if (text_.empty()) text_ = fmt::format("line {}, column {}: {}", line + 1, column + 1, message);
  }
  void AddWarning(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string kind_hint(std::string_view bytes) {
  const std::string kind = looks_like(bytes);
  return kind.empty() ? "" : fmt::format(" (it looks like {})", kind);
}

// Text graphs begin with a comment or the name of a field of GraphDef.
bool is_text_graph(std::string_view head) {
  const size_t start = head.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (start == std::string_view::npos) return false;
  head.remove_prefix(start);
  if (looks_like(head) != "text") return false;
  for (std::string_view word : {"#", "node", "library", "versions", "version"})
    if (head.substr(0, word.size()) == word) return true;
  return false;
}

}  // namespace

namespace {

// Every message has its brace and every string its quotes: an empty one takes two bytes of text
// and many times that in memory.
void check_text_size(const std::string& text, const std::string& path) {
  constexpr uint64_t kFloor = uint64_t{96} << 20;
  constexpr uint64_t kPerByte = 2;
  constexpr uint64_t kPerByteOfTinyNodes = 14;
  constexpr uint64_t kMessageCost = 200;
  constexpr uint64_t kStringCost = 48;
  std::array<uint64_t, 256> count{};
  for (char c : text) ++count[static_cast<unsigned char>(c)];
  const uint64_t messages = count['{'] + count['<'];
  const uint64_t strings = (count['"'] + count['\'']) / 2;
  const uint64_t most = kFloor + kPerByte * text.size() +
                        std::min(kMemoryOfTinyNodes, kPerByteOfTinyNodes * text.size());
  if (messages * kMessageCost + strings * kStringCost > most)
    throw InputError(
        fmt::format("{}: {} messages and {} strings in {} bytes of text, out of all "
                    "proportion",
                    path, messages, strings, text.size()));
}

void check_graph_size(uint64_t bytes, const std::string& path) {
  if (bytes == 0) throw InputError(fmt::format("{}: is empty (0 bytes)", path));
  if (bytes > kMaxMessageBytes)
    throw InputError(fmt::format(
        "{}: has {} bytes; a GraphDef is limited to 2 GiB by protobuf: save such a model as a "
        "SavedModel with its weights in variables/",
        path, bytes));
}

}  // namespace

void check_graph(const tf::GraphDef& graph, const std::string& path, const std::string& hint) {
  if (graph.node_size() == 0)
    throw InputError(fmt::format("{}: a graph was expected, found no nodes{}", path, hint));
  std::unordered_set<std::string_view> names;
  for (int i = 0; i < graph.node_size(); ++i) {
    const tf::NodeDef& node = graph.node(i);
    if (!names.insert(node.name()).second)
      throw InputError(fmt::format("{}: two nodes are called '{}'", path, node.name()));
    if (node.name().empty())
      throw InputError(
          fmt::format("{}: node {} of {} has no name{}", path, i, graph.node_size(), hint));
    if (node.op().empty())
      throw InputError(fmt::format("{}: node '{}' names no op{}", path, node.name(), hint));
  }
}

void parse_binary(std::string bytes, const std::string& path, google::protobuf::Message* message) {
  const std::string type = message->GetDescriptor()->name();
  const uint64_t memory = kMemoryFloor + kMemoryPerByte * bytes.size() +
                          std::min(kMemoryOfTinyNodes, kMemoryPerByteOfThem * bytes.size());
  const std::string problem = check_wire(bytes, message->GetDescriptor(), memory);
  if (!problem.empty())
    throw InputError(
        fmt::format("{}: no {}, or a damaged one: {}{}", path, type, problem, kind_hint(bytes)));
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    throw InputError(fmt::format("{}: no {}, or a damaged one{}", path, type, kind_hint(bytes)));
}

void parse_text(const std::string& text, const std::string& path,
                google::protobuf::Message* message) {
  check_text_size(text, path);
  google::protobuf::TextFormat::Parser parser;
  FirstError error;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(kMaxNesting);
  parser.AllowUnknownField(true);
  google::protobuf::io::ArrayInputStream in(text.data(), static_cast<int>(text.size()));
  if (!parser.Parse(&in, message))
    throw InputError(fmt::format("{}: no {} in text form: {}", path,
                                 message->GetDescriptor()->name(), error.text()));
}

void read_graph_file(const std::string& path, ModelFile* model) {
  const InputFile file(path);
  check_graph_size(file.size(), path);
  read_graph_bytes(file.read_all(kMaxMessageBytes), path, model);
}

void read_graph_bytes(std::string bytes, const std::string& path, ModelFile* model) {
  check_graph_size(bytes.size(), path);
  const std::string head = bytes.substr(0, 512);
  model->graph_file = path;
  model->total_bytes = bytes.size();
  if (is_text_graph(head)) {
    model->kind = ModelKind::kFrozenText;
    parse_text(bytes, path, &model->graph);
  } else {
    const std::string kind = looks_like(head);
    if (!kind.empty())
      throw InputError(fmt::format("{}: a TensorFlow graph was expected, found {}", path, kind));
    model->kind = ModelKind::kFrozenBinary;
    parse_binary(std::move(bytes), path, &model->graph);
  }
  check_graph(model->graph, path, kind_hint(head));
}

}  // namespace thaw
