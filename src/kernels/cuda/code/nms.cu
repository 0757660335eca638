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
// Keys sorted downwards, COUNT neighbours a thread: a bitonic network, whose steps stay within a
// thread, within a warp, or go by shared memory.
__device__ __forceinline__ uint64 kept_of(uint64 mine, uint64 other, bool larger) {
  return (mine > other) == larger ? mine : other;
}

template <int DISTANCE, int COUNT>
__device__ __forceinline__ void exchange_in_thread(uint64 (&keys)[COUNT], int size) {
#pragma unroll
  for (int r = 0; r < COUNT; ++r) {
    if (r & DISTANCE) continue;
    const bool down = ((threadIdx.x * COUNT + r) & size) == 0;
    const uint64 a = keys[r], b = keys[(r | DISTANCE) % COUNT];
    keys[r] = kept_of(a, b, down);
    keys[(r | DISTANCE) % COUNT] = kept_of(b, a, !down);
  }
}

// And back to `shared` [COUNT * THREADS].
template <int COUNT>
__device__ __forceinline__ void sort(uint64 (&keys)[COUNT], uint64* shared) {
  for (int size = 2; size <= COUNT * THREADS; size *= 2) {
    for (int distance = size / 2; distance >= COUNT; distance /= 2) {
      const int threads = distance / COUNT;
      const bool larger =
          ((threadIdx.x & threads) == 0) == (((threadIdx.x * COUNT) & size) == 0);
      if (threads < 32) {
#pragma unroll
        for (int r = 0; r < COUNT; ++r)
          keys[r] = kept_of(keys[r], __shfl_xor_sync(~0u, keys[r], threads), larger);
        continue;
      }
      __syncthreads();
#pragma unroll
      for (int r = 0; r < COUNT; ++r) shared[r * THREADS + threadIdx.x] = keys[r];
      __syncthreads();
#pragma unroll
      for (int r = 0; r < COUNT; ++r)
        keys[r] = kept_of(keys[r], shared[r * THREADS + (threadIdx.x ^ threads)], larger);
    }
    if (COUNT > 2 && size > 2) exchange_in_thread<2>(keys, size);
    if (COUNT > 1) exchange_in_thread<1>(keys, size);
  }
  __syncthreads();
#pragma unroll
  for (int r = 0; r < COUNT; ++r) shared[threadIdx.x * COUNT + r] = keys[r];
  __syncthreads();
}

#define PER_THREAD (SORTED / THREADS)
#define BUCKETS 1024  // of scores, by their first bits
#define FEW 256       // keys, at least, that are sorted first

__device__ __forceinline__ int bucket_of(uint64 key) { return (int)(key >> 53); }

// The lowest bucket of the fewest highest ones that hold FEW keys, and how many these hold: by one
// warp.
__device__ __forceinline__ void find_first_keys(const int* buckets, int& lowest, int& held) {
  const int lane = threadIdx.x % 32;
  const int* mine = buckets + BUCKETS - 32 * (lane + 1);  // lane 0 has the highest 32
  int sum = 0;
  for (int i = 0; i < 32; ++i) sum += mine[(i + lane) % 32];
  int until = sum;
#pragma unroll
  for (int distance = 1; distance < 32; distance *= 2) {
    const int other = __shfl_up_sync(~0u, until, distance);
    if (lane >= distance) until += other;
  }
  const uint32 enough = __ballot_sync(~0u, until >= FEW);
  const int last = enough != 0 ? __ffs((int)enough) - 1 : 31;
  if (lane != last) return;
  int i = 32;
  for (until -= sum; i > 0 && until < FEW;) until += mine[--i];
  lowest = (int)(mine - buckets) + i;
  held = until;
}

