#include "gtlabel/routing/exact_audit.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "gtlabel/core/error.hpp"
#include "gtlabel/routing/audit_bound.hpp"
#include "gtlabel/routing/commit_plan.hpp"

namespace gtlabel {
namespace {

// The exact value that takes the place of ln(1 / failure_probability) lies near this share of it: for planning only.
constexpr double kCriticalShare = 0.87;
constexpr double kLookStep = 1.2;
// Looks from this part of the planned level on, if no fewer audits could do.
constexpr double kFirstLook = 0.25;
constexpr double kHighestLevel = 0.95;
// Numbers kept between the trials of a critical value; where there are more they are computed again for each.
constexpr double kMostTransitions = 8e6;
constexpr double kNegligible = 1e-15;
constexpr int kPrefixes = 100;
constexpr std::size_t kMostClaims = 10000, kMostLooks = 100;
constexpr double kLastClaim = 1.2;  // in planned levels
constexpr double kPessimism = 1.3;
constexpr double kFineStep = 1.05;
constexpr double kNearlyAsEarly = 1.1;
// A whole dataset: the first look takes this part of the failure probability, each further one half of what is left;
// each draws twice as much as the one before.
constexpr double kFirstLookPart = 0.95, kNextLookPart = 0.5;
constexpr double kNextLookStep = 2.0;
constexpr double kPlanStep = 1.08;
constexpr double kSteepness = 1.5, kDeviations = 1.75;
constexpr std::int64_t kDatasetPrefixes = 2000, kOneLookPrefixes = 200, kPlanPrefixes = 50;
constexpr double kManyFound = 10.0;
constexpr double kSafe = 4.5;                     // standard deviations
constexpr double kCautious = 1.5, kCredit = 2.1;  // standard deviations
// What may be found, in standard deviations from what is expected: five outcomes of about one chance.
constexpr std::array<double, 5> kOutcomes = {-1.28, -0.52, 0.0, 0.52, 1.28};
constexpr double kFirstRefused = 0.7;  // a sequence of claims ends with the first that is refused, seldom the luckiest

double log_factorial(double n) {
  static const std::array<double, 17> small = [] {
    std::array<double, 17> table{};
    for (int i = 2; i < 17; ++i) table[i] = table[i - 1] + std::log(i);
    return table;
  }();
  if (n < 16.5) return small[static_cast<std::size_t>(n)];
  // Stirling's series; std::lgamma is not thread-safe.
  static const double half_log_two_pi = 0.5 * std::log(2.0 * std::acos(-1.0));
  const double inverse = 1.0 / n, square = inverse * inverse;
  return (n + 0.5) * std::log(n) - n + half_log_two_pi +
         inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
}

double log_choose(double n, double k) { return log_factorial(n) - log_factorial(k) - log_factorial(n - k); }

/// The chance that x of the wrong labels are among those drawn, for x = 0 .. most.
std::vector<double> hypergeometric(std::int64_t n_items, std::int64_t n_wrong, std::int64_t n_drawn,
                                   std::int64_t most) {
  const std::int64_t least = std::max<std::int64_t>(0, n_drawn - (n_items - n_wrong));
  const std::int64_t highest = std::min({n_wrong, n_drawn, most});
  std::vector<double> chances(static_cast<std::size_t>(most + 1), 0.0);
  if (least > highest) return chances;
  const auto all = static_cast<double>(n_items), wrong = static_cast<double>(n_wrong);
  const auto drawn = static_cast<double>(n_drawn);
  const auto start = static_cast<double>(least);
  double log_chance = log_choose(wrong, start) + log_choose(all - wrong, drawn - start) - log_choose(all, drawn);
  for (std::int64_t x = least; x <= highest; ++x) {
    chances[static_cast<std::size_t>(x)] = std::exp(log_chance);
    const auto found = static_cast<double>(x);
    log_chance += std::log((wrong - found) * (drawn - found) / ((found + 1.0) * (all - wrong - drawn + found + 1.0)));
  }
  return chances;
}

double at_most(std::int64_t most, std::int64_t n_items, std::int64_t n_wrong, std::int64_t n_drawn) {
  const auto chances = hypergeometric(n_items, n_wrong, n_drawn, most);
  return std::accumulate(chances.begin(), chances.end(), 0.0);
}

/// A look's acceptance number, and the chance that it accepts what is false.
struct Acceptance {
  std::int64_t number = -1;
  double false_chance = 0.0;
};

/// The highest number below `refused` of which the chance, which grows with it, is within the limit.
template <class Chance>
Acceptance highest_number(std::int64_t refused, double limit, Chance chance_of) {
  Acceptance best;
  while (refused - best.number > 1) {
    const std::int64_t middle = best.number + (refused - best.number) / 2;
    const double chance = chance_of(middle);
    if (chance <= limit) {
      best = {middle, chance};
    } else {
      refused = middle;
    }
  }
  return best;
}

Acceptance of_claim(std::int64_t n_items, std::int64_t n_drawn, std::int64_t bound, double limit) {
  if (bound >= n_items) return {n_drawn, 0.0};  // cannot be false
  if (bound < 0) return {};
  return highest_number(std::min(n_drawn, bound + 1), limit,
                        [&](std::int64_t number) { return at_most(number, n_items, bound + 1, n_drawn); });
}

Acceptance of_undrawn(std::int64_t n_items, std::int64_t n_drawn, std::int64_t bound, double limit) {
  if (n_items - n_drawn <= bound) return {n_drawn, 0.0};  // cannot be false
  return highest_number(std::min(n_drawn, n_items - bound), limit,
                        [&](std::int64_t number) { return at_most(number, n_items, bound + 1 + number, n_drawn); });
}

/// Look by look; what one cannot use, because numbers are whole, the next may.
template <class AcceptanceOf>
std::vector<std::int64_t> numbers_by_parts(std::span<const std::int64_t> drawn, double failure_probability,
                                           std::span<const double> parts, AcceptanceOf acceptance_of) {
  if (parts.size() != drawn.size()) {
    throw InvalidArgument("parts: " + std::to_string(parts.size()) + " given, expected one for each of " +
                              std::to_string(drawn.size()) + " looks",
                          ErrorCode::shape_mismatch);
  }
  std::vector<std::int64_t> numbers;
  double unused = 0.0;
  for (std::size_t look = 0; look < drawn.size(); ++look) {
    // A hair below, for the rounding.
    const double limit = unused + parts[look] * failure_probability * (1.0 - 1e-9);
    const Acceptance acceptance = acceptance_of(drawn[look], limit);
    numbers.push_back(acceptance.number);
    unused = limit - acceptance.false_chance;
  }
  return numbers;
}

/// Parts for looks of which the first is the one that counts.
std::vector<double> parts_for(std::size_t n_looks) {
  std::vector<double> parts;
  double left = 1.0;
  for (std::size_t look = 0; look < n_looks; ++look) {
    parts.push_back(look + 1 == n_looks ? left : left * (look == 0 ? kFirstLookPart : kNextLookPart));
    left -= parts.back();
  }
  return parts;
}

/// One claim's test: the chance of accepting it when it is just false, for any acceptance numbers.
class SequentialTest {
 public:
  SequentialTest(std::int64_t n_items, std::span<const std::int64_t> drawn, std::int64_t n_wrong)
      : n_items_(n_items), n_wrong_(n_wrong), drawn_(drawn) {
    for (const std::int64_t n : drawn) {
      std::vector<double> evidence;
      const double level = std::min(static_cast<double>(n) / static_cast<double>(n_items), 1.0 - 1e-9);
      // More than are to be expected of a false claim are no evidence against it.
      const auto expected = static_cast<std::int64_t>(level * static_cast<double>(n_wrong));
      for (std::int64_t found = 0; found <= std::min({n, n_wrong - 1, expected}); ++found) {
        evidence.push_back(
            log_audit_martingale(static_cast<double>(found), level, static_cast<double>(n_wrong - found)));
      }
      least_ = std::min(least_, evidence.back());
      most_ = std::max(most_, std::ssize(evidence) - 1);
      evidence_.push_back(std::move(evidence));
    }
    make_transitions();
  }

