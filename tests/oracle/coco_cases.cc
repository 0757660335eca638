// Evaluates many COCO cases in one process: a JSON list of {"truth": ..., "detections": [...]} in,
// a list of {"stats": [12], "precision": [...], "recall": [...]} out. Used by test_coco.py.
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "thaw/coco.h"
#include "thaw/error.h"

namespace {

using Json = nlohmann::json;

Json evaluate(const Json& one) {
  const thaw::CocoTruth truth = thaw::CocoTruth::parse(one.at("truth").dump(), "case");
  std::vector<thaw::CocoDetection> detections;
  for (const Json& d : one.at("detections")) {
    const Json& box = d.at("bbox");
    detections.push_back(
        {d.at("image_id"), d.at("category_id"), {box[0], box[1], box[2], box[3]}, d.at("score")});
  }
  const thaw::CocoEvaluation result = thaw::evaluate_coco(truth, detections);
  return {{"stats", result.lines}, {"precision", result.precision}, {"recall", result.recall}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: coco_cases CASES.json RESULTS.json\n";
    return 2;
  }
  try {
    Json results = Json::array();
    for (const Json& one : Json::parse(std::ifstream(argv[1]))) results.push_back(evaluate(one));
    std::ofstream(argv[2]) << results;
  } catch (const thaw::Error& error) {
    std::cerr << error.what() << '\n';
    return 3;
  }
  return 0;
}
