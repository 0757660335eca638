#include "thaw/report.h"

#include "c_api/handles.h"

struct thaw_report {
  thaw::ReportHead head;
  std::vector<thaw::PictureResult> results;
  std::string text;
};

using namespace thaw::c_api;  // NOLINT(google-build-using-namespace)

extern "C" {

thaw_status thaw_report_create(const thaw_detector* detector, thaw_report** report) {
  return guarded([&] {
    need(report, "report");
    const thaw::Engine& engine = need(detector, "detector").detector.engine();
    const thaw::ReportHead head{detector->model, engine.device(),
                                thaw::precision_name(engine.precision())};
    *report = new thaw_report{head, {}, {}};
  });
}

void thaw_report_free(thaw_report* report) { delete report; }

thaw_status thaw_report_add(thaw_report* report, const char* file,
                            const thaw_detections* detections) {
  return guarded([&] {
    const thaw_detections& found = need(detections, "detections");
    thaw::PictureResult result;
    result.file = &need(file, "file");
    result.width = found.width;
    result.height = found.height;
    result.detections = found.detections;
    result.ms = {{"preprocess", found.stages.preprocess},
                 {"network", found.stages.network},
                 {"postprocess", found.stages.postprocess}};
    need(report, "report").results.push_back(std::move(result));
  });
}

thaw_status thaw_report_add_error(thaw_report* report, const char* file, const char* error) {
  return guarded([&] {
    thaw::PictureResult result;
    result.file = &need(file, "file");
    result.error = &need(error, "error");
    need(report, "report").results.push_back(std::move(result));
  });
}

thaw_status thaw_report_json(thaw_report* report, const char** text, size_t* size) {
  return guarded([&] {
    need(text, "text");
    thaw_report& all = need(report, "report");
    all.text = thaw::detections_json(all.head, all.results);
    *text = all.text.c_str();
    if (size != nullptr) *size = all.text.size();
  });
}

}  // extern "C"
