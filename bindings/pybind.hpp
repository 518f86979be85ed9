#pragma once

// The only place that includes pybind11: its headers cost seconds per file, and one list keeps every file's casters
// alike.
#include <pybind11/functional.h>
#include <pybind11/gil_safe_call_once.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace py = pybind11;
using namespace pybind11::literals;  // NOLINT: "name"_a
