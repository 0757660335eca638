#include "tests/c_api/c_api_check.h"

#include <stdio.h>
#include <stdlib.h>

#include "thaw/c_api.h"

static int failures = 0;

#define CHECK(condition)                                                                      \
  do {                                                                                        \
    if (!(condition)) {                                                                       \
      fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, thaw_last_error()); \
      ++failures;                                                                             \
    }                                                                                         \
  } while (0)
#define CHECK_OK(call) CHECK((call) == THAW_OK)

/* y = Relu(x), and text in and out unchanged. */
static const char* kModel =
    "node { name: \"x\" op: \"Placeholder\" attr { key: \"dtype\" value { type: DT_FLOAT } }\n"
    "  attr { key: \"shape\" value { shape { dim { size: -1 } dim { size: 3 } } } } }\n"
    "node { name: \"y\" op: \"Relu\" input: \"x\" attr { key: \"T\" value { type: DT_FLOAT } } }\n"
    "node { name: \"s\" op: \"Placeholder\" attr { key: \"dtype\" value { type: DT_STRING } }\n"
    "  attr { key: \"shape\" value { shape { dim { size: 2 } } } } }\n"
    "node { name: \"t\" op: \"Identity\" input: \"s\" attr { key: \"T\" value { type: DT_STRING } "
    "} }\n";

static thaw_shape shape_of(int64_t rows, int64_t columns) {
  thaw_shape shape;
  memset(&shape, 0, sizeof shape);
  shape.rank = columns > 0 ? 2 : 1;
  shape.dims[0] = rows;
  shape.dims[1] = columns;
  return shape;
}

static thaw_tensor tensor_of(thaw_dtype dtype, thaw_shape shape, void* data, size_t size) {
  thaw_tensor tensor;
  tensor.dtype = dtype;
  tensor.shape = shape;
  tensor.data = data;
  tensor.size = size;
  return tensor;
}

static void check_version_and_devices(void) {
  size_t count = 0;
  CHECK(strcmp(thaw_version(), THAW_VERSION) == 0);
  CHECK_OK(thaw_device_count(&count));
  CHECK(count >= 1);
  THAW_INIT(thaw_device_info, info);
  CHECK_OK(thaw_device_get(0, &info));
  CHECK(strlen(info.name) > 0 && strlen(info.identity) > 0 && info.memory > 0);
  CHECK((info.fast & (1U << THAW_FP32)) != 0);
  CHECK(thaw_device_get(count, &info) == THAW_ERROR_USAGE);
  CHECK(strstr(thaw_last_error(), "devices") != NULL);
}

/* Structs of older and newer callers. */
static void check_struct_sizes(const thaw_model* model) {
  thaw_engine* engine = NULL;
  struct {
    thaw_engine_options options;
    char more[16];
  } newer;
  memset(&newer, 0, sizeof newer);
  newer.options.struct_size = sizeof newer;
  CHECK_OK(thaw_engine_create(model, &newer.options, &engine));
  thaw_engine_free(engine);
  engine = NULL;
  newer.more[3] = 1;
  CHECK(thaw_engine_create(model, &newer.options, &engine) == THAW_ERROR_USAGE);
  CHECK(engine == NULL);
  THAW_INIT(thaw_engine_options, older);
  older.struct_size = offsetof(thaw_engine_options, precision);
  older.precision = (thaw_precision)99;
  CHECK_OK(thaw_engine_create(model, &older, &engine));
  thaw_engine_free(engine);
  older.struct_size = 0;
  CHECK(thaw_engine_create(model, &older, &engine) == THAW_ERROR_USAGE);
}

