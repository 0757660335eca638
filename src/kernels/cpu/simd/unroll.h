// THAW_UNROLL before a loop of constant length keeps its arrays in registers. Not with
// AddressSanitizer: its checks of what is unrolled take a compiler minutes.
#pragma once

#if defined(__clang__)
#if __has_feature(address_sanitizer)
#define THAW_UNROLL
#else
#define THAW_UNROLL _Pragma("clang loop unroll(full)")
#endif
#else
#define THAW_UNROLL _Pragma("GCC unroll 32")
#endif
