// Every genuine model at hand imports to a graph that the verifier accepts.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "graph/verify.h"
#include "import/import_graph.h"

namespace thaw {
namespace {

std::filesystem::path shared() {
  const char* root = std::getenv("THAW_SHARED");
  return root ? root : THAW_SOURCE_DIR "/../shared";
}

TEST(SharedModels, ImportAndVerify) {
  const std::filesystem::path folder = shared() / "data/models";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  size_t models = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".pb") continue;
    SCOPED_TRACE(entry.path().string());
    ++models;
    ImportReport report;
    const Graph graph = import_graph(read_frozen_model(entry.path().string()), &report);
    verify(graph);
    EXPECT_FALSE(graph.outputs().empty());
    EXPECT_GT(report.nodes_needed, 100u);
    EXPECT_EQ(report.dropped_asserts, 0u);
  }
  EXPECT_GT(models, 0u);
}

TEST(SharedModels, TheDetectorHasTwoLoops) {
  const std::filesystem::path file = shared() / "data/models/ssd_mobilenet_v1_coco.pb";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not there";
  ImportReport report;
  const Graph graph = import_graph(read_frozen_model(file.string()), &report);
  EXPECT_EQ(report.loops, 2u);
  EXPECT_EQ(report.conditions, 0u);
  EXPECT_EQ(report.producer, 1882);
  ASSERT_EQ(graph.inputs().size(), 1u);
  EXPECT_EQ(graph.value(graph.inputs()[0]).type.str(), "uint8[?,?,?,3]");
}

}  // namespace
}  // namespace thaw
