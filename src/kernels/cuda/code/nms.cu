// Non-maximum suppression class by class, then the best of all classes, in TensorFlow's order:
// higher scores first; of equal ones the lower box within a class, the lower class among classes.
//
// Boxes [BATCH][BOXES][BOX_CLASSES], scores [BATCH][BOXES][COLUMNS] with the last CLASSES columns
// classes. All boxes whose score is above SCORE_THRESHOLD (not negative) take part.
#include "detection.cuh"

// Positive floats keep their order as integers; the lower index is the larger key. 0: none.
__device__ __forceinline__ uint64 key_of(float score, uint32 index) {
  return (uint64)(uint32)__float_as_int(score) << 32 | (uint32)~index;
}
__device__ __forceinline__ uint32 index_of(uint64 key) { return ~(uint32)key; }
__device__ __forceinline__ float score_of(uint64 key) { return __int_as_float((int)(key >> 32)); }

__device__ __forceinline__ uint64 largest_of_warp(uint64 key) {
#if __CUDA_ARCH__ >= 800
  const uint32 high = __reduce_max_sync(~0u, (uint32)(key >> 32));
  const uint32 low = __reduce_max_sync(~0u, (uint32)(key >> 32) == high ? (uint32)key : 0u);
  return (uint64)high << 32 | low;
#else
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    const uint64 other = __shfl_xor_sync(~0u, key, distance);
    if (other > key) key = other;
  }
  return key;
#endif
}

__device__ __forceinline__ float score_at(const float* scores, int image, int box, int label) {
  const float s =
      scores[((int64)image * BOXES + box) * COLUMNS + (COLUMNS - CLASSES) + label];
  return LOGITS ? 1.0f / (1.0f + (float)exp((double)-s)) : s;
}

#define BOX_AT(image, box, label) \
  boxes[((int64)(image) * BOXES + (box)) * BOX_CLASSES + (BOX_CLASSES == 1 ? 0 : (label))]

#define WARPS (THREADS / 32)

#if SORTED
// Keys sorted downwards, four neighbours a thread: a bitonic network of SORTED keys, whose steps
// stay within a thread, within a warp, or go by shared memory.
#define PER_THREAD (SORTED / THREADS)

__device__ __forceinline__ uint64 kept_of(uint64 mine, uint64 other, bool larger) {
  return (mine > other) == larger ? mine : other;
}

template <int DISTANCE>
__device__ __forceinline__ void exchange_in_thread(uint64 (&keys)[PER_THREAD], int size) {
#pragma unroll
  for (int r = 0; r < PER_THREAD; ++r) {
    if (r & DISTANCE) continue;
    const bool down = ((threadIdx.x * PER_THREAD + r) & size) == 0;
    const uint64 a = keys[r], b = keys[r | DISTANCE];
    keys[r] = kept_of(a, b, down);
    keys[r | DISTANCE] = kept_of(b, a, !down);
  }
}

__device__ __forceinline__ void sort(uint64 (&keys)[PER_THREAD], uint64* shared) {
  for (int size = 2; size <= SORTED; size *= 2) {
    for (int distance = size / 2; distance >= PER_THREAD; distance /= 2) {
      const int threads = distance / PER_THREAD;
      const bool first = (threadIdx.x & threads) == 0;
      const bool down = ((threadIdx.x * PER_THREAD) & size) == 0;
      if (threads < 32) {
#pragma unroll
        for (int r = 0; r < PER_THREAD; ++r)
          keys[r] = kept_of(keys[r], __shfl_xor_sync(~0u, keys[r], threads), first == down);
        continue;
      }
      __syncthreads();
#pragma unroll
      for (int r = 0; r < PER_THREAD; ++r) shared[r * THREADS + threadIdx.x] = keys[r];
      __syncthreads();
#pragma unroll
      for (int r = 0; r < PER_THREAD; ++r)
        keys[r] = kept_of(keys[r], shared[r * THREADS + (threadIdx.x ^ threads)], first == down);
    }
    if (size >= 4) exchange_in_thread<2>(keys, size);
    exchange_in_thread<1>(keys, size);
  }
}

