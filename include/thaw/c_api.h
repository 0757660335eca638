/* thaw for C and for all that can call C: models, engines, requests, detectors.
 *
 * Handles are opaque and made by functions called _create, _load, _read and the like, through their
 * last argument; _free takes NULL too. A handle keeps alive what it was made of: a model may be
 * freed once its engine is there, an engine once its requests are.
 *
 * Functions that can fail return a thaw_status. Where it is not THAW_OK nothing was made or
 * changed, results are untouched, and thaw_last_error() says in one line what was wrong. No
 * exception leaves the library. Handles are not NULL, unless it says otherwise; functions that
 * return a status notice.
 *
 * Texts are UTF-8 and end with a zero byte. Texts and arrays that the caller passes are read before
 * the function returns, unless it says otherwise; those that the library returns belong to the
 * handle and live as long as it does, unless the function says less.
 *
 * Options and results that may grow begin with struct_size, which must be their size as the caller
 * was compiled: THAW_INIT(thaw_engine_options, options) declares one with all else zero, which
 * stands for the default. A newer library takes older structs.
 *
 * Threads: models, engines, pictures, detectors, detections, batchers and calibrations may be used
 * by any number of threads at once; a request or a report by one at a time (but
 * thaw_request_cancel). A handle is freed when nobody uses it any more. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "thaw/version.h"

#if defined(__GNUC__)
#define THAW_API __attribute__((visibility("default")))
#else
#define THAW_API
#endif

/* A variable of a struct with struct_size set and all else zero. */
#define THAW_INIT(type, variable)       \
  type variable;                        \
  memset(&(variable), 0, sizeof(type)); \
  (variable).struct_size = sizeof(type)

