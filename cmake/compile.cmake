# Flags for every target of ours, and what a file's name says of the instructions it may use.

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Werror)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
endif()
# Objects serve the program and the shared library, which shows its C interface alone.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
# Results must not depend on the compiler's taste: no a*b+c turned into one rounding behind our back.
add_compile_options(-ffp-contract=off)
if(THAW_SANITIZE)
  string(REPLACE "-O2 -g" "-O1 -g1" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
  # Null pointers are AddressSanitizer's to find.
  add_compile_options(-fsanitize=${THAW_SANITIZE} -fno-sanitize=null,vptr -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${THAW_SANITIZE})
endif()
find_program(CCACHE ccache)
if(CCACHE)
  # What was compiled in another folder serves here too.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

# x_avx2.cc, x_avx512.cc, x_avx512vnni.cc, x_avx512bf16.cc, x_avx512fp16.cc, x_amx.cc, x_neon.cc,
# x_neonfp16.cc, x_neondot.cc and x_neoni8mm.cc are compiled for those instructions and left out where
# the processor family lacks them; the kernel tables choose among them at run time.
function(thaw_set_isa_flags sources_var)
  set(flags_avx2 -mavx2 -mfma -mf16c -O3)
  set(flags_avx512 ${flags_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl)
  set(flags_avx512vnni ${flags_avx512} -mavx512vnni)
  set(flags_avx512bf16 ${flags_avx512vnni} -mavx512bf16)
  set(flags_avx512fp16 ${flags_avx512bf16} -mavx512fp16)
  set(flags_amx ${flags_avx512fp16} -mamx-tile -mamx-int8 -mamx-bf16)
  set(flags_neon -O3)
  set(flags_neonfp16 -O3 -march=armv8.2-a+fp16)
  set(flags_neondot -O3 -march=armv8.2-a+dotprod)
  set(flags_neoni8mm -O3 -march=armv8.4-a+fp16fml+i8mm+bf16)
  set(quicker)
  if(THAW_SANITIZE)
    set(quicker -O1)  # to compile
  endif()
  set(kept)
  foreach(file ${${sources_var}})
    if(file MATCHES "_(avx2|avx512|avx512vnni|avx512bf16|avx512fp16|amx)\\.cc$")
      set(isa ${CMAKE_MATCH_1})
      if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        continue()
      endif()
      set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "${flags_${isa}};${quicker}")
    elseif(file MATCHES "_(neon|neonfp16|neondot|neoni8mm)\\.cc$")
      set(isa ${CMAKE_MATCH_1})
      if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
        continue()
      endif()
      set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "${flags_${isa}};${quicker}")
    endif()
    list(APPEND kept ${file})
  endforeach()
  set(${sources_var} ${kept} PARENT_SCOPE)
endfunction()
