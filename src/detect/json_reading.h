// JSON files from outside, and fields of them with errors that say where.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace thaw {

// Parses a document, keeping of every object only the fields called so; what lies in others costs
// no memory. Throws InputError beginning with `name` for text that is no JSON or is nested more
// than 16 deep.
nlohmann::json parse_json(std::string_view text, const std::string& name,
                          const std::unordered_set<std::string>& fields);

// An object in a document, and what errors call it: "truth.json: annotations[3]".
class JsonObject {
 public:
  // Throws InputError when it is no object.
  JsonObject(const nlohmann::json& json, std::string where);

  bool has(const char* field) const;
  // Those below throw InputError when the field is missing or of another type.
  int64_t integer(const char* field) const;
  double number(const char* field) const;  // finite
  std::string text(const char* field) const;
  std::vector<double> numbers(const char* field, size_t count) const;
  std::vector<std::string> texts(const char* field) const;
  std::vector<JsonObject> objects(const char* field) const;
  JsonObject object(const char* field) const;

  [[noreturn]] void fail(const std::string& field, const std::string& expected,
                         const std::string& found) const;

 private:
  const nlohmann::json& at(const char* field, const char* expected) const;
  const nlohmann::json& array(const char* field, const char* expected) const;

  const nlohmann::json* json_;
  std::string where_;
};

}  // namespace thaw
