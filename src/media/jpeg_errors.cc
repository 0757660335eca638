#include "media/jpeg_errors.h"

#include <cstring>

extern "C" {
#include <jerror.h>
}

namespace thaw {
namespace {

JpegErrors* errors_of(j_common_ptr cinfo) { return reinterpret_cast<JpegErrors*>(cinfo->err); }

[[noreturn]] void on_error(j_common_ptr cinfo) {
  JpegErrors* errors = errors_of(cinfo);
  errors->base.format_message(cinfo, errors->message);
  errors->out_of_memory = errors->base.msg_code == JERR_OUT_OF_MEMORY;
  std::longjmp(errors->jump, 1);
}

// A scan met a marker before its data was complete. What follows stays grey up to the next restart
// marker, if there are any; a later progressive scan loses only detail.
void on_early_marker(j_decompress_ptr cinfo, JpegErrors* errors) {
  const bool at_end = cinfo->unread_marker == JPEG_EOI;
  const bool one_pass = !cinfo->buffered_image && cinfo->comps_in_scan == cinfo->num_components &&
                        !cinfo->progressive_mode;
  const bool carries_dc = cinfo->Ss == 0 && cinfo->Ah == 0;
  const bool last_row = cinfo->input_iMCU_row + 1 >= cinfo->total_iMCU_rows;
  if (one_pass && last_row && !errors->ended_early) return;
  if (!at_end && (cinfo->restart_interval != 0 || !carries_dc)) return;
  if (errors->lost_data) return;
  errors->lost_data = true;
  errors->lost_row = cinfo->input_iMCU_row;
}

void on_message(j_common_ptr cinfo, int level) {
  if (level >= 0) return;  // traces
  JpegErrors* errors = errors_of(cinfo);
  if (errors->base.num_warnings++ == 0) errors->base.format_message(cinfo, errors->warning);
  if (errors->base.msg_code == JWRN_JPEG_EOF) errors->ended_early = true;
  if (errors->base.msg_code == JWRN_HIT_MARKER && cinfo->is_decompressor)
    on_early_marker(reinterpret_cast<j_decompress_ptr>(cinfo), errors);
}

void ignore_output(j_common_ptr) {}

}  // namespace

jpeg_error_mgr* JpegErrors::prepare() {
  message[0] = warning[0] = '\0';
  ended_early = out_of_memory = lost_data = false;
  lost_row = 0;
  jpeg_std_error(&base);
  base.error_exit = on_error;
  base.emit_message = on_message;
  base.output_message = ignore_output;
  return &base;
}

void jpeg_fail(j_common_ptr cinfo, const char* message) {
  JpegErrors* errors = errors_of(cinfo);
  std::strncpy(errors->message, message, JMSG_LENGTH_MAX - 1);
  errors->message[JMSG_LENGTH_MAX - 1] = '\0';
  std::longjmp(errors->jump, 1);
}

}  // namespace thaw
