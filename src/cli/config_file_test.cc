#include "cli/config_file.h"

#include <gtest/gtest.h>

#include "thaw/error.h"

namespace thaw::cli {
namespace {

std::string written(const std::string& text) {
  std::string out;
  for (const ConfigEntry& entry : parse_config(text, "c.toml")) {
    out += entry.name + ":";
    for (const std::string& value : entry.values) out += "<" + value + ">";
    out += ' ';
  }
  return out;
}

std::string fault(const std::string& text) {
  try {
    return "accepted: " + written(text);
  } catch (const UsageError& error) {
    return error.what();
  }
}

TEST(ConfigFile, ReadsValues) {
  EXPECT_EQ(written(""), "");
  EXPECT_EQ(written("\n# nothing\n  # more\n"), "");
  EXPECT_EQ(written("threads = 2"), "threads:<2> ");
  EXPECT_EQ(written("threads=2 # of four\r\nverify = true\r\n"), "threads:<2> verify:<true> ");
  EXPECT_EQ(written("labels = \"a # b.txt\" # why\nglob = 'x\\*'"),
            "labels:<a # b.txt> glob:<x\\*> ");
  EXPECT_EQ(written("\"device\" = cpu"), "device:<cpu> ");
  EXPECT_EQ(written("label = \"\"\nempty ="), "label:<> empty:<> ");
}

TEST(ConfigFile, ReadsArraysOverLines) {
  EXPECT_EQ(written("classes = [\"car\", 'traffic light', 3]"), "classes:<car><traffic light><3> ");
  EXPECT_EQ(written("a = [\n  1, # one\n  2,\n]\nb = []\n"), "a:<1><2> b: ");
}

TEST(ConfigFile, NamesTheLineOfWhatIsWrong) {
  EXPECT_EQ(fault("\nthreads = [1, 2\n"), "c.toml:2: the array that begins here never ends");
  EXPECT_EQ(fault("a = ["), "c.toml:1: the array that begins here never ends");
  EXPECT_EQ(fault("a = [1 2]\n"), "accepted: a:<1 2> ");
  EXPECT_EQ(fault("a = [\"1\" 2]"), "c.toml:1: ',' or ']' was expected in the array");
  EXPECT_EQ(fault("a = [1,,2]"), "c.toml:1: a value was expected in the array");
  EXPECT_EQ(fault("a = 1\nb = \"x\nc = 2"),
            "c.toml:2: the text that begins here does not end on its line");
  EXPECT_EQ(fault("a = \"x\" y"), "c.toml:1: the end of 'a' was expected");
  EXPECT_EQ(fault("a = [1] ]"), "c.toml:1: the end of 'a' was expected");
  EXPECT_EQ(fault("threads"), "c.toml:1: 'name = value' was expected");
  EXPECT_EQ(fault("[section]"), "c.toml:1: 'name = value' was expected");
  EXPECT_EQ(fault("= 3"), "c.toml:1: 'name = value' was expected");
}

}  // namespace
}  // namespace thaw::cli
