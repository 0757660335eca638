/* The checks as a program in C alone, on the shared library: c_api_check REPOSITORY SCRATCH */
#include <stdio.h>

#include "tests/c_api/c_api_check.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s REPOSITORY SCRATCH\n", argv[0]);
    return 2;
  }
  return thaw_c_api_check(argv[1], argv[2]) == 0 ? 0 : 1;
}
