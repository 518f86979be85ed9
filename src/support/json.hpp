#pragma once

/// The only place that names nlohmann/json. Its assertions would end the process. Without them its functions are others
/// than those of an application that uses it too, so the library's copy goes by a name of its own.
#define nlohmann gtlabel_nlohmann
#ifndef JSON_ASSERT
#define JSON_ASSERT(condition) static_cast<void>(0)
#endif
#include <nlohmann/json.hpp>