static void check_errors(void) {
  thaw_model* model = NULL;
  CHECK(thaw_model_load("/not/there.pb", NULL, &model) == THAW_ERROR_INPUT);
  CHECK(model == NULL);
  CHECK(strstr(thaw_last_error(), "/not/there.pb") != NULL);
  CHECK(thaw_model_load(NULL, NULL, &model) == THAW_ERROR_USAGE);
  CHECK(thaw_model_from_memory("\x0a\x7f", 2, "mine", NULL, &model) == THAW_ERROR_INPUT);
  CHECK(strncmp(thaw_last_error(), "mine", 4) == 0);
  thaw_model_free(NULL);
  thaw_engine_free(NULL);
  thaw_request_free(NULL);
  thaw_picture_free(NULL);
  thaw_detector_free(NULL);
  thaw_detections_free(NULL);
  thaw_report_free(NULL);
  thaw_calibration_free(NULL);
  thaw_batcher_free(NULL);
  thaw_plan_free(NULL);
  thaw_pending_free(NULL);
  thaw_results_free(NULL);
}

static void count_calls(void* user, thaw_status status, const char* message) {
  if (status == THAW_OK && message[0] == '\0') ++*(int*)user;
}

static void check_results(thaw_request* request, const float* expected, const float* own) {
  thaw_tensor result;
  CHECK_OK(thaw_request_output(request, 0, &result));
  CHECK(result.dtype == THAW_FLOAT32 && result.shape.rank == 2 && result.shape.dims[0] == 2);
  CHECK(result.size == 6 * sizeof(float));
  CHECK(memcmp(result.data, expected, result.size) == 0);
  if (own != NULL) CHECK(result.data == own);
}

static void check_request(const thaw_engine* engine) {
  float values[6] = {-1, 0, 1, 2, -3, 4};
  const float expected[6] = {0, 0, 1, 2, 0, 4};
  float own[6] = {9, 9, 9, 9, 9, 9};
  thaw_bytes texts[2] = {{"ab", 2}, {"c\0d", 3}};
  size_t x = 9, s = 9, y = 9, t = 9;
  thaw_request* request = NULL;
  thaw_tensor tensor;
  CHECK_OK(thaw_engine_input_index(engine, "x", &x));
  CHECK_OK(thaw_engine_input_index(engine, "s:0", &s));
  CHECK_OK(thaw_engine_output_index(engine, "y", &y));
  CHECK_OK(thaw_engine_output_index(engine, "t", &t));
  CHECK(y == 0 && thaw_engine_input_index(engine, "z", &x) == THAW_ERROR_USAGE);
  CHECK_OK(thaw_request_create(engine, &request));
  CHECK(thaw_request_run(request) == THAW_ERROR_INPUT); /* nothing is fed */
  tensor = tensor_of(THAW_STRING, shape_of(2, 0), texts, sizeof texts);
  CHECK_OK(thaw_request_set_input(request, s, &tensor));
  tensor = tensor_of(THAW_FLOAT32, shape_of(2, 3), values, sizeof values);
  CHECK_OK(thaw_request_set_input(request, x, &tensor));
  CHECK_OK(thaw_request_run(request));
  check_results(request, expected, NULL);
  CHECK_OK(thaw_request_output(request, t, &tensor));
  CHECK(tensor.dtype == THAW_STRING && tensor.size == sizeof texts);
  CHECK(((thaw_bytes*)tensor.data)[1].size == 3);
  CHECK(memcmp(((thaw_bytes*)tensor.data)[1].data, "c\0d", 3) == 0);
  /* The caller's memory for the result, the request's for the input. */
  tensor = tensor_of(THAW_FLOAT32, shape_of(2, 3), own, sizeof own);
  CHECK_OK(thaw_request_set_output(request, y, &tensor));
  const thaw_shape shape = shape_of(2, 3);
  CHECK_OK(thaw_request_input(request, x, &shape, &tensor));
  memcpy(tensor.data, values, sizeof values);
  int calls = 0;
  int ended = 0;
  CHECK_OK(thaw_request_set_callback(request, count_calls, &calls));
  CHECK_OK(thaw_request_start(request));
  while (ended == 0) CHECK_OK(thaw_request_wait_for(request, 1000000, &ended));
  CHECK_OK(thaw_request_wait(request));
  check_results(request, expected, own);
  thaw_request_cancel(request); /* nothing goes on */
  THAW_INIT(thaw_stage_times, times);
  CHECK_OK(thaw_request_stages(request, &times));
  CHECK(times.network >= 0);
  THAW_INIT(thaw_memory_use, memory);
  CHECK_OK(thaw_request_memory(request, &memory));
  tensor = tensor_of(THAW_FLOAT32, shape_of(2, 3), values, sizeof values - 1);
  CHECK(thaw_request_set_input(request, x, &tensor) == THAW_ERROR_USAGE);
  thaw_request_free(request);
  CHECK(calls == 1); /* at the latest now */
}

