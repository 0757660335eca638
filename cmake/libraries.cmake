# Libraries from Debian 12; docs/libraries.md says what each is for.

find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(CLI11 2 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(Protobuf 3.21 REQUIRED)
find_package(JPEG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SPNG REQUIRED IMPORTED_TARGET spng)
find_library(SNAPPY_LIBRARY snappy REQUIRED)
if(THAW_SHARED)
  find_library(THAW_STATIC_PROTOBUF libprotobuf.a REQUIRED)
  find_library(THAW_STATIC_JPEG libjpeg.a REQUIRED)
  find_library(THAW_STATIC_SNAPPY libsnappy.a REQUIRED)
endif()
if(THAW_TESTS)
  find_package(GTest REQUIRED)
endif()
if(THAW_BENCH)
  find_package(benchmark REQUIRED)
endif()

# Optional: headers for the kernels on oneDNN and XNNPACK. The libraries themselves are opened at run
# time, and nothing is linked.
set(THAW_VENDOR_KERNELS AUTO CACHE STRING "Kernels on oneDNN and XNNPACK: AUTO (as found), ON or OFF")
include(CheckCXXSourceCompiles)
function(thaw_find_vendor_headers name source)
  set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
  if(THAW_VENDOR_KERNELS)
    check_cxx_source_compiles("${source}" THAW_HAS_${name})
    if(THAW_VENDOR_KERNELS STREQUAL "ON" AND NOT THAW_HAS_${name})
      message(FATAL_ERROR "THAW_VENDOR_KERNELS=ON, but ${name}'s headers are not there")
    endif()
  endif()
endfunction()
thaw_find_vendor_headers(onednn "
  #include <dnnl.h>
  #if DNNL_VERSION_MAJOR != 2
  #error other interface
  #endif
  dnnl_convolution_desc_t conv;")
thaw_find_vendor_headers(xnnpack "
  #include <xnnpack.h>
  xnn_status (*setup)(xnn_operator_t, size_t, size_t, size_t, const float*, float*, pthreadpool_t) =
      xnn_setup_convolution2d_nhwc_f32;")

# Keeps of kernels/vendor/NAME_*.cc either NAME_absent.cc or the others.
function(thaw_choose_vendor_kernels sources_var)
  set(kept ${${sources_var}})
  foreach(name onednn xnnpack)
    if(THAW_VENDOR_KERNELS AND THAW_HAS_${name})
      list(FILTER kept EXCLUDE REGEX "vendor/${name}_absent\\.cc$")
    else()
      list(FILTER kept EXCLUDE REGEX "vendor/${name}_(conv|kernels|library)\\.cc$")
    endif()
  endforeach()
  set(${sources_var} ${kept} PARENT_SCOPE)
endfunction()
