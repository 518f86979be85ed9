# Finds what gtlabel is built with. Nothing is ever downloaded: a missing package stops with the line to type.
# A target that a parent project already provides is taken as it is.

function(gtlabel_stop_missing what apt brew conda)
  message(FATAL_ERROR
    "gtlabel: ${what} was not found.\n"
    "  Debian, Ubuntu:  apt-get install ${apt}\n"
    "  macOS:           brew install ${brew}\n"
    "  conda:           conda install -c conda-forge ${conda}\n"
    "If it is installed elsewhere, name its prefix: cmake -DCMAKE_PREFIX_PATH=<prefix> ...")
endfunction()

# Packages from PyPI (cmeel-eigen, cmeel-boost) install under <site-packages>/cmeel.prefix.
if(GTLABEL_BUILD_PYTHON)
  set(PYBIND11_FINDPYTHON ON)
  if(NOT TARGET Python::Module)
    find_package(Python 3.10 COMPONENTS Interpreter Development.Module)
    if(NOT Python_FOUND)
      gtlabel_stop_missing("Python >= 3.10 with its headers" "python3-dev" "python" "python")
    endif()
  endif()
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "import sys; print(';'.join(p + '/cmeel.prefix' for p in sys.path if p))"
    OUTPUT_VARIABLE gtlabel_cmeel_prefixes OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  foreach(prefix IN LISTS gtlabel_cmeel_prefixes)
    if(IS_DIRECTORY "${prefix}")
      list(APPEND CMAKE_PREFIX_PATH "${prefix}")
    endif()
  endforeach()
endif()

# Eigen is looked up without a version, because the version file of Eigen 5 refuses "3.4"; the range is checked here.
if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 CONFIG QUIET)
  if(NOT Eigen3_FOUND)
    gtlabel_stop_missing("Eigen (>= 3.4, < 6)" "libeigen3-dev" "eigen" "eigen")
  endif()
  set(gtlabel_eigen_version "${Eigen3_VERSION}")
  if(NOT gtlabel_eigen_version)
    set(gtlabel_eigen_version "${EIGEN3_VERSION_STRING}")
  endif()
  if(gtlabel_eigen_version VERSION_LESS 3.4 OR gtlabel_eigen_version VERSION_GREATER_EQUAL 6)
    message(FATAL_ERROR "gtlabel: Eigen ${gtlabel_eigen_version} was found in ${Eigen3_DIR}; >= 3.4 and < 6 is needed.")
  endif()
endif()

if(NOT TARGET xtensor)
  find_package(xtensor CONFIG QUIET)
  if(NOT xtensor_FOUND)
    gtlabel_stop_missing("xtensor" "libxtensor-dev" "xtensor" "xtensor")
  endif()
endif()

if(NOT TARGET nlohmann_json::nlohmann_json)
  find_package(nlohmann_json 3.9 CONFIG QUIET)
  if(NOT nlohmann_json_FOUND)
    gtlabel_stop_missing("nlohmann/json >= 3.9" "nlohmann-json3-dev" "nlohmann-json" "nlohmann_json")
  endif()
endif()

# The shared library: Debian's static one is not position-independent and cannot go into the Python module.
if(NOT TARGET Boost::serialization)
  if(NOT DEFINED Boost_USE_STATIC_LIBS)
    set(Boost_USE_STATIC_LIBS OFF)
  endif()
  find_package(Boost 1.74 CONFIG QUIET COMPONENTS serialization)
  if(NOT TARGET Boost::serialization)
    gtlabel_stop_missing("Boost.Serialization >= 1.74" "libboost-serialization-dev" "boost" "libboost-devel")
  endif()
endif()

if(NOT TARGET SQLite::SQLite3)
  find_package(SQLite3 3.37 QUIET)
  if(NOT SQLite3_FOUND)
    gtlabel_stop_missing("SQLite >= 3.37" "libsqlite3-dev" "sqlite" "sqlite")
  endif()
endif()

if(NOT TARGET Threads::Threads)
  set(THREADS_PREFER_PTHREAD_FLAG ON)
  find_package(Threads REQUIRED)
endif()

if(GTLABEL_BUILD_TESTS)
  if(NOT TARGET doctest::doctest)
    find_package(doctest CONFIG QUIET)
    if(NOT doctest_FOUND)
      gtlabel_stop_missing("doctest (for the tests; or -DGTLABEL_BUILD_TESTS=OFF)" "doctest-dev" "doctest" "doctest")
    endif()
  endif()
endif()

if(GTLABEL_BUILD_BENCHMARKS AND NOT TARGET benchmark::benchmark)
  find_package(benchmark CONFIG QUIET)
  if(NOT benchmark_FOUND)
    gtlabel_stop_missing("Google Benchmark (or -DGTLABEL_BUILD_BENCHMARKS=OFF)" "libbenchmark-dev" "google-benchmark"
                         "benchmark")
  endif()
endif()

if(GTLABEL_BUILD_PYTHON AND NOT TARGET pybind11::module)
  find_package(pybind11 CONFIG QUIET)
  if(NOT pybind11_FOUND)
    # An interpreter that has pybind11 from PyPI tells where its package files are.
    execute_process(COMMAND "${Python_EXECUTABLE}" -m pybind11 --cmakedir
                    OUTPUT_VARIABLE gtlabel_pybind11_dir OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    find_package(pybind11 CONFIG QUIET HINTS "${gtlabel_pybind11_dir}")
  endif()
  if(NOT pybind11_FOUND)
    gtlabel_stop_missing("pybind11 >= 2.10 (or: pip install pybind11)" "pybind11-dev" "pybind11" "pybind11")
  endif()
  if(pybind11_VERSION VERSION_LESS 2.10)
    message(FATAL_ERROR "gtlabel: pybind11 ${pybind11_VERSION} was found; >= 2.10 is needed.")
  endif()
endif()
