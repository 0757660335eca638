// The program `thaw`.
#include "thaw/c_api.h"

int main(int argc, char** argv) { return thaw_main(argc, argv); }
