/* The part of thaw/c_api.h, which includes it, for making models ready: calibrating, converting,
 * optimising, and the command line. */
#pragma once

#include "thaw/c_api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Calibrating ---- */

/* Ranges for INT8: runs the model on `batches` batches, each the model's inputs in their order, all
 * of one shape. */
THAW_API thaw_status thaw_calibrate(const thaw_model* model, const thaw_engine_options* options,
                                    const thaw_tensor* tensors, size_t batches,
                                    thaw_calibration** calibration);

typedef struct thaw_calibrate_options {
  size_t struct_size;
  const char* method; /* "mse" (NULL too), "entropy", "percentile:99.99", "min-max" */
  int32_t
      per_channel; /* not 0: ranges of channels besides, where only depthwise layers read them */
  /* Told on the caller's thread how much is done, of how much. */
  void (*progress)(void* user, size_t done, size_t total);
  void* progress_user;
} thaw_calibrate_options;

/* The same with a choice of how ranges are chosen. */
THAW_API thaw_status thaw_calibrate_with(const thaw_model* model,
                                         const thaw_engine_options* options,
                                         const thaw_calibrate_options* how,
                                         const thaw_tensor* tensors, size_t batches,
                                         thaw_calibration** calibration);
THAW_API void thaw_calibration_free(thaw_calibration* calibration);
/* A calibration as a table (docs/commands.md): ranges by the layers' names, and the layers that
 * stay in float32. Read from a file, or from the folder of a SavedModel that thaw optimised with
 * one; parsed from text, which errors call `name` (NULL: "(memory)"). */
THAW_API thaw_status thaw_calibration_read(const char* path, thaw_calibration** calibration);
THAW_API thaw_status thaw_calibration_parse(const char* text, const char* name,
                                            thaw_calibration** calibration);
THAW_API thaw_status thaw_calibration_write(const thaw_calibration* calibration, const char* path);
THAW_API const char* thaw_calibration_text(const thaw_calibration* calibration);

/* ---- Writing models ---- */

typedef struct thaw_convert_options {
  size_t struct_size;
  const char* signature;
  const char* const* outputs;
  size_t output_count;
  int32_t overwrite;    /* not 0: an existing destination is replaced */
  double check_seconds; /* that checking may take; 0: 60; negative: any time */
} thaw_convert_options;

/* Frozen graph to SavedModel, or SavedModel to frozen graph where `destination` ends in .pb or
 * .pbtxt. The destination appears whole or not at all. */
THAW_API thaw_status thaw_convert(const char* source, const char* destination,
                                  const thaw_convert_options* options);

typedef struct thaw_optimize_options {
  size_t struct_size;
  const char* const* outputs;
  size_t output_count;
  const thaw_shape* shapes; /* shape_sets times the shapes of all inputs in their order */
  size_t shape_sets;        /* a plan is built for each; 0: for the model's own */
  size_t inputs_per_set;
  const thaw_engine_options* engine; /* what plans are built with */
  int32_t no_build;                  /* not 0: no plans */
  int32_t overwrite;
  double check_seconds;
  void (*progress)(void* user, const char* text); /* told what begins */
  void* progress_user;
  thaw_log_function log; /* plans kept of a run before, a wait for another one, a damaged cache */
  void* log_user;
} thaw_optimize_options;

/* A SavedModel that TensorFlow still loads, with thaw's plans in it: thaw starts from it in
 * milliseconds. */
THAW_API thaw_status thaw_optimize(const char* source, const char* destination,
                                   const thaw_optimize_options* options);

/* ---- The command line ---- */

/* The program `thaw` (docs/commands.md) as a function: argv[0] is not read, the result is the exit
 * status. It writes to the process's own streams, changes what the process does on signals, and may
 * end the process; for programs that do nothing else. */
THAW_API int thaw_main(int argc, char** argv);

#ifdef __cplusplus
}
#endif