/* Plans with their layers, of the engine and of a request. */
/* DLPack's DLManagedTensor. */
typedef struct managed_tensor {
  struct {
    void* data;
    int32_t device_type, device_id, ndim;
    uint8_t code, bits;
    uint16_t lanes;
    int64_t* shape;
    int64_t* strides;
    uint64_t byte_offset;
  } tensor;
  void* manager_ctx;
  void (*deleter)(struct managed_tensor* self);
} managed_tensor;

static void check_dlpack(void) {
  int32_t is_gone[2] = {0, 0};
  managed_tensor managed;
  memset(&managed, 0, sizeof managed);
  managed.manager_ctx = &is_gone[0];
  thaw_dlpack_deleter(&managed);
  CHECK(is_gone[0] == 1 && is_gone[1] == 0);
}

static void check_plans(const thaw_engine* engine) {
  const float values[6] = {-1, 0, 1, 2, -3, 4};
  const thaw_bytes texts[2] = {{"ab", 2}, {"c", 1}};
  const thaw_shape shapes[2] = {shape_of(2, 3), shape_of(2, 0)};
  thaw_request* request = NULL;
  thaw_plan* plan = NULL;
  size_t count = 0;
  double ms = 0;
  CHECK_OK(thaw_request_create(engine, &request));
  CHECK_OK(thaw_request_plan(request, &plan));
  CHECK(plan == NULL && thaw_request_is_running(request) == 0);
  CHECK_OK(thaw_request_set_profiling(request, 1));
  CHECK_OK(thaw_request_prepare(request, shapes, 2));
  CHECK(thaw_request_prepare(request, shapes, 1) != THAW_OK);
  thaw_tensor tensor = tensor_of(THAW_FLOAT32, shapes[0], (void*)values, sizeof values);
  CHECK_OK(thaw_request_set_input(request, 0, &tensor));
  tensor = tensor_of(THAW_STRING, shapes[1], (void*)texts, sizeof texts);
  CHECK_OK(thaw_request_set_input(request, 1, &tensor));
  CHECK_OK(thaw_request_run(request));
  CHECK_OK(thaw_request_plan(request, &plan));
  THAW_INIT(thaw_plan_info, info);
  CHECK_OK(thaw_plan_get(plan, &info));
  CHECK(strcmp(info.origin, "built in memory") == 0 && info.is_slow == 0 && info.build_ms > 0);
  CHECK(info.shape_count == 2 && info.shapes[0].rank == 2 && info.shapes[0].dims[1] == 3);
  THAW_INIT(thaw_layer_info, layer);
  for (size_t i = 0; i < thaw_plan_layer_count(plan); ++i) {
    CHECK_OK(thaw_plan_layer(plan, i, &layer));
    if (strcmp(layer.name, "y") == 0) CHECK(strstr(layer.output, "float32[2,3]") != NULL);
    ms += layer.ms;
  }
  CHECK(thaw_plan_layer_count(plan) > 0 && ms > 0);
  CHECK(thaw_plan_layer(plan, 99, &layer) == THAW_ERROR_USAGE);
  THAW_INIT(thaw_segment_info, segment);
  for (size_t i = 0; i < thaw_plan_segment_count(plan); ++i) {
    CHECK_OK(thaw_plan_segment(plan, i, &segment));
    count += segment.layers;
  }
  CHECK(count == thaw_plan_layer_count(plan) && strcmp(segment.device, "ref") == 0);
  thaw_plan_free(plan);
  thaw_request_free(request);
  CHECK_OK(thaw_engine_plan(engine, 0, &plan));
  CHECK(plan != NULL && thaw_plan_layer_count(plan) == 0);
  thaw_plan_free(plan);
  CHECK_OK(thaw_engine_plan(engine, 99, &plan));
  CHECK(plan == NULL);
}

