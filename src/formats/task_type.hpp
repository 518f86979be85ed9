#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "formats/json_tree.hpp"

namespace gtlabel::formats {

/// Task types, as far as their labels look different.
enum class TaskType : std::uint8_t {
  image_class,
  text_class,
  video_class,
  image_multi_class,
  text_multi_class,
  boxes,
  mask,
  verification,
  spans,
  video_objects,
  video_tracks,
  cuboids,
  cuboid_tracks,
  point_mask,
  custom,
};

/// What a `type` says, in any case and with `_` for `-`; of an unknown one nothing.
[[nodiscard]] std::optional<TaskType> task_type_of(std::string_view type);

/// The spelling of `type` that Ground Truth writes.
[[nodiscard]] std::string_view canonical_type(TaskType type);

/// Whether its label attribute name must end in `-ref`; of no other may it.
[[nodiscard]] bool needs_ref(TaskType type);

/// What a label looks like, for metadata that do not say.
[[nodiscard]] TaskType guessed_task_type(JsonValue label, std::optional<JsonValue> metadata);

/// A date as microseconds since 1970, or nothing if it is none: YYYY-MM-DDTHH:MM:SS, then perhaps .f to .ffffff, then
/// perhaps Z; a blank may stand for the T.
[[nodiscard]] std::optional<std::int64_t> microseconds_of(std::string_view date);

inline bool is_class(TaskType type) {
  return type == TaskType::image_class || type == TaskType::text_class || type == TaskType::video_class ||
         type == TaskType::verification;
}
inline bool is_multi_class(TaskType type) {
  return type == TaskType::image_multi_class || type == TaskType::text_multi_class;
}
inline bool is_mask(TaskType type) { return type == TaskType::mask || type == TaskType::point_mask; }
inline bool is_sequence(TaskType type) {
  return type == TaskType::video_objects || type == TaskType::video_tracks || type == TaskType::cuboid_tracks;
}

}  // namespace gtlabel::formats
