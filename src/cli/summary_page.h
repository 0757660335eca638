// What of summary's page is the same for all models.
#pragma once

namespace thaw::cli {

extern const char* const kSummaryStyle;   // CSS
extern const char* const kSummaryBody;    // from <body> on, without its end
extern const char* const kSummaryLayout;  // JavaScript: where nodes stand
extern const char* const kSummaryScript;  // JavaScript: the drawing and what the user does

}  // namespace thaw::cli
