// Minimal cuts of flow networks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace thaw {

// Vertices 0 (the source) and 1 (the sink) are there from the start. Finds the cut by maximal flow
// (Dinic, 1970).
class MinCut {
 public:
  static constexpr size_t kSource = 0;
  static constexpr size_t kSink = 1;
  static constexpr int64_t kNever = INT64_MAX / 4;  // an edge that no cut may take

  MinCut() : edges_of_(2) {}
  size_t add_vertex();
  // What it costs to have `from` on the source's side and `to` on the sink's.
  void add_edge(size_t from, size_t to, int64_t cost);
  // By vertex: whether it is on the source's side of a cut that costs least; of several such cuts,
  // the one with fewest vertices there.
  std::vector<bool> solve();

 private:
  struct Edge {
    size_t to;
    int64_t left;
  };

  bool find_levels();
  int64_t push();

  std::vector<Edge> edges_;  // each with its reverse beside it
  std::vector<std::vector<size_t>> edges_of_;
  std::vector<int> levels_;
  std::vector<size_t> next_;
};

}  // namespace thaw