static const char* kLoop =
    "node { name: \"x\" op: \"Placeholder\" attr { key: \"dtype\" value { type: DT_FLOAT } }\n"
    "  attr { key: \"shape\" value { shape { dim { size: 1000 } dim { size: 1000 } } } } }\n"
    "node { name: \"m\" op: \"MatMul\" input: \"x\" input: \"x\" attr { key: \"T\" value { type: "
    "DT_FLOAT } } }\n"
    "node { name: \"y\" op: \"MatMul\" input: \"m\" input: \"m\" attr { key: \"T\" value { type: "
    "DT_FLOAT } } }\n";

/* A run that somebody ends; on the plainest kernels it takes long. */
static void check_cancel(void) {
  thaw_model* model = NULL;
  thaw_engine* engine = NULL;
  thaw_request* request = NULL;
  int ended = 1;
  const thaw_shape shape = shape_of(1000, 1000);
  thaw_tensor tensor;
  THAW_INIT(thaw_engine_options, options);
  options.device = "ref";
  CHECK_OK(thaw_model_from_memory(kLoop, strlen(kLoop), NULL, NULL, &model));
  CHECK_OK(thaw_engine_create(model, &options, &engine));
  CHECK_OK(thaw_request_create(engine, &request));
  CHECK_OK(thaw_request_input(request, 0, &shape, &tensor));
  memset(tensor.data, 0, tensor.size);
  CHECK_OK(thaw_request_prepare(request, &shape, 1));
  CHECK_OK(thaw_request_start(request));
  CHECK(thaw_request_is_running(request) == 1);
  CHECK(thaw_request_start(request) == THAW_ERROR_USAGE);
  CHECK_OK(thaw_request_wait_for(request, 1, &ended));
  CHECK(ended == 0);
  thaw_request_cancel(request);
  CHECK(thaw_request_wait(request) == THAW_CANCELLED);
  CHECK(thaw_request_is_running(request) == 0);
  thaw_request_free(request);
  thaw_engine_free(engine);
  thaw_model_free(model);
}

/* y = Relu6(x w), calibrated for INT8. */
static const char* kLayer =
    "node { name: \"x\" op: \"Placeholder\" attr { key: \"dtype\" value { type: DT_FLOAT } }\n"
    "  attr { key: \"shape\" value { shape { dim { size: 2 } dim { size: 1 } } } } }\n"
    "node { name: \"w\" op: \"Const\" attr { key: \"dtype\" value { type: DT_FLOAT } }\n"
    "  attr { key: \"value\" value { tensor { dtype: DT_FLOAT tensor_shape { dim { size: 1 } dim { "
    "size: 1 } } float_val: 2 } } } }\n"
    "node { name: \"m\" op: \"MatMul\" input: \"x\" input: \"w\" attr { key: \"T\" value { type: "
    "DT_FLOAT } } }\n"
    "node { name: \"y\" op: \"Relu6\" input: \"m\" attr { key: \"T\" value { type: DT_FLOAT } } "
    "}\n";

static void count_progress(void* user, size_t done, size_t total) {
  *(size_t*)user += total - done;
}

