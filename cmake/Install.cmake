include(CMakePackageConfigHelpers)

set(gtlabel_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/gtlabel")
get_target_property(gtlabel_type gtlabel TYPE)
if(gtlabel_type STREQUAL "STATIC_LIBRARY")
  set(gtlabel_is_static TRUE)
  set(gtlabel_pc_static_libs " -lboost_serialization -lsqlite3 -pthread")
else()
  set(gtlabel_is_static FALSE)
  set(gtlabel_pc_static_libs "")
endif()

install(TARGETS gtlabel EXPORT gtlabelTargets
        RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/gtlabel" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.hpp")
install(EXPORT gtlabelTargets NAMESPACE gtlabel:: DESTINATION "${gtlabel_package_dir}")

configure_package_config_file(cmake/gtlabelConfig.cmake.in "${PROJECT_BINARY_DIR}/gtlabelConfig.cmake"
                              INSTALL_DESTINATION "${gtlabel_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/gtlabelConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/gtlabelConfig.cmake" "${PROJECT_BINARY_DIR}/gtlabelConfigVersion.cmake"
        DESTINATION "${gtlabel_package_dir}")

# The prefix is written relative to the .pc file, so that an installed tree can be moved.
file(RELATIVE_PATH gtlabel_pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(cmake/gtlabel.pc.in "${PROJECT_BINARY_DIR}/gtlabel.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/gtlabel.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
