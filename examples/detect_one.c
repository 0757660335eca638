/* Detects objects in one photograph: detect_one_c MODEL PHOTOGRAPH [LABELS] */
#include <stdio.h>

#include "thaw/c_api.h"

static void fail(const char* program) { fprintf(stderr, "%s: %s\n", program, thaw_last_error()); }

static int print_all(const thaw_detections* found, const thaw_picture* picture) {
  const float width = (float)thaw_picture_width(picture);
  const float height = (float)thaw_picture_height(picture);
  for (size_t i = 0; i < thaw_detections_count(found); ++i) {
    thaw_detection one;
    if (thaw_detections_get(found, i, &one) != THAW_OK) return 1;
    printf("%-16s %.3f  left %.0f top %.0f right %.0f bottom %.0f\n", one.label, (double)one.score,
           (double)(one.box[1] * width), (double)(one.box[0] * height),
           (double)(one.box[3] * width), (double)(one.box[2] * height));
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s MODEL PHOTOGRAPH [LABELS]\n", argv[0]);
    return 2;
  }
  thaw_model* model = NULL;
  thaw_detector* detector = NULL;
  thaw_picture* picture = NULL;
  thaw_detections* found = NULL;
  THAW_INIT(thaw_detector_options, options);
  options.labels = argc > 3 ? argv[3] : NULL;
  int status = 1;
  if (thaw_model_load(argv[1], NULL, &model) == THAW_OK &&
      thaw_detector_create(model, NULL, &options, &detector) == THAW_OK &&
      thaw_picture_read(argv[2], &picture) == THAW_OK &&
      thaw_detector_detect(detector, picture, NULL, &found) == THAW_OK)
    status = print_all(found, picture);
  else
    fail(argv[0]);
  thaw_detections_free(found);
  thaw_picture_free(picture);
  thaw_detector_free(detector);
  thaw_model_free(model);
  return status;
}