// A block a class and image. Survivors that the window leaves something of go to
// kept_scores, kept_boxes [image][class][MOST_OF_CLASS] in the order they are chosen. All scores
// are sorted; then 32 candidates at a time are held against the boxes chosen before and against
// each other.
extern "C" __global__ void __launch_bounds__(THREADS)
    suppress(const Box* boxes, const float* scores, const Box* windows, float* kept_scores,
             int* kept_boxes, int* kept_counts) {
  begin();
  __shared__ uint64 sorted[SORTED];
  __shared__ Extent chosen[MOST_OF_CLASS];
  __shared__ Extent tile[32];
  __shared__ uint32 hides[32];  // by candidate: those after it in the tile that it would hide
  __shared__ uint32 hidden;     // candidates that earlier boxes hide
  __shared__ int count;         // of chosen boxes
  const int label = blockIdx.x;
  const int image = blockIdx.y;
  const int thread = threadIdx.x;
  const int lane = thread % 32;
  const int warp = thread / 32;
  const int list = (image * CLASSES + label) * MOST_OF_CLASS;
  uint64 keys[PER_THREAD];
#pragma unroll
  for (int r = 0; r < PER_THREAD; ++r) {
    const int box = r * THREADS + thread;
    const float s = box < BOXES ? score_at(scores, image, box, label) : 0.0f;
    keys[r] = s > SCORE_THRESHOLD ? key_of(s, box) : 0;
  }
  sort(keys, sorted);
  __syncthreads();
#pragma unroll
  for (int r = 0; r < PER_THREAD; ++r) sorted[thread * PER_THREAD + r] = keys[r];
  if (thread == 0) hidden = 0, count = 0;
  const Box window = windows[image];
  int kept = 0;
  __syncthreads();
  for (int first = 0; first < SORTED && sorted[first] != 0 && count < MOST_OF_CLASS; first += 32) {
    const uint64 key = sorted[first + lane];
    const Box box = key != 0 ? BOX_AT(image, index_of(key), label) : Box{{0.0f, 0.0f, 0.0f, 0.0f}};
    const Extent mine = extent_of(box);
    if (warp == 0) tile[lane] = mine;
    bool is_out = key == 0;
    for (int i = warp; i < count; i += WARPS)
      is_out = is_out || is_hidden(mine, chosen[i], IOU_THRESHOLD);
    const uint32 out = __ballot_sync(~0u, is_out);
    if (lane == 0 && out != 0) atomicOr(&hidden, out);
    __syncthreads();
    for (int i = warp; i < 32; i += WARPS) {
      const uint32 row = __ballot_sync(~0u, lane > i && is_hidden(mine, tile[i], IOU_THRESHOLD));
      if (lane == 0) hides[i] = row;
    }
    __syncthreads();
    if (warp == 0) {
      uint32 alive = ~hidden;
#pragma unroll
      for (int i = 0; i < 32; ++i)
        if (alive >> i & 1) alive &= ~hides[i];
      const uint32 below = (1u << lane) - 1;
      const int place = count + __popc(alive & below);
      const bool is_chosen = (alive >> lane & 1) && place < MOST_OF_CLASS;
      Box clipped;
      const bool is_kept = is_chosen && clip(box, window, clipped);
      const uint32 all_kept = __ballot_sync(~0u, is_kept);
      if (is_chosen) chosen[place] = mine;
      if (is_kept) {
        kept_scores[list + kept + __popc(all_kept & below)] = score_of(key);
        kept_boxes[list + kept + __popc(all_kept & below)] = (int)index_of(key);
      }
      kept += __popc(all_kept);
      __syncwarp();
      if (lane == 0) count = min(count + __popc(alive), MOST_OF_CLASS), hidden = 0;
    }
    __syncthreads();
  }
  if (thread == 0) kept_counts[image * CLASSES + label] = kept;
}
#else
// The same for any number of boxes, which a thread has every THREADS-th of: the best one is looked
// for again each time.
extern "C" __global__ void __launch_bounds__(THREADS)
    suppress(const Box* boxes, const float* scores, const Box* windows, float* kept_scores,
             int* kept_boxes, int* kept_counts) {
  begin();
  __shared__ uint64 best[2][WARPS];
  const int label = blockIdx.x;
  const int image = blockIdx.y;
  const int thread = threadIdx.x;
  const int list = (image * CLASSES + label) * MOST_OF_CLASS;
  float alive[ITEMS];  // the score, 0 once suppressed
#pragma unroll
  for (int i = 0; i < ITEMS; ++i) {
    const int box = thread + i * THREADS;
    const float s = box < BOXES ? score_at(scores, image, box, label) : 0.0f;
    alive[i] = s > SCORE_THRESHOLD ? s : 0.0f;
  }
  int kept = 0;
  for (int chosen = 0; chosen < MOST_OF_CLASS; ++chosen) {
    uint64 key = 0;
#pragma unroll
    for (int i = 0; i < ITEMS; ++i) {
      const uint64 other = key_of(alive[i], thread + i * THREADS);
      if (alive[i] > 0.0f && other > key) key = other;
    }
    key = largest_of_warp(key);
    if (thread % 32 == 0) best[chosen % 2][thread / 32] = key;
    __syncthreads();
    key = largest_of_warp(thread % 32 < WARPS ? best[chosen % 2][thread % 32] : 0);
    if (key == 0) break;
    const int winner = (int)index_of(key);
    const Box box = BOX_AT(image, winner, label);
    Box clipped;
    if (thread == 0 && clip(box, windows[image], clipped)) {
      kept_scores[list + kept] = score_of(key);
      kept_boxes[list + kept] = winner;
      ++kept;
    }
    const Extent extent = extent_of(box);
#pragma unroll
    for (int i = 0; i < ITEMS; ++i) {
      if (!(alive[i] > 0.0f)) continue;
      const int other = thread + i * THREADS;
      if (other == winner ||
          is_hidden(extent_of(BOX_AT(image, other, label)), extent, IOU_THRESHOLD))
        alive[i] = 0.0f;
    }
  }
  if (thread == 0) kept_counts[image * CLASSES + label] = kept;
}
#endif