// A block a class and image. Survivors that the window leaves something of go to
// kept_scores, kept_boxes [image][class][MOST_OF_CLASS] in the order they are chosen. The best few
// hundred scores are sorted, all of them where those don't suffice; then 32 candidates at a time
// are held against the boxes chosen before and against each other.
extern "C" __global__ void __launch_bounds__(THREADS)
    suppress(const Box* boxes, const float* scores, const Box* windows, float* kept_scores,
             int* kept_boxes, int* kept_counts) {
  __shared__ uint64 sorted[SORTED];
  __shared__ int buckets[BUCKETS];
  __shared__ Extent chosen[MOST_OF_CLASS];
  __shared__ Extent tile[32];
  __shared__ uint32 hides[32];  // by candidate: those after it in the tile that it would hide
  __shared__ uint32 hidden;     // candidates that earlier boxes hide
  __shared__ int count;         // of chosen boxes
  __shared__ int lowest, held, listed;
  begin();
  const int label = blockIdx.x;
  const int image = blockIdx.y;
  const int thread = threadIdx.x;
  const int lane = thread % 32;
  const int warp = thread / 32;
  const int list = (image * CLASSES + label) * MOST_OF_CLASS;
  for (int i = thread; i < BUCKETS; i += THREADS) buckets[i] = 0;
  if (thread == 0) hidden = 0, count = 0, listed = 0;
  uint64 keys[PER_THREAD];
#pragma unroll
  for (int r = 0; r < PER_THREAD; ++r) {
    const int box = r * THREADS + thread;
    const float s = box < BOXES ? score_at(scores, image, box, label) : 0.0f;
    keys[r] = s > SCORE_THRESHOLD ? key_of(s, box) : 0;
  }
  __syncthreads();
#pragma unroll
  for (int r = 0; r < PER_THREAD; ++r)
    if (keys[r] != 0) atomicAdd(&buckets[bucket_of(keys[r])], 1);
  __syncthreads();
  if (warp == 0) find_first_keys(buckets, lowest, held);
  __syncthreads();
  bool are_all = true;  // keys that are sorted
  int ready = held;     // how many
  if (held > THREADS) {
    sort(keys, sorted);
    ready = SORTED;
  } else {
    are_all = lowest == 0;
#pragma unroll
    for (int r = 0; r < PER_THREAD; ++r)
      if (keys[r] != 0 && bucket_of(keys[r]) >= lowest) sorted[atomicAdd(&listed, 1)] = keys[r];
    __syncthreads();
    uint64 first_keys[1] = {thread < held ? sorted[thread] : 0};
    sort(first_keys, sorted);
  }
  const Box window = windows[image];
  int kept = 0;
  for (int first = 0; count < MOST_OF_CLASS;) {
    if (first >= ready) {
      if (are_all) break;
      __syncthreads();
      sort(keys, sorted);
      are_all = true;
      ready = SORTED;
    }
    const uint64 key = first + lane < ready ? sorted[first + lane] : 0;
    if (!__any_sync(~0u, key != 0)) break;
    const Box box = key != 0 ? BOX_AT(image, index_of(key), label) : Box{{0.0f, 0.0f, 0.0f, 0.0f}};
    const Extent mine = extent_of(box);
    if (warp == 0) tile[lane] = mine;
    bool is_out = key == 0;
#pragma unroll 4
    for (int i = warp; i < count; i += WARPS)
      is_out = is_hidden(mine, chosen[i], IOU_THRESHOLD) || is_out;
    const uint32 out = __ballot_sync(~0u, is_out);
    if (lane == 0 && out != 0) atomicOr(&hidden, out);
    __syncthreads();
#pragma unroll 2
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
    first = min(first + 32, ready);
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

// The sum over a block of 512 threads.
__device__ __forceinline__ int sum_of_block(int x, int* parts) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) x += __shfl_xor_sync(~0u, x, distance);
  __syncthreads();
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
  __syncthreads();
  int sum = 0;
#pragma unroll
  for (int i = 0; i < 16; ++i) sum += parts[i];
  return sum;
}

