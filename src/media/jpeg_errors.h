// libjpeg reports errors through callbacks that must not return; ours jump back to the C++ frame
// that called libjpeg, which then throws. Nothing with a destructor may live between the two.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdio>  // jpeglib.h needs FILE

extern "C" {
#include <jpeglib.h>
}

namespace thaw {

struct JpegErrors {
  jpeg_error_mgr base;  // first: libjpeg's pointer to it is ours
  jmp_buf jump;
  char message[JMSG_LENGTH_MAX];  // of the error that jumped
  char warning[JMSG_LENGTH_MAX];  // the first one, or ""
  bool ended_early;               // the bytes ran out
  bool out_of_memory;             // what the error that jumped says
  bool lost_data;                 // a scan broke off so that the rest of the picture is missing
  JDIMENSION lost_row;            // the MCU row where that happened

  // Fills everything and returns what cinfo.err wants.
  jpeg_error_mgr* prepare();
};

// Calls f, which may call libjpeg; false when that ended in an error.
template <class F>
bool run_jpeg(JpegErrors& errors, F&& f) {
  if (setjmp(errors.jump) != 0) return false;
  f();
  return true;
}

// As libjpeg's ERREXIT, with our own text.
[[noreturn]] void jpeg_fail(j_common_ptr cinfo, const char* message);

}  // namespace thaw
