#pragma once

#include <cstdint>
#include <string>

namespace gtlabel {

/// What one worker was paid for the answers of one round.
struct Spending {
  std::int32_t round = 0;
  std::string worker;       ///< name; "": all who gave none
  std::int64_t n_paid = 0;  ///< paid answers: no skips, and nobody twice for an item
  double cost = 0.0;        ///< in the price's currency
};

}  // namespace gtlabel
