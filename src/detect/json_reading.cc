#include "detect/json_reading.h"

#include <fmt/format.h>

#include <cmath>

#include "thaw/error.h"

namespace thaw {
namespace {

constexpr int kMaxDepth = 16;

// Short enough for a line.
std::string excerpt(const nlohmann::json& value) {
  if (value.is_array()) return fmt::format("a list of {}", value.size());
  if (value.is_object()) return "an object";
  std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return text;
}

// Without the library's "[json.exception.parse_error.101] ".
std::string reason(const std::exception& error) {
  const std::string what = error.what();
  const size_t end = what.find("] ");
  return end == std::string::npos ? what : what.substr(end + 2);
}

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& name,
                          const std::unordered_set<std::string>& fields) {
  using Event = nlohmann::json::parse_event_t;
  const auto keep = [&](int depth, Event event, nlohmann::json& value) {
    if (depth > kMaxDepth)
      throw InputError(fmt::format("{}: is nested more than {} deep", name, kMaxDepth));
    return event != Event::key || fields.count(value.get_ref<const std::string&>()) != 0;
  };
  try {
    return nlohmann::json::parse(text, keep);
  } catch (const nlohmann::json::exception& error) {
    throw InputError(fmt::format("{}: is no JSON: {}", name, reason(error)));
  }
}

JsonObject::JsonObject(const nlohmann::json& json, std::string where)
    : json_(&json), where_(std::move(where)) {
  if (!json.is_object())
    throw InputError(fmt::format("{}: an object was expected, found {}", where_, excerpt(json)));
}

void JsonObject::fail(const std::string& field, const std::string& expected,
                      const std::string& found) const {
  throw InputError(
      fmt::format("{}: \"{}\": {} was expected, found {}", where_, field, expected, found));
}

const nlohmann::json& JsonObject::at(const char* field, const char* expected) const {
  const auto it = json_->find(field);
  if (it == json_->end()) fail(field, expected, "none");
  return *it;
}

const nlohmann::json& JsonObject::array(const char* field, const char* expected) const {
  const nlohmann::json& value = at(field, expected);
  if (!value.is_array()) fail(field, expected, excerpt(value));
  return value;
}

bool JsonObject::has(const char* field) const { return json_->contains(field); }

int64_t JsonObject::integer(const char* field) const {
  constexpr const char* kExpected = "a whole number";
  const nlohmann::json& value = at(field, kExpected);
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() || value.get<uint64_t>() <= INT64_MAX);
  if (!fits) fail(field, kExpected, excerpt(value));
  return value.get<int64_t>();
}

double JsonObject::number(const char* field) const {
  constexpr const char* kExpected = "a number";
  const nlohmann::json& value = at(field, kExpected);
  if (!value.is_number() || !std::isfinite(value.get<double>()))
    fail(field, kExpected, excerpt(value));
  return value.get<double>();
}

std::string JsonObject::text(const char* field) const {
  constexpr const char* kExpected = "text";
  const nlohmann::json& value = at(field, kExpected);
  if (!value.is_string()) fail(field, kExpected, excerpt(value));
  return value.get<std::string>();
}

std::vector<double> JsonObject::numbers(const char* field, size_t count) const {
  const std::string expected = fmt::format("a list of {} numbers", count);
  const nlohmann::json& list = array(field, expected.c_str());
  if (list.size() != count) fail(field, expected, excerpt(list));
  std::vector<double> numbers;
  for (const nlohmann::json& value : list) {
    if (!value.is_number() || !std::isfinite(value.get<double>()))
      fail(field, expected, excerpt(value));
    numbers.push_back(value.get<double>());
  }
  return numbers;
}

std::vector<std::string> JsonObject::texts(const char* field) const {
  constexpr const char* kExpected = "a list of texts";
  std::vector<std::string> texts;
  for (const nlohmann::json& value : array(field, kExpected)) {
    if (!value.is_string()) fail(field, kExpected, excerpt(value));
    texts.push_back(value.get<std::string>());
  }
  return texts;
}

std::vector<JsonObject> JsonObject::objects(const char* field) const {
  const nlohmann::json& list = array(field, "a list of objects");
  std::vector<JsonObject> objects;
  objects.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i)
    objects.emplace_back(list[i], fmt::format("{}: {}[{}]", where_, field, i));
  return objects;
}

JsonObject JsonObject::object(const char* field) const {
  return {at(field, "an object"), fmt::format("{}: {}", where_, field)};
}

}  // namespace thaw
