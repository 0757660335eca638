// Elements move, none is computed. ELEMENT is a word of the element's size, or of several.
#include "common.cuh"

#if IS_PLACED
// Element i of the input becomes element PLACE of the output.
extern "C" __global__ void __launch_bounds__(256) place(const ELEMENT* from, ELEMENT* to) {
  begin();
  const int64 i = thread_index();
  if (i < COUNT) to[PLACE] = from[i];
}
#else
// Element i of the output is element PLACE of the input.
extern "C" __global__ void __launch_bounds__(256) fetch(const ELEMENT* from, ELEMENT* to) {
  begin();
  const int64 i = thread_index();
  if (i < COUNT) to[i] = from[PLACE];
}
#endif
