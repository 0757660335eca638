#include "detect/label_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "detect/text_proto.h"

namespace thaw {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\f\v";

// Decimal, octal (0...) and hexadecimal (0x...), as protobuf's text has them.
std::optional<int> parse_int(std::string_view text) {
  int base = 10;
  const bool negative = text.substr(0, 1) == "-";
  if (negative || text.substr(0, 1) == "+") text.remove_prefix(1);
  if (text.substr(0, 2) == "0x" || text.substr(0, 2) == "0X") {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
    text.remove_prefix(1);
  }
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return {};
  return negative ? -value : value;
}

struct Item {
  std::optional<int> id;
  std::string name;
  std::string display_name;
};

std::string take_string(TextProtoReader& reader, const std::string& field) {
  reader.skip_colon();
  Token value = reader.take();
  if (value.kind != TokenKind::kString)
    reader.fail(value.line,
                fmt::format("{} wants a string in quotes, found {}", field, value.str()));
  return std::move(value.text);
}

int take_id(TextProtoReader& reader) {
  reader.skip_colon();
  const Token value = reader.take();
  const std::optional<int> id =
      value.kind == TokenKind::kNumber ? parse_int(value.text) : std::nullopt;
  if (!id) reader.fail(value.line, "id wants a whole number of 32 bits, found " + value.str());
  if (*id < 0) reader.fail(value.line, fmt::format("the id {} is negative", *id));
  return *id;
}

void take_field(TextProtoReader& reader, const Token& field, Item& item) {
  if (field.is('[')) {  // an extension's name
    reader.take();
    if (reader.peek().is(']')) reader.take();
    reader.skip_value();
  } else if (field.kind != TokenKind::kName) {
    reader.fail(field.line, "a field of an item was expected, found " + field.str());
  } else if (field.text == "id") {
    item.id = take_id(reader);
  } else if (field.text == "name") {
    item.name = take_string(reader, "name");
  } else if (field.text == "display_name") {
    item.display_name = take_string(reader, "display_name");
  } else {
    reader.skip_value();
  }
}

// Behind the opening bracket, up to and with the closing one.
Item take_item(TextProtoReader& reader, size_t line, char closing) {
  Item item;
  while (!reader.peek().is(closing)) {
    const Token field = reader.take();
    if (field.kind == TokenKind::kEnd) reader.fail(line, "an item's bracket is never closed");
    if (!field.is(',') && !field.is(';')) take_field(reader, field, item);
  }
  reader.take();
  if (!item.id) reader.fail(line, "an item has no id");
  return item;
}

struct NumberedLine {
  int id = 0;
  std::string_view name;
};

// "7 cat", "7: cat", "7,cat"
std::optional<NumberedLine> split_number(std::string_view line) {
  NumberedLine out;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), out.id);
  if (error != std::errc() || out.id < 0) return {};
  const std::string_view rest = line.substr(static_cast<size_t>(end - line.data()));
  if (rest.empty() || std::string_view(" \t:,").find(rest[0]) == std::string_view::npos) return {};
  out.name = trimmed(rest);
  if (!out.name.empty() && (out.name[0] == ':' || out.name[0] == ','))
    out.name = trimmed(out.name.substr(1));
  if (out.name.empty()) return {};
  return out;
}

bool stands_for_background(std::string_view name) {
  static const std::set<std::string> kNames = {"background", "__background__", "unlabeled",
                                               "unlabelled", "???"};
  return kNames.count(lower_case(name)) != 0;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool begins_with_item(std::string_view text) {
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    if (text.substr(0, 1) != "#") break;
    text.remove_prefix(std::min(text.find('\n'), text.size()));
  }
  if (text.substr(0, 4) != "item") return false;
  text.remove_prefix(4);
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return !text.empty() && std::string_view("{<:").find(text[0]) != std::string_view::npos;
}

void parse_label_items(std::string_view text, const std::string& file, LabelMap& labels) {
  TextProtoReader reader(text, file);
  while (reader.peek().kind != TokenKind::kEnd) {
    const Token field = reader.take();
    if (field.is(',') || field.is(';')) continue;
    if (field.kind != TokenKind::kName)
      reader.fail(field.line, "'item' was expected, found " + field.str());
    if (field.text != "item") {
      reader.skip_value();
      continue;
    }
    reader.skip_colon();
    const Token opening = reader.take();
    if (!opening.is('{') && !opening.is('<'))
      reader.fail(opening.line, "'{' was expected behind 'item', found " + opening.str());
    Item item = take_item(reader, field.line, opening.is('{') ? '}' : '>');
    labels.add(*item.id, std::move(item.display_name.empty() ? item.name : item.display_name),
               field.line, file);
  }
}

void parse_label_lines(std::string_view text, const std::string& file, LabelMap& labels) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(trimmed(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const bool numbered = std::all_of(lines.begin(), lines.end(), [](std::string_view line) {
    return line.empty() || split_number(line).has_value();
  });
  const int first_id = !lines.empty() && stands_for_background(lines[0]) ? 0 : 1;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    const NumberedLine line =
        numbered ? *split_number(lines[i]) : NumberedLine{static_cast<int>(i) + first_id, lines[i]};
    labels.add(line.id, std::string(line.name), i + 1, file);
  }
}

}  // namespace thaw