/* What a table says is what is read from it. */
static void check_table(const thaw_calibration* made) {
  const char* head = "# thaw calibration 1\n";
  thaw_calibration* table = NULL;
  thaw_calibration* again = NULL;
  CHECK(strncmp(thaw_calibration_text(made), head, strlen(head)) == 0);
  CHECK_OK(thaw_calibration_parse(
      "# thaw calibration 1\nrange a/b -1 2.5 mine\nchannels a/b 0 2.5 -1 0\nwide c\n", NULL,
      &table));
  const char* text = thaw_calibration_text(table);
  CHECK(strstr(text, "\nrange a/b -1 2.5 mine\n") != NULL);
  CHECK(strstr(text, "\nchannels a/b 0 2.5 -1 0\n") != NULL);
  CHECK(strstr(text, "\nwide c\n") != NULL);
  CHECK_OK(thaw_calibration_parse(text, "again", &again));
  CHECK(strcmp(text, thaw_calibration_text(again)) == 0);
  thaw_calibration_free(again);
  again = NULL;
  CHECK(thaw_calibration_parse("# thaw calibration 1\nrange a 1 0\n", "mine", &again) ==
        THAW_ERROR_INPUT);
  CHECK(again == NULL && strstr(thaw_last_error(), "mine:2: layer 'a'") != NULL);
  CHECK(thaw_calibration_read("/no/such/table", &again) == THAW_ERROR_INPUT);
  CHECK(thaw_calibration_write(table, "/no/such/folder/table") == THAW_ERROR_RESOURCE);
  thaw_calibration_free(table);
}

/* Of a model without layers that could go to few bits. */
static void check_accuracy(const thaw_model* model, const thaw_tensor* tensors) {
  thaw_calibration* calibration = NULL;
  thaw_sensitivity* sensitivity = NULL;
  size_t told = 0;
  THAW_INIT(thaw_calibrate_options, how);
  how.method = "percentile:99.9";
  how.per_channel = 1;
  how.progress = count_progress;
  how.progress_user = &told;
  CHECK_OK(thaw_calibrate_with(model, NULL, &how, tensors, 2, &calibration));
  CHECK(told == 4 + 3 + 2 + 1);
  how.method = "best";
  CHECK(thaw_calibrate_with(model, NULL, &how, tensors, 2, &calibration) == THAW_ERROR_USAGE);
  CHECK(thaw_measure_sensitivity(model, NULL, tensors, 2, NULL, NULL, &sensitivity) ==
        THAW_ERROR_USAGE);
  THAW_INIT(thaw_engine_options, options);
  options.precision = THAW_PRECISION_INT8;
  options.calibration = calibration;
  CHECK_OK(thaw_measure_sensitivity(model, &options, tensors, 2, NULL, NULL, &sensitivity));
  CHECK(thaw_sensitivity_count(sensitivity) == 0);
  THAW_INIT(thaw_layer_loss, loss);
  CHECK(thaw_sensitivity_get(sensitivity, 0, &loss) == THAW_ERROR_USAGE);
  THAW_INIT(thaw_held_accuracy, held);
  thaw_calibration* wide = NULL;
  CHECK(thaw_hold_accuracy(model, &options, NULL, sensitivity, 0.1, &held, &wide) ==
        THAW_ERROR_USAGE);
  THAW_INIT(thaw_truth_options, truth);
  truth.truth = "/no/such/truth.json";
  CHECK(thaw_hold_accuracy(model, &options, &truth, sensitivity, 0.1, &held, &wide) ==
        THAW_ERROR_INPUT);
  CHECK(wide == NULL);
  thaw_sensitivity_free(sensitivity);
  thaw_calibration_free(calibration);
}

static void check_calibration(void) {
  float batches[2][2] = {{0.5F, 1}, {0.25F, 2}};
  thaw_tensor tensors[2];
  thaw_model* model = NULL;
  thaw_engine* engine = NULL;
  thaw_calibration* calibration = NULL;
  thaw_request* request = NULL;
  for (int i = 0; i < 2; ++i)
    tensors[i] = tensor_of(THAW_FLOAT32, shape_of(2, 1), batches[i], sizeof batches[i]);
  CHECK_OK(thaw_model_from_memory(kLayer, strlen(kLayer), NULL, NULL, &model));
  CHECK(thaw_calibrate(model, NULL, tensors, 0, &calibration) == THAW_ERROR_USAGE);
  CHECK(calibration == NULL);
  CHECK_OK(thaw_calibrate(model, NULL, tensors, 2, &calibration));
  check_table(calibration);
  check_accuracy(model, tensors);
  THAW_INIT(thaw_engine_options, options);
  options.precision = THAW_PRECISION_INT8;
  options.calibration = calibration;
  CHECK_OK(thaw_engine_create(model, &options, &engine));
  thaw_calibration_free(calibration);
  CHECK(thaw_engine_precision(engine) == THAW_PRECISION_INT8);
  CHECK_OK(thaw_request_create(engine, &request));
  CHECK_OK(thaw_request_set_input(request, 0, &tensors[1]));
  CHECK_OK(thaw_request_run(request));
  CHECK_OK(thaw_request_output(request, 0, &tensors[0]));
  const float* y = tensors[0].data;
  CHECK(y[0] > 0.4F && y[0] < 0.6F && y[1] > 3.8F && y[1] < 4.2F);
  thaw_request_free(request);
  thaw_engine_free(engine);
  thaw_model_free(model);
}