  /// The least evidence of all that may be accepted.
  [[nodiscard]] double least() const noexcept { return least_; }

  /// Accepting where the evidence reaches a critical value.
  [[nodiscard]] std::vector<std::int64_t> numbers(double critical) const {
    std::vector<std::int64_t> numbers;
    for (const auto& evidence : evidence_) {
      const auto end = std::find_if(evidence.begin(), evidence.end(), [&](double e) { return e < critical; });
      numbers.push_back(end - evidence.begin() - 1);
    }
    return numbers;
  }

  [[nodiscard]] double false_acceptance(const std::vector<std::int64_t>& numbers) const {
    std::vector<double> chances(static_cast<std::size_t>(most_ + 1), 0.0);  // of so many found and nothing accepted
    if (most_ < 0) return 0.0;
    chances[0] = 1.0;
    double accepted = 0.0;
    std::vector<double> computed;
    for (std::size_t look = 0; look < numbers.size(); ++look) {
      std::vector<double> next(chances.size(), 0.0);
      for (std::size_t found = 0; found < chances.size(); ++found) {
        if (chances[found] == 0.0) continue;
        if (transitions_.empty() && chances[found] < kNegligible) {  // too many states to go through them all
          accepted += chances[found];
          continue;
        }
        if (transitions_.empty()) computed = transition(look, static_cast<std::int64_t>(found));
        const auto& more = transitions_.empty() ? computed : transitions_[look][found];
        for (std::size_t x = 0; x < more.size(); ++x) next[found + x] += chances[found] * more[x];
      }
      for (std::int64_t found = 0; found <= numbers[look]; ++found) {
        accepted += std::exchange(next[static_cast<std::size_t>(found)], 0.0);
      }
      chances = std::move(next);
    }
    return accepted;
  }