// How many of a class's scores, in descending order, have at least so many bits: between low and
// high.
__device__ __forceinline__ int count_from(const float* list, int low, int high, uint32 bits) {
  while (low < high) {
    const int middle = (low + high) / 2;
    if ((uint32)__float_as_int(list[middle]) >= bits)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

// A block an image: the first MOST_OF_ALL of all classes' survivors. A thread has a class or a few
// of them. The score that the last of these has is looked for bit by bit; scores above it are in,
// of equal ones the lower classes'. Then each counts those that go before it.
extern "C" __global__ void __launch_bounds__(512)
    merge(const Box* boxes, const Box* windows, const float* kept_scores, const int* kept_boxes,
          const int* kept_counts, float* out_boxes, float* out_scores, float* out_classes,
          int* out_counts, int* chosen) {
  __shared__ int places[MOST_OF_ALL];   // in the image's lists, class by class
  __shared__ uint32 bits[MOST_OF_ALL];  // of the scores there
  __shared__ int order[MOST_OF_ALL];    // the same places, best first
  __shared__ int parts[16];
  __shared__ int from[512];
  begin();
  const int image = blockIdx.x;
  const int thread = threadIdx.x;
  const int lists = image * CLASSES * MOST_OF_CLASS;
#if STAGES
  __shared__ float list_scores[CLASSES * MOST_OF_CLASS];
  for (int i = thread; i < CLASSES * MOST_OF_CLASS; i += 512)
    list_scores[i] = kept_scores[lists + i];
#else
  const float* list_scores = kept_scores + lists;
#endif
  int end[PER_THREAD_CLASSES], least_count[PER_THREAD_CLASSES], most_count[PER_THREAD_CLASSES];
  int mine = 0;
#pragma unroll
  for (int i = 0; i < PER_THREAD_CLASSES; ++i) {
    const int label = thread * PER_THREAD_CLASSES + i;
    end[i] = label < CLASSES ? kept_counts[image * CLASSES + label] : 0;
    least_count[i] = 0;
    most_count[i] = end[i];
    mine += end[i];
  }
  const int count = min(sum_of_block(mine, parts), MOST_OF_ALL);
  // The largest score that at least `count` have, as bits: positive floats are in order.
  uint32 last = 0;
  for (uint32 bit = 1u << 30; bit > 0; bit /= 2) {
    const uint32 tried = last | bit;
    int now[PER_THREAD_CLASSES];
    mine = 0;
#pragma unroll
    for (int i = 0; i < PER_THREAD_CLASSES; ++i) {
      const float* list = list_scores + (thread * PER_THREAD_CLASSES + i) * MOST_OF_CLASS;
      now[i] = count_from(list, least_count[i], most_count[i], tried);
      mine += now[i];
    }
    const bool enough = sum_of_block(mine, parts) >= count;
    if (enough) last = tried;
#pragma unroll
    for (int i = 0; i < PER_THREAD_CLASSES; ++i) {
      if (enough)
        most_count[i] = now[i];
      else
        least_count[i] = now[i];
    }
  }
  // Now those above `last` are least_count, those from it on most_count.
  int above = 0, equal = 0;
#pragma unroll
  for (int i = 0; i < PER_THREAD_CLASSES; ++i) {
    const float* list = list_scores + (thread * PER_THREAD_CLASSES + i) * MOST_OF_CLASS;
    most_count[i] = count_from(list, least_count[i], end[i], last);
    least_count[i] = count_from(list, 0, most_count[i], last + 1);
    above += least_count[i];
    equal += most_count[i] - least_count[i];
  }
  int room = count - sum_of_block(above, parts);  // for equal ones
  from[thread] = equal;
  __syncthreads();
  int before = 0;
  for (int i = 0; equal > 0 && i < thread; ++i) before += from[i];
  room = min(max(room - before, 0), equal);
  __syncthreads();
  from[thread] = above + room;
  __syncthreads();
  int place = 0;
  for (int i = 0; above + room > 0 && i < thread; ++i) place += from[i];
#pragma unroll
  for (int i = 0; i < PER_THREAD_CLASSES; ++i) {
    const int first = (thread * PER_THREAD_CLASSES + i) * MOST_OF_CLASS;
    const int more = min(most_count[i] - least_count[i], room);
    room -= more;
    for (int j = 0; j < least_count[i] + more; ++j, ++place) {
      places[place] = first + j;
      bits[place] = (uint32)__float_as_int(list_scores[first + j]);
    }
  }
  __syncthreads();
  for (int i = thread; i < count; i += 512) {
    int rank = 0;
    for (int j = 0; j < count; ++j) rank += bits[j] > bits[i] || (bits[j] == bits[i] && j < i);
    order[rank] = places[i];
  }
  __syncthreads();
  if (thread == 0) out_counts[image] = count;
  for (int row = thread; row < MOST_OF_ALL; row += 512) {
    const int to = image * MOST_OF_ALL + row;
    Box clipped = {{0.0f, 0.0f, 0.0f, 0.0f}};
    float score = 0.0f, label = 0.0f;
    int box = -1;
    if (row < count) {
      const int at = order[row];
      box = kept_boxes[lists + at];
      score = list_scores[at];
      label = (float)(at / MOST_OF_CLASS);
      const Box window = windows[image];
      clip(BOX_AT(image, box, at / MOST_OF_CLASS), window, clipped);
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