static void check_pending(thaw_batcher* batcher, const thaw_tensor* input) {
  thaw_pending* pending[2] = {NULL, NULL};
  thaw_results* results = NULL;
  thaw_tensor tensor;
  for (int i = 0; i < 2; ++i) CHECK_OK(thaw_batcher_submit(batcher, input, 1, &pending[i]));
  CHECK_OK(thaw_pending_wait(pending[0], &results));
  CHECK_OK(thaw_results_get(results, 0, &tensor));
  CHECK(((float*)tensor.data)[2] == 5);
  thaw_results_free(results);
  results = NULL;
  CHECK(thaw_pending_wait(pending[0], &results) == THAW_ERROR_USAGE); /* only once */
  CHECK(results == NULL);
  thaw_pending_free(pending[0]);
  thaw_pending_free(pending[1]); /* nobody waited */
  const thaw_tensor two[2] = {*input, *input};
  CHECK(thaw_batcher_submit(batcher, two, 2, &pending[0]) != THAW_OK);
}

static void check_batcher(void) {
  float values[3] = {-1, 0, 5};
  const char* outputs[1] = {"y"};
  thaw_engine* engine = NULL;
  thaw_batcher* batcher = NULL;
  thaw_results* results = NULL;
  thaw_tensor tensor = tensor_of(THAW_FLOAT32, shape_of(1, 3), values, sizeof values);
  THAW_INIT(thaw_model_options, model_options);
  model_options.outputs = outputs;
  model_options.output_count = 1;
  thaw_model* part = NULL;
  CHECK_OK(thaw_model_from_memory(kModel, strlen(kModel), NULL, &model_options, &part));
  CHECK_OK(thaw_engine_create(part, NULL, &engine));
  THAW_INIT(thaw_batcher_options, options);
  options.max_batch = 4;
  CHECK_OK(thaw_batcher_create(engine, &options, &batcher));
  thaw_engine_free(engine);
  CHECK_OK(thaw_batcher_run(batcher, &tensor, 1, &results));
  CHECK(thaw_results_count(results) == 1);
  check_pending(batcher, &tensor);
  CHECK_OK(thaw_results_get(results, 0, &tensor));
  CHECK(tensor.shape.dims[0] == 1 && ((float*)tensor.data)[2] == 5);
  CHECK(thaw_results_get(results, 1, &tensor) == THAW_ERROR_USAGE);
  thaw_results_free(results);
  thaw_batcher_free(batcher);
  thaw_model_free(part);
}

