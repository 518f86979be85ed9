#pragma once

/// Symbol visibility. The library is compiled with hidden visibility; what an application may link carries
/// GTLABEL_EXPORT.
#if defined(_WIN32)
#if defined(GTLABEL_STATIC_DEFINE)
#define GTLABEL_EXPORT
#elif defined(GTLABEL_BUILDING)
#define GTLABEL_EXPORT __declspec(dllexport)
#else
#define GTLABEL_EXPORT __declspec(dllimport)
#endif
#else
#define GTLABEL_EXPORT __attribute__((visibility("default")))
#endif
