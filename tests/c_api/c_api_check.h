/* What the C interface is held to, from C: called by a test in C++, and by a program of its own. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* How many checks failed, each of which says so on standard error. `source` is the repository's
 * folder; files are written to the folder `scratch`. */
int thaw_c_api_check(const char* source, const char* scratch);

#ifdef __cplusplus
}
#endif
