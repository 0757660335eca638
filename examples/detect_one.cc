// Detects objects in one photograph: detect_one MODEL PHOTOGRAPH [LABELS]
#include <cstdio>
#include <string>

#include "thaw/detector.h"
#include "thaw/error.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s MODEL PHOTOGRAPH [LABELS]\n", argv[0]);
    return 2;
  }
  try {
    const thaw::Model model = thaw::Model::load(argv[1]);
    thaw::Detector detector(model, thaw::EngineOptions(), argc > 3 ? argv[3] : "");
    const thaw::Picture picture = thaw::read_picture(argv[2]);
    for (const thaw::Detection& found : detector.detect(picture)) {
      const auto& [ymin, xmin, ymax, xmax] = found.box;
      std::printf("%-16s %.3f  left %.0f top %.0f right %.0f bottom %.0f\n", found.label.c_str(),
                  static_cast<double>(found.score), static_cast<double>(xmin) * picture.width,
                  static_cast<double>(ymin) * picture.height,
                  static_cast<double>(xmax) * picture.width,
                  static_cast<double>(ymax) * picture.height);
    }
  } catch (const thaw::Error& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
  return 0;
}
