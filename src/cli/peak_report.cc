#include "cli/peak_report.h"

#include <fmt/format.h>

#include "cli/text.h"

namespace thaw::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string threads_text(int threads) {
  return fmt::format("{} thread{}", threads, threads == 1 ? "" : "s");
}

std::string size_text(int64_t bytes) {
  if (bytes < 1 << 20) return fmt::format("{} KiB", bytes >> 10);
  return fmt::format("{} MiB", bytes >> 20);
}

std::string rate_text(double rate) { return fmt::format("{:.1f}", rate); }

Rows arithmetic_rows(const std::vector<PeakReport>& reports) {
  Rows rows{{"numbers", "instructions"}};
  for (const PeakReport& report : reports)
    rows[0].push_back(">" + threads_text(report.peaks.threads));
  for (size_t i = 0; i < reports[0].peaks.arithmetic.size(); ++i) {
    const ArithmeticPeak& first = reports[0].peaks.arithmetic[i];
    rows.push_back({dtype_name(first.numbers), first.instructions});
    for (const PeakReport& report : reports)
      rows.back().push_back(rate_text(report.peaks.arithmetic[i].gmacs));
  }
  return rows;
}

Rows memory_rows(const std::vector<PeakReport>& reports) {
  Rows rows{{">working set"}};
  for (const PeakReport& report : reports) {
    rows[0].push_back(">read, " + threads_text(report.peaks.threads));
    rows[0].push_back(">copy, " + threads_text(report.peaks.threads));
  }
  for (size_t i = 0; i < reports[0].peaks.memory.size(); ++i) {
    rows.push_back({size_text(reports[0].peaks.memory[i].bytes)});
    for (const PeakReport& report : reports) {
      rows.back().push_back(rate_text(report.peaks.memory[i].read));
      rows.back().push_back(rate_text(report.peaks.memory[i].copy));
    }
  }
  return rows;
}

double share(const PeakReport& report, const ProductRate& rate) {
  return rate.gmacs / report.peaks.gmacs(rate.numbers);
}

Rows product_rows(const std::vector<PeakReport>& reports) {
  Rows rows{{">rows", ">length", ">columns", "numbers", "kernel"}};
  for (const PeakReport& report : reports) {
    rows[0].push_back(">" + threads_text(report.peaks.threads));
    rows[0].push_back(">% of peak");
  }
  for (size_t i = 0; i < reports[0].products.size(); ++i) {
    const ProductRate& first = reports[0].products[i];
    rows.push_back({});
    for (const int64_t extent : first.product) rows.back().push_back(std::to_string(extent));
    rows.back().insert(rows.back().end(), {dtype_name(first.numbers), first.kernel});
    for (const PeakReport& report : reports) {
      rows.back().push_back(rate_text(report.products[i].gmacs));
      rows.back().push_back(fmt::format("{:.0f}", 100 * share(report, report.products[i])));
    }
  }
  return rows;
}

Json memory_json(const MemoryPeak& peak) {
  return {{"bytes", peak.bytes}, {"read_gb_per_s", peak.read}, {"copy_gb_per_s", peak.copy}};
}

Json peak_json(const Peaks& peaks) {
  Json json = {{"threads", peaks.threads}};
  json["arithmetic"] = Json::array();
  for (const ArithmeticPeak& peak : peaks.arithmetic)
    json["arithmetic"].push_back({{"numbers", dtype_name(peak.numbers)},
                                  {"instructions", peak.instructions},
                                  {"gmacs_per_s", peak.gmacs}});
  json["memory"] = Json::array();
  for (const MemoryPeak& peak : peaks.memory) json["memory"].push_back(memory_json(peak));
  return json;
}

}  // namespace

std::string peaks_text(const std::vector<PeakReport>& reports) {
  std::string text = fmt::format("Machine: {}\n", reports[0].peaks.machine);
  text += "\nArithmetic in registers, GMAC/s\n" + table_text(arithmetic_rows(reports));
  text += "\nMemory, GB/s (copies: read and written)\n" + table_text(memory_rows(reports));
  if (!reports[0].products.empty())
    text += "\nProducts on the layers' shapes, GMAC/s\n" + table_text(product_rows(reports));
  return text;
}

Json peaks_json(const std::vector<PeakReport>& reports) {
  Json json = {{"machine", reports[0].peaks.machine}, {"peaks", Json::array()}};
  for (const PeakReport& report : reports) {
    Json one = peak_json(report.peaks);
    one["products"] = Json::array();
    for (const ProductRate& rate : report.products)
      one["products"].push_back({{"rows", rate.product[0]},
                                 {"length", rate.product[1]},
                                 {"columns", rate.product[2]},
                                 {"numbers", dtype_name(rate.numbers)},
                                 {"kernel", rate.kernel},
                                 {"gmacs_per_s", rate.gmacs},
                                 {"share_of_peak", share(report, rate)}});
    json["peaks"].push_back(std::move(one));
  }
  return json;
}

std::string roofline_text(const Roofline& roofline) {
  const double arithmetic = roofline.time.arithmetic_ms;
  const double all = arithmetic + roofline.time.traffic_ms;
  if (arithmetic <= 0 || roofline.network_ms <= 0) return {};
  return fmt::format(
      "Roofline, {}: the network's layers take {}\n"
      "  {:.2f}x arithmetic alone, {}\n"
      "  {:.2f}x arithmetic and unhidden traffic, {}\n",
      threads_text(roofline.peaks.threads), ms_text(roofline.network_ms),
      roofline.network_ms / arithmetic, ms_text(arithmetic), roofline.network_ms / all,
      ms_text(all));
}

Json roofline_json(const Roofline& roofline) {
  const double arithmetic = roofline.time.arithmetic_ms;
  const double all = arithmetic + roofline.time.traffic_ms;
  Json json = {{"network_ms", roofline.network_ms},
               {"floor_ms", {{"arithmetic", arithmetic}, {"arithmetic_and_traffic", all}}}};
  if (arithmetic > 0 && roofline.network_ms > 0)
    json["over_floor"] = {{"arithmetic", roofline.network_ms / arithmetic},
                          {"arithmetic_and_traffic", roofline.network_ms / all}};
  json["machine"] = roofline.peaks.machine;
  json["peaks"] = peak_json(roofline.peaks);
  return json;
}

}  // namespace thaw::cli