 private:
  /// The chances of finding 0, 1, ... more at a look, after so many found before.
  [[nodiscard]] std::vector<double> transition(std::size_t look, std::int64_t found) const {
    const std::int64_t before = look == 0 ? 0 : drawn_[look - 1];
    return hypergeometric(n_items_ - before, n_wrong_ - found, drawn_[look] - before, most_ - found);
  }

  void make_transitions() {
    if (static_cast<double>(drawn_.size()) * static_cast<double>(most_) * static_cast<double>(most_) >
        kMostTransitions) {
      return;
    }
    for (std::size_t look = 0; look < drawn_.size(); ++look) {
      std::vector<std::vector<double>> of_look;
      const bool is_first = look == 0 || drawn_[look - 1] == 0;
      for (std::int64_t found = 0; found <= (is_first ? 0 : most_); ++found) of_look.push_back(transition(look, found));
      of_look.resize(static_cast<std::size_t>(most_ + 1));
      transitions_.push_back(std::move(of_look));
    }
  }

  std::int64_t n_items_, n_wrong_;
  std::span<const std::int64_t> drawn_;
  std::int64_t most_ = -1;  // found labels beyond which nothing is accepted
  double least_ = 0.0;
  std::vector<std::vector<double>> evidence_;                  // per look and number found
  std::vector<std::vector<std::vector<double>>> transitions_;  // per look and number found before
};

/// The level at which the audits of k delivered labels and what they leave unproved cost least together, if `allowed`
/// of them may be wrong and the last ones are wrong kSteepness times as often as all. At level q the errors are known
/// to z sqrt(allowed / q), which costs that over the last ones' risk in labels: k q + z k / (s sqrt(allowed q)) is
/// least at q = (z / (2 s sqrt(allowed)))^(2/3). Little depends on it, so where few seeds say that the ranking is worth
/// nothing, which would make a higher level the best, they are not believed.
double highest_level(double n_allowed) {
  return std::pow(kDeviations / (2.0 * kSteepness * std::sqrt(std::max(n_allowed, 1.0))), 2.0 / 3.0);
}

/// What is claimed of a prefix at one look: as much as is allowed of what will be left of it, and the errors that are
/// likely to be found in it at least.
std::int64_t one_look_bound(std::int64_t prefix, double level, double max_error) {
  const double drawn = level * static_cast<double>(prefix);
  const double left = static_cast<double>(prefix) - drawn - kCautious * std::sqrt(drawn);
  const double found = max_error * drawn;
  return static_cast<std::int64_t>(std::max(0.0, max_error * left) +
                                   std::max(0.0, found - kCredit * std::sqrt(found) - 1.0));
}

/// What one look is expected to accept of prefixes in their order.
class OneLook {
 public:
  /// @param wrong  predicted among the first 0, 1, ... labels.
  OneLook(std::span<const double> wrong, double max_error, double failure_probability, double level) : level_(level) {
    const std::int64_t n = std::ssize(wrong) - 1;
    for (std::int64_t step = 1; step <= kPlanPrefixes; ++step) {
      const std::int64_t prefix = n * step / kPlanPrefixes;
      if (prefix == 0) continue;
      const auto drawn = static_cast<std::int64_t>(level * static_cast<double>(prefix));
      const std::int64_t bound = one_look_bound(prefix, level, max_error);
      const double most =
          static_cast<double>(of_claim(prefix, drawn, bound, kFirstLookPart * failure_probability).number);
      const double expected = level * wrong[static_cast<std::size_t>(prefix)];
      prefixes_.push_back({prefix, expected, most});
      const double pessimistic = kPessimism * expected;
      const double margin = (most + 0.5 - pessimistic) / std::sqrt(pessimistic + 1.0);
      if (margin <= best_margin_ || best_margin_ >= kSafe) continue;
      best_margin_ = margin;
      start_ = prefixes_.size() - 1;
    }
  }

