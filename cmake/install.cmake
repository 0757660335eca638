# What `cmake --install` puts where: headers, the shared library (C), the static library (C++), the
# program, and what find_package(thaw) and pkg-config read. docs/embedding.md is its manual.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/thaw)
install(DIRECTORY include/thaw DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_BINARY_DIR}/include/thaw/version.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/thaw)
install(TARGETS thaw RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS thaw_core thaw_proto EXPORT thaw-cxx-targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT thaw-cxx-targets NAMESPACE thaw:: DESTINATION ${config_dir})
if(TARGET thaw_shared)
  install(TARGETS thaw_shared EXPORT thaw-c-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT thaw-c-targets NAMESPACE thaw:: DESTINATION ${config_dir})
  file(RELATIVE_PATH prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  configure_file(cmake/thaw.pc.in thaw.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/thaw.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
configure_package_config_file(cmake/thawConfig.cmake.in thawConfig.cmake INSTALL_DESTINATION ${config_dir}
                              NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(thawConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/thawConfig.cmake ${PROJECT_BINARY_DIR}/thawConfigVersion.cmake
        DESTINATION ${config_dir})