static void check_inference(void) {
  thaw_model* model = NULL;
  thaw_engine* engine = NULL;
  CHECK_OK(thaw_model_from_memory(kModel, strlen(kModel), NULL, NULL, &model));
  CHECK(thaw_model_input_count(model) == 2 && thaw_model_output_count(model) == 2);
  THAW_INIT(thaw_tensor_info, info);
  CHECK_OK(thaw_model_input(model, 0, &info));
  CHECK(strcmp(info.name, "x") == 0 && strcmp(info.tensor, "x:0") == 0);
  CHECK(info.dtype == THAW_FLOAT32 && info.shape.rank == 2 && info.shape.dims[0] == -1);
  CHECK(thaw_model_output(model, 2, &info) == THAW_ERROR_USAGE);
  check_struct_sizes(model);
  THAW_INIT(thaw_engine_options, options);
  options.device = "ref";
  options.threads = 1;
  CHECK_OK(thaw_engine_create(model, &options, &engine));
  CHECK(strcmp(thaw_engine_device(engine), "ref") == 0);
  CHECK(thaw_engine_threads(engine) == 1 && thaw_engine_precision(engine) == THAW_FP32);
  const thaw_shape shapes[2] = {shape_of(2, 3), shape_of(2, 0)};
  CHECK_OK(thaw_engine_prepare(engine, shapes, 2));
  check_request(engine);
  check_plans(engine);
  check_batcher();
  check_cancel();
  check_calibration();
  thaw_engine_free(engine);
  thaw_model_free(model);
}

/* The bytes of a file; NULL when there are none. */
static char* bytes_of(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  char* bytes = NULL;
  *size = 0;
  if (file == NULL) return NULL;
  if (fseek(file, 0, SEEK_END) == 0 && ftell(file) > 0) {
    *size = (size_t)ftell(file);
    bytes = malloc(*size);
    rewind(file);
    if (bytes != NULL && fread(bytes, 1, *size, file) != *size) *size = 0;
  }
  fclose(file);
  return bytes;
}

static thaw_picture* decoded(const char* path) {
  size_t size = 0;
  thaw_picture* picture = NULL;
  char* bytes = bytes_of(path, &size);
  CHECK_OK(thaw_picture_decode(bytes, size, path, &picture));
  free(bytes);
  return picture;
}