  /// The first prefix that is safe to be accepted, even if labels are somewhat worse than predicted, or the safest.
  [[nodiscard]] std::int64_t start() const noexcept { return prefixes_[start_].size; }

  /// The mean number of labels delivered.
  [[nodiscard]] double delivered() const noexcept {
    double sum = 0.0;
    for (const double outcome : kOutcomes) {
      std::size_t end = start_;
      while (end < prefixes_.size() && prefixes_[end].accepts(outcome + kFirstRefused)) ++end;
      if (end > start_) sum += (1.0 - level_) * static_cast<double>(prefixes_[end - 1].size);
    }
    return sum / static_cast<double>(kOutcomes.size());
  }

 private:
  struct Prefix {
    std::int64_t size;
    double expected, most;  // errors found
    [[nodiscard]] bool accepts(double outcome) const noexcept {
      return expected + outcome * std::sqrt(expected) <= most + 0.5;
    }
  };
  double level_;
  std::vector<Prefix> prefixes_;
  std::size_t start_ = 0;
  double best_margin_ = -std::numeric_limits<double>::infinity();
};

/// One look at the level at which most is expected to be delivered, and further ones for the case that it is not.
std::optional<ExactAuditDesign> design_one_look(std::span<const double> wrong, double max_error,
                                                double failure_probability, double highest_level) {
  const std::int64_t n = std::ssize(wrong) - 1;
  double planned = 0.0, most_delivered = 1.0;
  std::int64_t start = 0;
  for (double level = std::min(highest_level, kHighestLevel); level * static_cast<double>(n) > 10.0;
       level /= kLookStep) {
    const OneLook look(wrong, max_error, failure_probability, level);
    const double delivered = look.delivered();
    if (delivered <= most_delivered) continue;
    most_delivered = delivered;
    planned = level;
    start = look.start();
  }
  if (planned == 0.0) return std::nullopt;
  ExactAuditDesign design;
  for (double level = planned; level < kHighestLevel; level *= kNextLookStep) design.levels.push_back(level);
  design.parts = parts_for(design.levels.size());
  const std::int64_t step = std::max<std::int64_t>(1, n / kOneLookPrefixes);
  for (std::int64_t prefix = start; prefix < n; prefix += step) {
    design.prefixes.push_back(prefix);
    design.bounds.push_back(one_look_bound(prefix, planned, max_error));
  }
  // Nothing longer can make up for errors that are not found.
  design.prefixes.push_back(n);
  design.bounds.push_back(static_cast<std::int64_t>(max_error * (1.0 - planned) * static_cast<double>(n)));
  return design;
}

double allowed(double max_error, std::optional<double> n_allowed, double open) {
  return n_allowed ? *n_allowed : max_error * open;
}

}  // namespace

void validate(const ExactAuditDesign& design, std::int64_t n_items) {
  const auto require = [](bool is_right, const char* what) {
    if (!is_right) throw InvalidArgument(std::string("exact audit: ") + what);
  };
  require(!design.prefixes.empty() && !design.levels.empty(), "no prefix or no look given, expected at least one");
  require(design.bounds.size() == design.prefixes.size(), "prefixes and bounds of different numbers given");
  for (std::size_t i = 1; i < design.prefixes.size(); ++i) {
    const bool is_stricter = design.prefixes[i - 1] == design.prefixes[i] && design.bounds[i - 1] > design.bounds[i];
    require(design.prefixes[i - 1] < design.prefixes[i] || is_stricter,
            "expected ascending prefixes, and of one prefix descending bounds");
  }
  const auto is_not_below = [](double a, double b) { return !(a < b); };  // also where one is NaN
  require(std::adjacent_find(design.levels.begin(), design.levels.end(), is_not_below) == design.levels.end(),
          "expected ascending levels");
  require(design.prefixes.size() <= kMostClaims && design.levels.size() <= kMostLooks,
          "more than 10,000 claims or 100 looks given");
  require(design.prefixes.front() >= 1 && design.prefixes.back() <= n_items,
          "a prefix outside the ranking given, expected 1 to its size");
  require(*std::max_element(design.bounds.begin(), design.bounds.end()) <= n_items, "a bound above the ranking given");
  require(design.levels.front() > 0.0 && design.levels.back() < 1.0, "a level given that is not in (0, 1)");
  require(*std::min_element(design.bounds.begin(), design.bounds.end()) >= 0, "a bound below 0 given");
  require(!design.of_undrawn || std::adjacent_find(design.bounds.begin(), design.bounds.end(), std::not_equal_to<>()) ==
                                    design.bounds.end(),
          "different bounds of what is not drawn given, expected one");
  require(design.parts.size() == design.levels.size() || (design.parts.empty() && !design.of_undrawn),
          "parts and levels of different numbers given");
  require(design.parts.empty() || *std::min_element(design.parts.begin(), design.parts.end()) >= 0.0,
          "a part of the failure probability below 0 given");
  require(std::accumulate(design.parts.begin(), design.parts.end(), 0.0) <= 1.0 + 1e-9,
          "parts given that are more than the whole failure probability");
}

std::vector<std::int64_t> acceptance_numbers(std::int64_t n_items, std::span<const std::int64_t> drawn,
                                             std::int64_t bound, double failure_probability,
                                             std::span<const double> parts) {
  if (!parts.empty()) {
    return numbers_by_parts(drawn, failure_probability, parts, [&](std::int64_t n_drawn, double limit) {
      return of_claim(n_items, n_drawn, bound, limit);
    });
  }
  if (bound >= n_items) return {drawn.begin(), drawn.end()};  // cannot be false
  if (bound < 0) return std::vector<std::int64_t>(drawn.size(), -1);
  const SequentialTest test(n_items, drawn, bound + 1);
  // A hair below, for the rounding.
  const double limit = failure_probability * (1.0 - 1e-9);
  // Nothing is accepted at the upper end, too much perhaps at the lower.
  double low = std::min(test.least(), 0.0), high = 60.0;
  auto refused = test.numbers(low), accepted = test.numbers(high);
  if (test.false_acceptance(refused) <= limit) return refused;
  while (high - low > 1e-3) {
    const double middle = 0.5 * (low + high);
    auto numbers = test.numbers(middle);
    const bool is_sound = numbers == accepted || (numbers != refused && test.false_acceptance(numbers) <= limit);
    (is_sound ? high : low) = middle;
    (is_sound ? accepted : refused) = std::move(numbers);
  }
  return accepted;
}

std::vector<std::int64_t> undrawn_acceptance_numbers(std::int64_t n_items, std::span<const std::int64_t> drawn,
                                                     std::int64_t bound, double failure_probability,
                                                     std::span<const double> parts) {
  return numbers_by_parts(drawn, failure_probability, parts, [&](std::int64_t n_drawn, double limit) {
    return of_undrawn(n_items, n_drawn, bound, limit);
  });
}

ExactAudit::ExactAudit(ExactAuditDesign design, std::span<const double> coins, double failure_probability)
    : design_(std::move(design)),
      failure_probability_(failure_probability),
      n_items_(std::ssize(coins)),
      acceptance_(design_.of_undrawn ? 1 : design_.prefixes.size()) {
  validate(design_, std::ssize(coins));
  const std::size_t n_levels = design_.levels.size();
  if (design_.of_undrawn) {
    for (const double level : design_.levels) {
      drawn_.push_back(std::count_if(coins.begin(), coins.end(), [&](double coin) { return coin <= level; }));
    }
    return;
  }
  drawn_.assign(design_.prefixes.size() * n_levels, 0);
  std::size_t prefix = 0;
  for (std::size_t i = 0; i < coins.size() && i < static_cast<std::size_t>(design_.prefixes.back()); ++i) {
    while (design_.prefixes[prefix] <= static_cast<std::int64_t>(i)) ++prefix;
    const auto look = std::lower_bound(design_.levels.begin(), design_.levels.end(), coins[i]);
    for (auto l = static_cast<std::size_t>(look - design_.levels.begin()); l < n_levels; ++l) {
      ++drawn_[prefix * n_levels + l];
    }
  }
  for (std::size_t i = n_levels; i < drawn_.size(); ++i) drawn_[i] += drawn_[i - n_levels];
}

std::size_t ExactAudit::n_looks(double level) const noexcept {
  return static_cast<std::size_t>(std::upper_bound(design_.levels.begin(), design_.levels.end(), level) -
                                  design_.levels.begin());
}

std::int64_t ExactAudit::acceptance(std::size_t prefix, std::size_t look) const {
  const std::size_t n_levels = design_.levels.size();
  auto& numbers = acceptance_[index_of(prefix)];
  if (numbers.empty() && design_.of_undrawn) {
    numbers = undrawn_acceptance_numbers(n_items_, drawn_, design_.bounds.front(), failure_probability_, design_.parts);
  } else if (numbers.empty()) {
    numbers = acceptance_numbers(design_.prefixes[prefix],
                                 std::span<const std::int64_t>(drawn_).subspan(prefix * n_levels, n_levels),
                                 design_.bounds[prefix], failure_probability_, design_.parts);
  }
  return numbers[look];
}

std::size_t ExactAudit::n_proved(std::span<const std::int64_t> counted, std::size_t n_looks) const {
  const std::size_t n_levels = design_.levels.size();
  for (std::size_t prefix = 0; prefix < design_.prefixes.size(); ++prefix) {
    bool is_accepted = false;
    for (std::size_t look = 0; look < n_looks && !is_accepted; ++look) {
      is_accepted = counted[prefix * n_levels + look] <= acceptance(prefix, look);
    }
    if (!is_accepted) return prefix;
  }
  return design_.prefixes.size();
}

ExactAuditForecast forecast(const ExactAudit& audit, const ExactAuditProgress& progress, std::span<const double> risks,
                            double max_error, std::optional<double> n_allowed) {
  const ExactAuditDesign& design = audit.design();
  const auto n_open = static_cast<double>(progress.claims.back().n_open);
  const double level = progress.n_looks > 0 ? design.levels[progress.n_looks - 1] : 0.0;
  // What a claim leaves to be delivered wrongly, once so many more are found.
  const auto unfound = [&](const ClaimProgress& claim, double found) {
    const auto bound = static_cast<double>(claim.bound);
    return design.of_undrawn ? bound : bound - static_cast<double>(claim.n_wrong) - found;
  };
  ExactAuditForecast best{.deliverable = {}, .goes_on = false, .expected_humans = n_open};
  for (std::size_t p = 0; p < progress.n_proved; ++p) {
    const ClaimProgress& prefix = progress.claims[p];
    const auto open = static_cast<double>(prefix.n_open);
    if (prefix.n_open == 0 || unfound(prefix, 0.0) > allowed(max_error, n_allowed, open)) continue;
    best.deliverable = p;
    best.expected_humans = n_open - open;
  }
  for (std::size_t look = progress.n_looks; look < design.levels.size(); ++look) {
    const double newly_audited = (design.levels[look] - level) / (1.0 - level);
    for (std::size_t p = 0; p < progress.claims.size(); ++p) {
      const ClaimProgress& prefix = progress.claims[p];
      const double found = risks[p] * newly_audited;
      const bool is_proved = p < progress.n_proved || static_cast<double>(prefix.n_counted) + found <=
                                                          static_cast<double>(audit.acceptance(p, look)) + 0.5;
      if (!is_proved) break;
      const double open = static_cast<double>(prefix.n_open) * (1.0 - newly_audited);
      if (unfound(prefix, found) > allowed(max_error, n_allowed, open)) continue;
      const double humans = n_open - open;
      if (humans > best.expected_humans - 1.0) continue;
      best.expected_humans = humans;
      best.goes_on = true;
    }
  }
  return best;
}

ErrorTarget planning_target(const ErrorTarget& target, double failure_probability) {
  ErrorTarget eased = target;
  eased.failure_probability = std::pow(failure_probability, kCriticalShare);
  return eased;
}

std::optional<ExactAuditDesign> design_exact_audit(std::span<const double> risks, const ErrorTarget& target,
                                                   std::int64_t n_items, double failure_probability) {
  const auto n = static_cast<std::int64_t>(risks.size());
  // Its looks end at twice the planned level, so the plan is that of a ledger that expects nothing.
  const CommitPlan plan = plan_commit(risks, AuditState{.prior = AuditPrior()}, target, n_items);
  if (!plan.certifies || plan.n_commit == 0) return std::nullopt;
  std::vector<double> wrong(risks.size() + 1, 0.0);
  for (std::size_t i = 0; i < risks.size(); ++i) wrong[i + 1] = wrong[i] + risks[i];
  const auto wrong_of = [&](std::int64_t prefix) { return wrong[static_cast<std::size_t>(prefix)]; };
  const double limit = -std::log(target.failure_probability);
  const double level = plan.level;
  // Where many errors will be found an early look is hardly ever lucky.
  if (level * wrong_of(plan.n_commit) >= kManyFound) {
    const double n_allowed = target.max_error * static_cast<double>(plan.n_commit);
    auto design = design_one_look(wrong, target.max_error, failure_probability, highest_level(n_allowed));
    if (design) return design;
  }

  // Audits take labels out of those delivered, and with them falls what the target allows: of each prefix two claims
  // are made, what will do after the first look and what will do somewhat later than planned; beyond that the errors
  // found, which are no longer delivered, make up for it.
  const auto bound_at = [&](std::int64_t prefix, double at_level) {
    return static_cast<std::int64_t>(target.max_error * static_cast<double>(prefix) * (1.0 - at_level));
  };

  // The first prefix is the longest that is proved nearly as early as any, if labels are somewhat worse than predicted.
  const auto proved_at = [&](std::int64_t prefix) {
    for (double at = 0.1 * level; at < kHighestLevel; at *= kFineStep) {
      const double found = kPessimism * wrong_of(prefix) * at;
      const double unfound = static_cast<double>(bound_at(prefix, at)) + 1.0 - found;
      if (unfound > 0.0 && log_audit_martingale(found, at, unfound) >= limit) return at;
    }
    return 1.0;
  };
  std::int64_t start = plan.n_commit;
  double earliest = 1.0;
  for (int step = kPrefixes; step > 0; step -= 2) {
    const std::int64_t prefix = plan.n_commit * step / kPrefixes;
    if (prefix == 0) break;
    const double at = proved_at(prefix);
    if (at * kNearlyAsEarly >= earliest) continue;
    earliest = at;
    start = prefix;
  }

  // Looks from a level at which few errors found would do, through the one that is expected to do, to twice that.
  ExactAuditDesign design;
  const double none_found = -std::expm1(-limit / (static_cast<double>(bound_at(start, level)) + 1.0));
  const double first = std::clamp(kFirstLook * level, std::min(none_found, level), level);
  const double last = std::min(2.0 * level, kHighestLevel);
  for (double look = first; look < last; look *= kLookStep) design.levels.push_back(look);

  const auto claim_of = [&](std::int64_t prefix) {
    design.prefixes.push_back(prefix);
    design.bounds.push_back(bound_at(prefix, first));
    const std::int64_t stricter = bound_at(prefix, std::min(kLastClaim * level, kHighestLevel));
    if (stricter >= design.bounds.back()) return;
    design.prefixes.push_back(prefix);
    design.bounds.push_back(stricter);
  };
  const std::int64_t step = std::max<std::int64_t>(1, n / kPrefixes);
  for (std::int64_t prefix = start; prefix < n; prefix += step) claim_of(prefix);
  claim_of(n);
  return design;
}

std::optional<ExactAuditDesign> design_dataset_audit(std::span<const double> risks, std::int64_t n_allowed,
                                                     double failure_probability) {
  const auto n = static_cast<std::int64_t>(risks.size());
  std::vector<double> wrong;
  std::partial_sum(risks.begin(), risks.end(), std::back_inserter(wrong));

  // Labels expected to be delivered after one look: up to where one more is found than may be.
  const auto delivered = [&](double level) {
    const auto drawn = static_cast<std::int64_t>(level * static_cast<double>(n));
    const double limit = kFirstLookPart * failure_probability;
    const auto most = static_cast<double>(of_undrawn(n, drawn, n_allowed, limit).number);
    double sum = 0.0;
    for (const double outcome : kOutcomes) {
      // x expected and outcome x sqrt(x) more found: as many as may be.
      const double root = std::max(0.0, -0.5 * outcome + std::sqrt(0.25 * outcome * outcome + most + 0.5));
      const auto end = std::upper_bound(wrong.begin(), wrong.end(), root * root / level);
      if (most >= 0.0) sum += (1.0 - level) * static_cast<double>(end - wrong.begin());
    }
    return sum / static_cast<double>(kOutcomes.size());
  };
  double planned = 0.0, most_delivered = 1.0;
  const double highest = std::min(kHighestLevel, highest_level(static_cast<double>(n_allowed)));
  for (double level = 1.0 / static_cast<double>(std::max<std::int64_t>(n, 2)); level <= highest; level *= kPlanStep) {
    const double labels = delivered(level);
    if (labels <= most_delivered) continue;
    most_delivered = labels;
    planned = level;
  }
  if (planned == 0.0) return std::nullopt;

  ExactAuditDesign design;
  design.of_undrawn = true;
  for (double level = planned; level < kHighestLevel; level *= kNextLookStep) design.levels.push_back(level);
  design.parts = parts_for(design.levels.size());
  const std::int64_t step = std::max<std::int64_t>(1, n / kDatasetPrefixes);
  for (std::int64_t prefix = step; prefix < n; prefix += step) design.prefixes.push_back(prefix);
  design.prefixes.push_back(n);
  design.bounds.assign(design.prefixes.size(), std::min(n_allowed, n));
  return design;
}

}  // namespace gtlabel