// A block an image: the first MOST_OF_ALL of all classes' survivors.
extern "C" __global__ void __launch_bounds__(512)
    merge(const Box* boxes, const Box* windows, const float* kept_scores, const int* kept_boxes,
          const int* kept_counts, float* out_boxes, float* out_scores, float* out_classes,
          int* out_counts, int* chosen) {
  begin();
  __shared__ int order[MOST_OF_ALL];  // places in the image's lists
  __shared__ int count;
  const int image = blockIdx.x;
  const int lists = image * CLASSES * MOST_OF_CLASS;
#if STAGES
  __shared__ float list_scores[CLASSES * MOST_OF_CLASS];
  for (int i = threadIdx.x; i < CLASSES * MOST_OF_CLASS; i += blockDim.x)
    list_scores[i] = kept_scores[lists + i];
  __syncthreads();
#else
  const float* list_scores = kept_scores + lists;
#endif
  if (threadIdx.x < 32) {
    const int lane = threadIdx.x;
    int at[HEADS], end[HEADS];
    float head[HEADS];  // 0: the class has no more
#pragma unroll
    for (int i = 0; i < HEADS; ++i) {
      const int label = lane + 32 * i;
      at[i] = label * MOST_OF_CLASS;
      end[i] = at[i] + (label < CLASSES ? kept_counts[image * CLASSES + label] : 0);
      head[i] = at[i] < end[i] ? list_scores[at[i]] : 0.0f;
    }
    int found = 0;
    for (; found < MOST_OF_ALL; ++found) {
      uint64 key = 0;
#pragma unroll
      for (int i = 0; i < HEADS; ++i) {
        const uint64 other = key_of(head[i], lane + 32 * i);
        if (head[i] > 0.0f && other > key) key = other;
      }
      key = largest_of_warp(key);
      if (key == 0) break;
      const int label = (int)index_of(key);
#pragma unroll
      for (int i = 0; i < HEADS; ++i) {
        if (label != lane + 32 * i) continue;
        order[found] = at[i]++;
        head[i] = at[i] < end[i] ? list_scores[at[i]] : 0.0f;
      }
    }
    if (lane == 0) count = found;
  }
  __syncthreads();
  if (threadIdx.x == 0) out_counts[image] = count;
  for (int row = threadIdx.x; row < MOST_OF_ALL; row += blockDim.x) {
    const int to = image * MOST_OF_ALL + row;
    Box clipped = {{0.0f, 0.0f, 0.0f, 0.0f}};
    float score = 0.0f, label = 0.0f;
    int box = -1;
    if (row < count) {
      const int from = order[row];
      box = kept_boxes[lists + from];
      score = list_scores[from];
      label = (float)(from / MOST_OF_CLASS);
      const Box window = windows[image];
      clip(BOX_AT(image, box, from / MOST_OF_CLASS), window, clipped);
      if (CHANGES_FRAME)
        for (int i = 0; i < 4; ++i) {
          const float scale = 1.0f / (window.side[2 + i % 2] - window.side[i % 2]);
          clipped.side[i] = scale * (clipped.side[i] - window.side[i % 2]);
        }
    }
    store_vector(out_boxes + 4 * (int64)to, clipped);
    out_scores[to] = score;
    out_classes[to] = label;
    chosen[to] = box;
  }
}

#ifdef FIELD_BYTES
// Rows of a field follow the boxes; zeros where there are none.
extern "C" __global__ void __launch_bounds__(256)
    copy_field(const int* chosen, const uint8* from, uint8* to) {
  begin();
  const int row = blockIdx.x;
  const int box = chosen[row];
  const uint8* source = from + ((int64)(row / MOST_OF_ALL) * BOXES + box) * FIELD_BYTES;
  for (int i = threadIdx.x; i < FIELD_BYTES; i += blockDim.x)
    to[(int64)row * FIELD_BYTES + i] = box < 0 ? 0 : source[i];
}
#endif
