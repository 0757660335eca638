#include "cli/comparison_summary.h"

#include <fmt/format.h>

namespace thaw::cli {
namespace {

// Objects that a side found: the confusion matrix's diagonal.
int64_t found(const CocoConfusion& confusion) {
  int64_t sum = 0;
  for (size_t i = 0; i < confusion.categories.size(); ++i) sum += confusion.at(i, i);
  return sum;
}

}  // namespace

std::string summary_line(const Comparison& c) {
  const ComparedTotals& t = c.totals;
  std::string line = fmt::format("{} matched, {} lost, {} new, {} relabelled", t.matched, t.lost,
                                 t.added, t.relabelled);
  if (!c.truth) return line;
  return line + fmt::format("; of {} objects {} found, then {}; AP {:.3f}, then {:.3f}",
                            c.truth->objects, found(c.truth->confusion_a),
                            found(c.truth->confusion_b), c.truth->a.lines[kAp],
                            c.truth->b.lines[kAp]);
}

Json summary_json(const Comparison& c) {
  const ComparedTotals& t = c.totals;
  Json json = {{"pictures", t.pictures},
               {"matched", t.matched},
               {"lost", t.lost},
               {"new", t.added},
               {"relabelled", t.relabelled},
               {"ms", {{"a", c.a.ms_p50}, {"b", c.b.ms_p50}}}};
  if (c.truth)
    json["truth"] = {
        {"objects", c.truth->objects},
        {"found", {{"a", found(c.truth->confusion_a)}, {"b", found(c.truth->confusion_b)}}},
        {"ap", {{"a", c.truth->a.lines[kAp]}, {"b", c.truth->b.lines[kAp]}}}};
  return json;
}

}  // namespace thaw::cli
