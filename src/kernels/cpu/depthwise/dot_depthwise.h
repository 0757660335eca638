// Constants of 3x3 depthwise layers as DotDepthwise takes them. Where instructions unpack, channels
// lie in groups of four from each 16 bytes.
//
// kSplitTaps: blocks of 32 channels of bfloat16, each [9][even, odd][16] float32 weights and
// [even, odd][16] biases.
// kTaps: blocks of 32 channels of float16, each [9][32] float32 weights and [32] biases.
// kFloat16Taps: the same in float16.
// kColumns: blocks of 64 channels of uint8, or of 32 for a last one that has no more, each
// [kx][quarter][n] rows' weights in four bytes, the last zero, then [quarter][n] scales, biases and
// int32 corrections, where n is a quarter of the block.
// kWordPairs: blocks of 16 channels of uint8 (of which a last one begins early enough to be whole),
// each [rows 0 and 1 at kx 0, 1, 2; row 2 at kx 0 and 1; row 2 at kx 2 and zero][half][8] pairs of
// weights in 16 bits, then [half][8] scales, biases and int32 corrections.
// kFloats: blocks of 8 channels of 16-bit floats, each [9][8] float32 weights and [8] biases.
// kBytes: blocks of 16 channels of uint8, each [9][16] int8 weights, [16] bytes that are 0 where a
// channel gives NaN and else 255, then [16] scales, biases and int32 corrections for activations
// less 128.
// Of these two too a last block begins early enough to be whole.
#pragma once

#include <cstddef>

#include "kernels/cpu/layer_types.h"

namespace thaw::cpu {

size_t dot_depthwise_bytes(DotLayout layout, int64_t channels);

// From a filter [3][3][channels], of whole numbers for uint8, and Epilogue's arrays.
void pack_dot_depthwise(DotLayout layout, const float* filter, int64_t channels, int in_zero,
                        const Epilogue& epilogue, void* blocks);

}  // namespace thaw::cpu