static void check_pictures(const char* path, const char* scratch) {
  const uint8_t rgb[2 * 8] = {1, 2, 3, 4, 5, 6, 99, 99, 7, 8, 9, 10, 11, 12, 99, 99};
  const uint8_t packed[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  char file[4096];
  thaw_picture* picture = NULL;
  thaw_picture* back = NULL;
  CHECK_OK(thaw_picture_from_rgb(rgb, 2, 2, 8, &picture));
  CHECK(memcmp(thaw_picture_rgb(picture), packed, sizeof packed) == 0);
  snprintf(file, sizeof file, "%s/c_api.png", scratch);
  CHECK_OK(thaw_picture_write(picture, file));
  CHECK_OK(thaw_picture_read(file, &back));
  CHECK(thaw_picture_width(back) == 2 && thaw_picture_height(back) == 2);
  CHECK(memcmp(thaw_picture_rgb(back), packed, sizeof packed) == 0);
  CHECK(strcmp(thaw_picture_warning(back), "") == 0);
  thaw_picture_free(picture);
  thaw_picture_free(back);
  back = decoded(path);
  CHECK_OK(thaw_picture_read(path, &picture));
  CHECK(memcmp(thaw_picture_rgb(back), thaw_picture_rgb(picture),
               (size_t)thaw_picture_width(picture) * (size_t)thaw_picture_height(picture) * 3) ==
        0);
  thaw_picture_free(picture);
  thaw_picture_free(back);
  CHECK(thaw_picture_decode("no picture", 10, NULL, &picture) == THAW_ERROR_INPUT);
}

static void check_detections(const thaw_detector* detector, const thaw_picture* picture) {
  thaw_detections* all = NULL;
  thaw_detections* some = NULL;
  thaw_detections* direct = NULL;
  thaw_detection one;
  thaw_picture* drawn = NULL;
  int32_t id = 0;
  THAW_INIT(thaw_detect_options, options);
  options.has_score = 1;
  CHECK_OK(thaw_detector_detect(detector, picture, &options, &all));
  options.score = 0.3F;
  CHECK_OK(thaw_detector_detect(detector, picture, &options, &direct));
  CHECK_OK(thaw_detections_filter(all, &options, &some));
  CHECK(thaw_detections_count(some) > 0);
  CHECK(thaw_detections_count(some) < thaw_detections_count(all));
  CHECK(thaw_detections_count(some) == thaw_detections_count(direct));
  CHECK_OK(thaw_detections_get(some, 0, &one));
  CHECK(one.score >= 0.3F && one.box[0] < one.box[2] && strlen(one.label) > 0);
  CHECK_OK(thaw_detector_class_id(detector, one.label, &id));
  CHECK(id == one.class_id);
  CHECK(thaw_detector_class_id(detector, "no such label", &id) == THAW_ERROR_INPUT);
  THAW_INIT(thaw_stage_times, times);
  CHECK_OK(thaw_detections_stages(some, &times));
  CHECK(times.network > 0);
  CHECK_OK(thaw_detections_annotate(some, picture, &drawn));
  CHECK(thaw_picture_width(drawn) == thaw_picture_width(picture));
  thaw_report* report = NULL;
  const char* text = NULL;
  size_t size = 0;
  CHECK_OK(thaw_report_create(detector, &report));
  CHECK_OK(thaw_report_add(report, "a.jpg", some));
  CHECK_OK(thaw_report_add_error(report, "b.jpg", "is empty"));
  CHECK_OK(thaw_report_json(report, &text, &size));
  CHECK(strlen(text) == size && strstr(text, one.label) != NULL);
  CHECK(strstr(text, "\"error\": \"is empty\"") != NULL);
  thaw_report_free(report);
  thaw_picture_free(drawn);
  thaw_detections_free(all);
  thaw_detections_free(some);
  thaw_detections_free(direct);
}

static void check_detector(const char* source, const char* scratch) {
  char path[4096];
  size_t size = 0;
  thaw_model* model = NULL;
  thaw_detector* detector = NULL;
  snprintf(path, sizeof path, "%s/examples/traffic_lights/model/frozen_inference_graph.pb", source);
  char* bytes = bytes_of(path, &size);
  CHECK_OK(thaw_model_from_memory(bytes, size, path, NULL, &model));
  free(bytes);
  snprintf(path, sizeof path, "%s/examples/traffic_lights/label_map.pbtxt", source);
  THAW_INIT(thaw_detector_options, options);
  options.labels = path;
  CHECK_OK(thaw_detector_create(model, NULL, &options, &detector));
  thaw_model_free(model);
  snprintf(path, sizeof path, "%s/examples/traffic_lights/validation/10000001.jpg", source);
  check_pictures(path, scratch);
  thaw_picture* picture = decoded(path);
  check_detections(detector, picture);
  thaw_picture_free(picture);
  thaw_detector_free(detector);
}

static void check_written_models(const char* scratch) {
  char graph[4096];
  char saved[4096];
  char fast[4096];
  snprintf(graph, sizeof graph, "%s/relu.pbtxt", scratch);
  snprintf(saved, sizeof saved, "%s/relu_saved", scratch);
  snprintf(fast, sizeof fast, "%s/relu_fast", scratch);
  FILE* file = fopen(graph, "w");
  CHECK(file != NULL && fputs(kModel, file) >= 0 && fclose(file) == 0);
  CHECK_OK(thaw_convert(graph, saved, NULL));
  CHECK(thaw_convert(graph, saved, NULL) != THAW_OK); /* it is there */
  THAW_INIT(thaw_convert_options, again);
  again.overwrite = 1;
  CHECK_OK(thaw_convert(graph, saved, &again));
  const thaw_shape shapes[2] = {shape_of(2, 0), shape_of(2, 3)}; /* a signature is sorted */
  THAW_INIT(thaw_optimize_options, options);
  options.shapes = shapes;
  options.shape_sets = 1;
  options.inputs_per_set = 2;
  options.overwrite = 1;
  CHECK_OK(thaw_optimize(saved, fast, &options));
  thaw_model* model = NULL;
  CHECK_OK(thaw_model_load(fast, NULL, &model));
  thaw_model_free(model);
}

int thaw_c_api_check(const char* source, const char* scratch) {
  failures = 0;
  check_version_and_devices();
  check_errors();
  check_dlpack();
  check_inference();
  check_detector(source, scratch);
  check_written_models(scratch);
  return failures;
}
