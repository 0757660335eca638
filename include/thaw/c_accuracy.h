/* The part of thaw/c_api.h, which includes it, for what few bits cost: layer by layer, and which
 * layers to keep in float32 so that a detector loses no more accuracy than allowed. */
#pragma once

#include "thaw/c_api.h"
#include "thaw/c_detector.h"
#include "thaw/c_optimize.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Layers, the one that loses most first. For any number of threads at once. */
typedef struct thaw_sensitivity thaw_sensitivity;

typedef struct thaw_layer_loss {
  size_t struct_size;
  const char* layer;
  double signal_to_noise; /* of the network's results when this layer alone goes to few bits, dB;
                             infinite where nothing changes */
} thaw_layer_loss;

/* Told on the caller's thread what is done, and of how much. */
typedef void (*thaw_work_function)(void* user, const char* what, size_t done, size_t total);

/* For the options' precision, which is not float32, and calibration; `tensors` as thaw_calibrate
 * takes them. `told` may be NULL. */
THAW_API thaw_status thaw_measure_sensitivity(const thaw_model* model,
                                              const thaw_engine_options* options,
                                              const thaw_tensor* tensors, size_t batches,
                                              thaw_work_function told, void* user,
                                              thaw_sensitivity** sensitivity);
THAW_API void thaw_sensitivity_free(thaw_sensitivity* sensitivity);
THAW_API size_t thaw_sensitivity_count(const thaw_sensitivity* sensitivity);
THAW_API thaw_status thaw_sensitivity_get(const thaw_sensitivity* sensitivity, size_t index,
                                          thaw_layer_loss* loss);

/* A detector's pictures with their truth. */
typedef struct thaw_truth_options {
  size_t struct_size;
  const char* const* pictures; /* files */
  size_t picture_count;
  const char* truth;                     /* COCO instances, .json */
  const thaw_detector_options* detector; /* labels and tensors; may be NULL */
  thaw_work_function told;
  void* user;
} thaw_truth_options;

typedef struct thaw_held_accuracy {
  size_t struct_size;
  int32_t held;      /* 0: AP falls by more as long as one layer is in few bits */
  double ap_float32; /* COCO's AP in float32, */
  double ap_all;     /* with all layers in few bits, */
  double ap;         /* and with those of wide_count that lose most in float32 */
  double ms_float32; /* the median time of a picture in these cases, without decoding */
  double ms_all;
  double ms;
  size_t wide_count;
} thaw_held_accuracy;

/* The fewest layers, from the first on, that have to stay in float32 for AP to fall by no more than
 * `allowed`. `calibration` gets that of the options with these layers wide, for thaw_optimize and
 * thaw_engine_create. */
THAW_API thaw_status thaw_hold_accuracy(const thaw_model* model, const thaw_engine_options* options,
                                        const thaw_truth_options* truth,
                                        const thaw_sensitivity* sensitivity, double allowed,
                                        thaw_held_accuracy* result, thaw_calibration** calibration);

#ifdef __cplusplus
}
#endif
