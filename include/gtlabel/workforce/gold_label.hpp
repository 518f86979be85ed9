#pragma once

#include "gtlabel/core/ids.hpp"

namespace gtlabel {

/// An item whose true class the host knows.
struct GoldLabel {
  ItemIndex item = 0;
  ClassIndex class_index = kNoClass;
};

}  // namespace gtlabel
