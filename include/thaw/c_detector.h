/* The part of thaw/c_api.h, which includes it, for pictures and detectors. */
#pragma once

#include "thaw/c_api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Pictures ---- */

/* RGB, 8 bits, rows without gaps. */
typedef struct thaw_picture thaw_picture;

/* JPEG, PNG, BMP or GIF (its first frame), turned upright by its EXIF orientation. */
THAW_API thaw_status thaw_picture_read(const char* path, thaw_picture** picture);
/* The same from a file's bytes; `name` is what errors call them (NULL: "(memory)"). */
THAW_API thaw_status thaw_picture_decode(const void* bytes, size_t size, const char* name,
                                         thaw_picture** picture);
/* A copy of pixels whose rows are `stride` bytes apart (0: without gaps). */
THAW_API thaw_status thaw_picture_from_rgb(const uint8_t* rgb, int32_t width, int32_t height,
                                           size_t stride, thaw_picture** picture);
THAW_API void thaw_picture_free(thaw_picture* picture);
THAW_API int32_t thaw_picture_width(const thaw_picture* picture);
THAW_API int32_t thaw_picture_height(const thaw_picture* picture);
THAW_API const uint8_t* thaw_picture_rgb(const thaw_picture* picture);
/* Damage of the file that was lived with; "" when there was none. */
THAW_API const char* thaw_picture_warning(const thaw_picture* picture);
/* JPEG or PNG by the name's ending. */
THAW_API thaw_status thaw_picture_write(const thaw_picture* picture, const char* path);

/* ---- Detectors ---- */

typedef struct thaw_detector thaw_detector;
typedef struct thaw_detections thaw_detections; /* of one picture, best score first */

typedef struct thaw_detector_options {
  size_t struct_size;
  const char* labels; /* a label map (.pbtxt, .txt); NULL: labels are the class numbers */
  const char* boxes;  /* which tensor is what; NULL: told by names and shapes */
  const char* scores;
  const char* classes;
  const char* num;
} thaw_detector_options;

typedef struct thaw_class_score {
  int32_t class_id;
  float score;
} thaw_class_score;

typedef struct thaw_detect_options {
  size_t struct_size;
  int32_t has_score; /* not 0: `score` counts; otherwise it is 0.5 */
  float score;
  const thaw_class_score* class_scores; /* thresholds of single classes */
  size_t class_score_count;
  const int32_t* classes; /* only these; none: all */
  size_t class_count;
  int32_t has_region; /* not 0: only `region` is looked at: ymin, xmin, ymax, xmax, 0..1 */
  float region[4];
  int32_t tile_rows; /* 0: 1 */
  int32_t tile_columns;
  float tile_overlap; /* of a tile's height and width; 0: 0.2 */
  int32_t no_whole;   /* not 0: only tiles, not the whole picture too */
  int32_t tile_batch; /* tiles that run at once; 0: as the device likes */
} thaw_detect_options;

/* The layout of this struct does not change. */
typedef struct thaw_detection {
  int32_t class_id;
  float score;
  float box[4];      /* ymin, xmin, ymax, xmax, 0..1 of the picture */
  const char* label; /* lives as long as the thaw_detections */
} thaw_detection;

THAW_API thaw_status thaw_detector_create(const thaw_model* model,
                                          const thaw_engine_options* engine_options,
                                          const thaw_detector_options* options,
                                          thaw_detector** detector);
THAW_API void thaw_detector_free(thaw_detector* detector);
THAW_API thaw_status thaw_detector_detect(const thaw_detector* detector,
                                          const thaw_picture* picture,
                                          const thaw_detect_options* options,
                                          thaw_detections** detections);
/* The class that is called so (the first of several). */
THAW_API thaw_status thaw_detector_class_id(const thaw_detector* detector, const char* label,
                                            int32_t* class_id);
THAW_API void thaw_detections_free(thaw_detections* detections);
THAW_API size_t thaw_detections_count(const thaw_detections* detections);
THAW_API thaw_status thaw_detections_get(const thaw_detections* detections, size_t index,
                                         thaw_detection* detection);
/* Those that pass the options' score, class_scores and classes, without running the network again:
 * detect with score 0 gives all that there are. */
THAW_API thaw_status thaw_detections_filter(const thaw_detections* detections,
                                            const thaw_detect_options* options,
                                            thaw_detections** filtered);
THAW_API thaw_status thaw_detections_stages(const thaw_detections* detections,
                                            thaw_stage_times* times);
/* A copy of the picture with boxes, labels and scores. */
THAW_API thaw_status thaw_detections_annotate(const thaw_detections* detections,
                                              const thaw_picture* picture,
                                              thaw_picture** annotated);

/* The JSON document of `thaw detect --json`. */
typedef struct thaw_report thaw_report;

THAW_API thaw_status thaw_report_create(const thaw_detector* detector, thaw_report** report);
THAW_API void thaw_report_free(thaw_report* report);
/* `file` names the picture in the document. */
THAW_API thaw_status thaw_report_add(thaw_report* report, const char* file,
                                     const thaw_detections* detections);
/* A picture that could not be used, and why. */
THAW_API thaw_status thaw_report_add_error(thaw_report* report, const char* file,
                                           const char* error);
/* All of it as text, valid until the report's next call; `size` (may be NULL) without the zero. */
THAW_API thaw_status thaw_report_json(thaw_report* report, const char** text, size_t* size);

#ifdef __cplusplus
}
#endif
