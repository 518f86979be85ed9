#pragma once

/// The version of gtlabel, in one place: CMake, pyproject.toml and the Python package read these three numbers.
#define GTLABEL_VERSION_MAJOR 0
#define GTLABEL_VERSION_MINOR 1
#define GTLABEL_VERSION_PATCH 0
#define GTLABEL_VERSION "0.1.0"