#ifdef __cplusplus
extern "C" {
#endif

/* THAW_VERSION as the library was built with it. */
THAW_API const char* thaw_version(void);

/* ---- Errors ---- */

typedef enum thaw_status {
  THAW_OK = 0,
  THAW_ERROR_USAGE = 1,    /* wrong arguments */
  THAW_ERROR_INPUT = 2,    /* a model, picture or label file that can't be used as it is */
  THAW_ERROR_RESOURCE = 3, /* memory, a device or disk space is missing */
  THAW_ERROR_INTERNAL = 4, /* thaw's own fault; worth a report */
  THAW_CANCELLED = 5       /* somebody asked for the end of the run */
} thaw_status;

/* What was wrong in the latest call of this thread that failed: file, node or field, what was
 * expected and what was found. Valid until this thread's next call that fails; "" before the first.
 */
THAW_API const char* thaw_last_error(void);

/* What the library has to say while all goes on, on whichever thread. `level` is 0 for information,
 * 1 for a warning. */
typedef void (*thaw_log_function)(void* user, int level, const char* text);

/* ---- Tensors ---- */

#define THAW_MAX_RANK 8

typedef enum thaw_dtype {
  THAW_INVALID = 0,
  THAW_FLOAT32 = 1,
  THAW_FLOAT64 = 2,
  THAW_FLOAT16 = 3,
  THAW_BFLOAT16 = 4,
  THAW_INT8 = 5,
  THAW_INT16 = 6,
  THAW_INT32 = 7,
  THAW_INT64 = 8,
  THAW_UINT8 = 9,
  THAW_UINT16 = 10,
  THAW_UINT32 = 11,
  THAW_UINT64 = 12,
  THAW_BOOL = 13,
  THAW_STRING = 14, /* elements are thaw_bytes */
  THAW_LIST = 15    /* of tensors; inside models only */
} thaw_dtype;

/* Rank -1: not even the rank is known; a dimension of -1: unknown. */
typedef struct thaw_shape {
  int32_t rank;
  int64_t dims[THAW_MAX_RANK];
} thaw_shape;

typedef struct thaw_bytes {
  const void* data;
  size_t size;
} thaw_bytes;

/* Dense and row-major. The layout of this struct does not change. */
typedef struct thaw_tensor {
  thaw_dtype dtype;
  thaw_shape shape;
  void* data;
  size_t size; /* bytes at `data`; of THAW_STRING as many thaw_bytes */
} thaw_tensor;

/* An input or output of a model. */
typedef struct thaw_tensor_info {
  size_t struct_size;
  const char* name;   /* "detection_boxes" */
  const char* tensor; /* the TensorFlow tensor, "detection_boxes:0" */
  thaw_dtype dtype;
  thaw_shape shape;
  int optional; /* an input that takes its default where it is not fed */
} thaw_tensor_info;

/* ---- Devices ---- */

/* 0 is what a model was optimised for, or float32. */
typedef enum thaw_precision {
  THAW_PRECISION_DEFAULT = 0,
  THAW_FP32 = 1,
  THAW_FP16 = 2,
  THAW_BF16 = 3,
  THAW_PRECISION_INT8 = 4
} thaw_precision;

typedef struct thaw_device_info {
  size_t struct_size;
  const char* name;     /* for thaw_engine_options.device */
  const char* model;    /* of the processor or board, for people */
  const char* identity; /* what plans and timings depend on */
  uint64_t memory;      /* bytes */
  uint32_t fast;        /* bit 1 << thaw_precision: faster there than float32, or float32 itself */
} thaw_device_info;

/* The devices of this machine, best first; the texts live as long as the process. */
THAW_API thaw_status thaw_device_count(size_t* count);
THAW_API thaw_status thaw_device_get(size_t index, thaw_device_info* info);

/* ---- Models ---- */

typedef struct thaw_model thaw_model;

typedef struct thaw_model_options {
  size_t struct_size;
  const char* signature;      /* of a SavedModel; NULL: serving_default, or the only one */
  const char* const* outputs; /* tensor names to compute instead of the model's outputs */
  size_t output_count;
  const char* const* inputs; /* tensor names to feed instead of the model's inputs */
  size_t input_count;
  thaw_log_function
      log; /* may be called as long as the model or an engine of it lives; may be NULL */
  void* log_user;
} thaw_model_options;

/* A frozen graph (.pb, .pbtxt), a SavedModel's folder, or one that thaw optimised. `options` may be
 * NULL, here and everywhere. */
THAW_API thaw_status thaw_model_load(const char* path, const thaw_model_options* options,
                                     thaw_model** model);
/* A frozen graph's bytes, binary or text, which are copied; `name` is what errors call it (NULL:
 * "(memory)"). */
THAW_API thaw_status thaw_model_from_memory(const void* bytes, size_t size, const char* name,
                                            const thaw_model_options* options, thaw_model** model);
THAW_API void thaw_model_free(thaw_model* model);
THAW_API size_t thaw_model_input_count(const thaw_model* model);
THAW_API size_t thaw_model_output_count(const thaw_model* model);
THAW_API thaw_status thaw_model_input(const thaw_model* model, size_t index,
                                      thaw_tensor_info* info);
THAW_API thaw_status thaw_model_output(const thaw_model* model, size_t index,
                                       thaw_tensor_info* info);

/* ---- Engines ---- */

typedef struct thaw_engine thaw_engine;
typedef struct thaw_calibration thaw_calibration;

typedef struct thaw_engine_options {
  size_t struct_size;
  const char* device; /* NULL: "auto" */
  int32_t threads;    /* of each request; 0: as many as the process may use */
  thaw_precision precision;
  const thaw_calibration* calibration; /* for THAW_PRECISION_INT8 */
  uint64_t memory_limit;               /* bytes that plans and weights may take; 0: no limit */
  const char* const* outputs;          /* names of the outputs to compute; none: all */
  size_t output_count;
  int32_t
      max_cached_engines;   /* plans for so many input shapes are kept; -1: none; 0: the default */
  int32_t tune;             /* not 0: race kernels when a plan is built */
  const char* timing_cache; /* file that races are kept in; NULL: the user's */
  int32_t pin;              /* not 0: bind threads to processors */
  uint64_t max_workspace_size;  /* bytes of working memory that a kernel may ask for; 0: no limit */
  int32_t minimum_segment_size; /* smaller segments run beside the device; 0: as optimised, or 3;
                                   -1: all do */
  int32_t allow_build; /* of plans where the model runs; 0: as it was optimised; 1: yes; -1: no */
  int32_t strict;      /* not 0: what would run slowly is an error */
} thaw_engine_options;

THAW_API thaw_status thaw_engine_create(const thaw_model* model, const thaw_engine_options* options,
                                        thaw_engine** engine);
THAW_API void thaw_engine_free(thaw_engine* engine);
THAW_API size_t thaw_engine_input_count(const thaw_engine* engine);
THAW_API size_t thaw_engine_output_count(const thaw_engine* engine);
THAW_API thaw_status thaw_engine_input(const thaw_engine* engine, size_t index,
                                       thaw_tensor_info* info);
THAW_API thaw_status thaw_engine_output(const thaw_engine* engine, size_t index,
                                        thaw_tensor_info* info);
/* The place of an input or output by its name or its TensorFlow tensor. */
THAW_API thaw_status thaw_engine_input_index(const thaw_engine* engine, const char* name,
                                             size_t* index);
THAW_API thaw_status thaw_engine_output_index(const thaw_engine* engine, const char* name,
                                              size_t* index);
THAW_API const char* thaw_engine_device(const thaw_engine* engine);
THAW_API int32_t thaw_engine_threads(const thaw_engine* engine);
THAW_API thaw_precision thaw_engine_precision(const thaw_engine* engine);
/* Builds the plan for these input shapes now, in the order of the inputs; a shape of rank -1: an
 * optional input that is not fed. */
THAW_API thaw_status thaw_engine_prepare(const thaw_engine* engine, const thaw_shape* shapes,
                                         size_t count);

/* ---- Plans: what an engine made of the model for inputs of some shapes, as it was when asked ----
 */

typedef struct thaw_plan thaw_plan;

typedef struct thaw_plan_info {
  size_t struct_size;
  const char* origin; /* its file, or "built in memory" */
  size_t shape_count;
  /* That it serves, in the order of the inputs: height and width are -1 where it serves pictures of
   * all sizes, the rank where an optional input is not fed. */
  const thaw_shape* shapes;
  int32_t is_static; /* not 0: all shapes are known before the run */
  int32_t is_slow;   /* not 0: it stands in for plans that there are not: see rung */
  double build_ms;
  /* How the engine came to it, the best first: "stored", "built", "cache full", "build not
   * allowed", "build failed". */
  const char* rung;
  const char* why; /* what was wrong with a better one; "" */
} thaw_plan_info;

/* A step of a plan. */
typedef struct thaw_layer_info {
  size_t struct_size;
  const char* name;   /* the TensorFlow node */
  const char* op;     /* thaw's op with its attributes */
  const char* kernel; /* "cpu.conv2d.avx512" */
  const char* output; /* "float32[1,150,150,24]" */
  const char* stage;  /* upload, preprocess, network, postprocess, download */
  const char* why;    /* faster kernels were passed over, or how the race went; "" */
  int64_t macs;       /* multiply-accumulates */
  double ms;          /* mean over profiled runs, or as measured when the plan's file was written */
  int64_t weight_bytes;
  int64_t activation_bytes; /* that it reads and writes */
  int32_t threads;          /* that it may use */
} thaw_layer_info;

/* Steps that follow each other on one device. */
typedef struct thaw_segment_info {
  size_t struct_size;
  const char* device; /* "cpu" */
  const char* why;    /* it does not go on where the one before ran; "" */
  size_t layers;      /* of the plan's, behind those of the segments before */
} thaw_segment_info;

/* Those that the engine keeps, the latest used first and the slower one last; NULL past the last.
 * They have no layers: a request's plan does. */
THAW_API thaw_status thaw_engine_plan(const thaw_engine* engine, size_t index, thaw_plan** plan);
THAW_API void thaw_plan_free(thaw_plan* plan);
THAW_API thaw_status thaw_plan_get(const thaw_plan* plan, thaw_plan_info* info);
THAW_API size_t thaw_plan_layer_count(const thaw_plan* plan);
THAW_API size_t thaw_plan_segment_count(const thaw_plan* plan);
THAW_API thaw_status thaw_plan_layer(const thaw_plan* plan, size_t index, thaw_layer_info* info);
THAW_API thaw_status thaw_plan_segment(const thaw_plan* plan, size_t index,
                                       thaw_segment_info* info);

/* ---- Requests: one inference at a time; for more at once, more requests of one engine ---- */

typedef struct thaw_request thaw_request;

/* Milliseconds. */
typedef struct thaw_stage_times {
  size_t struct_size;
  double upload;
  double preprocess;
  double network;
  double postprocess;
  double download;
  double prepare; /* building the plan, or waiting for it */
} thaw_stage_times;

/* Bytes. */
typedef struct thaw_memory_use {
  size_t struct_size;
  uint64_t arena;   /* activations */
  uint64_t weights; /* shared by all requests of an engine */
  uint64_t scratch;
} thaw_memory_use;

THAW_API thaw_status thaw_request_create(const thaw_engine* engine, thaw_request** request);
/* Cancels a run that goes on and waits for its end. */
THAW_API void thaw_request_free(thaw_request* request);
/* What an input is read from in the runs to come: the caller's memory itself, which must stay until
 * it is set again or the request is freed, and must not change while a run goes on. Elements of
 * THAW_STRING are copied. NULL: not fed, for optional inputs. */
THAW_API thaw_status thaw_request_set_input(thaw_request* request, size_t index,
                                            const thaw_tensor* tensor);
/* Memory of the request's own for an input of this shape, set as the input, to be written before a
 * run; it stays until another shape is asked for. Not for THAW_STRING. */
THAW_API thaw_status thaw_request_input(thaw_request* request, size_t index,
                                        const thaw_shape* shape, thaw_tensor* tensor);
/* Where the runs to come write a result: memory of the caller's, of the result's type and shape.
 * NULL: the request's memory. Not for THAW_STRING. */
THAW_API thaw_status thaw_request_set_output(thaw_request* request, size_t index,
                                             const thaw_tensor* tensor);
/* Builds the plan for these input shapes now, as thaw_engine_prepare does, and all that this
 * request needs to run it. Results of runs before are gone. */
THAW_API thaw_status thaw_request_prepare(thaw_request* request, const thaw_shape* shapes,
                                          size_t count);
THAW_API thaw_status thaw_request_run(thaw_request* request);
/* Begins a run and returns at once; what it came to is what the next thaw_request_wait returns.
 * Until then only cancel, wait, wait_for and is_running may be called. */
THAW_API thaw_status thaw_request_start(thaw_request* request);
THAW_API thaw_status thaw_request_wait(thaw_request* request);
/* Waits for so long at most; *ended is 0 where the run still goes on. */
THAW_API thaw_status thaw_request_wait_for(thaw_request* request, int64_t microseconds, int* ended);
THAW_API int thaw_request_is_running(const thaw_request* request);
/* Ends the run that goes on, if one does, with THAW_CANCELLED. From any thread. */
THAW_API void thaw_request_cancel(thaw_request* request);
/* Called on a thread of the request's when a run ends that was started; `message` is "" or the
 * error. It may start the request again, but not wait for it or free it. NULL: nobody. */
typedef void (*thaw_request_function)(void* user, thaw_status status, const char* message);
THAW_API thaw_status thaw_request_set_callback(thaw_request* request,
                                               thaw_request_function function, void* user);
/* A result of the latest run, valid until the next one or until the request is freed. */
THAW_API thaw_status thaw_request_output(const thaw_request* request, size_t index,
                                         thaw_tensor* tensor);
THAW_API thaw_status thaw_request_stages(const thaw_request* request, thaw_stage_times* times);
THAW_API thaw_status thaw_request_memory(const thaw_request* request, thaw_memory_use* memory);
/* Not 0: times each layer from the next run on, for thaw_request_plan. */
THAW_API thaw_status thaw_request_set_profiling(thaw_request* request, int on);
/* The latest plan with its layers and segments; NULL before the first. */
THAW_API thaw_status thaw_request_plan(const thaw_request* request, thaw_plan** plan);

/* A DLManagedTensor's deleter that sets the int32_t at its manager_ctx to 1 and does nothing else:
 * for languages whose code must not run wherever another library lets a tensor go. */
THAW_API void thaw_dlpack_deleter(void* managed_tensor);

/* ---- Batchers: single inferences of many threads, run together ---- */

typedef struct thaw_batcher thaw_batcher;
typedef struct thaw_pending thaw_pending; /* an inference that was submitted */
typedef struct thaw_results thaw_results; /* tensors, in the order of the engine's outputs */

typedef struct thaw_batcher_options {
  size_t struct_size;
  int32_t max_batch;             /* inferences that run together at most; 0: 1 */
  int32_t requests;              /* batches that run at the same time; 0: 1 */
  int64_t max_wait_microseconds; /* that one waits for others */
} thaw_batcher_options;

/* The engine's inputs must leave their first extent open, or fix it to 1 where max_batch is 1. */
THAW_API thaw_status thaw_batcher_create(const thaw_engine* engine,
                                         const thaw_batcher_options* options,
                                         thaw_batcher** batcher);
/* Runs what waits first. */
THAW_API void thaw_batcher_free(thaw_batcher* batcher);
/* One inference: `count` inputs in the engine's order, each with a first extent of 1. */
THAW_API thaw_status thaw_batcher_run(thaw_batcher* batcher, const thaw_tensor* inputs,
                                      size_t count, thaw_results** results);
/* The same without waiting. The inputs' memory must stay as it is until the inference is done. */
THAW_API thaw_status thaw_batcher_submit(thaw_batcher* batcher, const thaw_tensor* inputs,
                                         size_t count, thaw_pending** pending);
/* Waits and hands the results over, once. */
THAW_API thaw_status thaw_pending_wait(thaw_pending* pending, thaw_results** results);
/* Waits too, where nobody did. */
THAW_API void thaw_pending_free(thaw_pending* pending);
THAW_API void thaw_results_free(thaw_results* results);
THAW_API size_t thaw_results_count(const thaw_results* results);
/* Valid as long as the thaw_results. */
THAW_API thaw_status thaw_results_get(const thaw_results* results, size_t index,
                                      thaw_tensor* tensor);

#ifdef __cplusplus
}
#endif

#include "thaw/c_accuracy.h"
#include "thaw/c_detector.h"
#include "thaw/c_optimize.h"
