# Configures, builds and runs one consumer project, as its user would.
cmake_minimum_required(VERSION 3.22...4.1)

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\n${output}\nended with ${result}")
  endif()
endfunction()

set(arguments -S "${PROJECT}" -B "${BINARY_DIR}" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${COMPILER}"
              "-DCONSUMER_SOURCE=${CONSUMER_SOURCE}" "-DCMAKE_CXX_FLAGS=${FLAGS}")
if(INSTALLED)
  # Always from scratch: a cached package directory would hide a fault of the installed files.
  file(REMOVE_RECURSE "${BINARY_DIR}")
  run("${CMAKE_COMMAND}" ${arguments} -DCMAKE_BUILD_TYPE=Release "-DCMAKE_PREFIX_PATH=${INSTALLED};${PREFIX_PATH}")
else()
  # The library is built without optimisation, which is quicker and as good for what is tested here.
  run("${CMAKE_COMMAND}" ${arguments} -DCMAKE_BUILD_TYPE=Debug -DBUILD_SHARED_LIBS=${SHARED} -DGTLABEL_INSTALL=ON
      "-DGTLABEL_SOURCE_DIR=${GTLABEL_SOURCE_DIR}" "-DCMAKE_PREFIX_PATH=${PREFIX_PATH}")
endif()
run("${CMAKE_COMMAND}" --build "${BINARY_DIR}" --parallel)
run("${BINARY_DIR}/consumer")
if(INSTALL_PREFIX)
  run("${CMAKE_COMMAND}" --install "${BINARY_DIR}" --prefix "${INSTALL_PREFIX}")
endif()
