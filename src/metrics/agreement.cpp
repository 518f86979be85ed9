#include "gtlabel/metrics/agreement.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// How often two answers meet: (classes x classes). A unit (an item) adds a few entries; coefficients come from sums.
using Table = Matrix<double>;
struct Entry {
  ClassIndex row = 0, col = 0;
  double weight = 0.0;
};
using Unit = std::vector<Entry>;
using Coefficient = std::function<double(const Table&)>;

void require_sound(const AgreementOptions& options) {
  if (options.n_resamples < 0) {
    throw InvalidArgument("n_resamples: " + std::to_string(options.n_resamples) + " given, expected 0 or more");
  }
  if (!(options.confidence > 0.0 && options.confidence < 1.0)) {
    throw InvalidArgument("confidence: " + std::to_string(options.confidence) + " given, expected above 0 and below 1");
  }
}

void add(const Unit& unit, Table& table) {
  for (const Entry& entry : unit) table(entry.row, entry.col) += entry.weight;
}

double of_resample(const std::vector<Unit>& units, const Coefficient& coefficient, std::int32_t n_classes,
                   std::uint64_t seed, std::size_t resample) {
  RandomStream random(seed, RandomPurpose::bootstrap, static_cast<std::uint64_t>(resample) << 32);
  Table table(n_classes, n_classes);
  for (std::size_t u = 0; u < units.size(); ++u) add(units[random.below(units.size())], table);
  return coefficient(table);
}

Interval percentiles(std::vector<double> values, double confidence) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return {kNaN, kNaN};
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const double rest = place - static_cast<double>(below);
    return below + 1 < values.size() ? values[below] * (1.0 - rest) + values[below + 1] * rest : values.back();
  };
  return {at(0.5 * (1.0 - confidence)), at(0.5 * (1.0 + confidence))};
}

Agreement bootstrapped(const std::vector<Unit>& units, const Coefficient& coefficient, std::int32_t n_classes,
                       const AgreementOptions& options) {
  Table table(n_classes, n_classes);
  for (const Unit& unit : units) add(unit, table);
  Agreement agreement{coefficient(table), {kNaN, kNaN}};
  if (options.n_resamples == 0 || units.empty()) return agreement;
  SerialExecutor serial;
  Executor& executor = options.executor ? *options.executor : serial;
  std::vector<double> values(static_cast<std::size_t>(options.n_resamples));
  executor.run(values.size(), [&](std::size_t resample) {
    values[resample] = of_resample(units, coefficient, n_classes, options.seed, resample);
  });
  agreement.interval = percentiles(std::move(values), options.confidence);
  return agreement;
}

std::vector<double> row_sums(const Table& table) {
  std::vector<double> sums;
  for (std::ptrdiff_t c = 0; c < table.rows; ++c) {
    double sum = 0.0;
    for (const double value : table.row(c)) sum += value;
    sums.push_back(sum);
  }
  return sums;
}

/// Coincidences of an item: each ordered pair of answers of different votes, 1 / (votes - 1) each.
Unit coincidences(std::span<const Vote> votes, const std::function<ClassIndex(ClassIndex)>& class_of) {
  std::map<ClassIndex, double> counts;
  for (const Vote& vote : votes) counts[class_of(vote.answer)] += 1.0;
  Unit unit;
  if (votes.size() < 2) return unit;
  const double scale = 1.0 / static_cast<double>(votes.size() - 1);
  for (const auto& [a, n_a] : counts) {
    for (const auto& [b, n_b] : counts) {
      const double pairs = n_a * (a == b ? n_b - 1.0 : n_b);
      if (pairs > 0.0) unit.push_back({a, b, pairs * scale});
    }
  }
  return unit;
}

std::vector<Unit> all_coincidences(const VoteTable& votes, const std::function<ClassIndex(ClassIndex)>& class_of) {
  std::vector<Unit> units;
  for (std::int32_t i = 0; i < votes.n_items(); ++i) {
    Unit unit = coincidences(votes.of_item(i), class_of);
    if (!unit.empty()) units.push_back(std::move(unit));
  }
  return units;
}

ClassIndex itself(ClassIndex answer) { return answer; }

/// Where each class lies on a line on which the squared difference is the distance; nominal has no such line.
std::vector<double> places(AnswerScale scale, std::span<const double> values, const std::vector<double>& counts) {
  std::vector<double> line;
  double below = 0.0;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    const double rank = below + 0.5 * counts[c];
    const double value = values.empty() ? static_cast<double>(c) : values[c];
    line.push_back(scale == AnswerScale::ordinal ? rank : value);
    below += counts[c];
  }
  return line;
}

double alpha(const Table& coincidences, AnswerScale scale, std::span<const double> values) {
  const std::vector<double> counts = row_sums(coincidences);
  const std::vector<double> line = places(scale, values, counts);
  double n = 0.0, observed = 0.0, expected = 0.0;
  for (const double count : counts) n += count;
  for (std::size_t a = 0; a < counts.size(); ++a) {
    for (std::size_t b = 0; b < counts.size(); ++b) {
      if (a == b) continue;
      const double difference = scale == AnswerScale::nominal ? 1.0 : line[a] - line[b];
      const double distance = difference * difference;
      observed += coincidences(static_cast<std::ptrdiff_t>(a), static_cast<std::ptrdiff_t>(b)) * distance;
      expected += counts[a] * counts[b] * distance;
    }
  }
  return expected > 0.0 ? 1.0 - (n - 1.0) * observed / expected : kNaN;
}

/// Of a table of pairs whose margins are those of chance.
double kappa(const Table& table) {
  const std::vector<double> rows = row_sums(table);
  std::vector<double> cols(rows.size(), 0.0);
  double n = 0.0, same = 0.0, by_chance = 0.0;
  for (std::ptrdiff_t a = 0; a < table.rows; ++a) {
    for (std::ptrdiff_t b = 0; b < table.cols; ++b) cols[static_cast<std::size_t>(b)] += table(a, b);
    n += rows[static_cast<std::size_t>(a)];
    same += table(a, a);
  }
  for (std::size_t c = 0; c < rows.size(); ++c) by_chance += rows[c] * cols[c] / (n * n);
  return by_chance < 1.0 ? (same / n - by_chance) / (1.0 - by_chance) : kNaN;
}

void require_values(AnswerScale scale, std::span<const double> values, std::int32_t n_classes) {
  if (values.empty()) return;
  if (scale != AnswerScale::interval) throw InvalidArgument("values: given, expected only with the interval scale");
  if (std::ssize(values) != n_classes) {
    throw InvalidArgument(
        "values: " + std::to_string(values.size()) + " given for " + std::to_string(n_classes) + " classes",
        ErrorCode::shape_mismatch);
  }
  for (std::size_t c = 0; c < values.size(); ++c) {
    if (!std::isfinite(values[c])) {
      throw InvalidArgument("values: that of class " + std::to_string(c) + " is not finite", ErrorCode::not_finite);
    }
  }
}

/// The last answer of each worker about an item, by worker.
std::map<std::int32_t, ClassIndex> last_answers(std::span<const Vote> votes) {
  std::map<std::int32_t, ClassIndex> answers;
  for (const Vote& vote : votes) answers[vote.other] = vote.answer;
  return answers;
}

}  // namespace

Agreement krippendorff_alpha(const VoteTable& votes, AnswerScale scale, std::span<const double> values,
                             const AgreementOptions& options) {
  require_sound(options);
  require_values(scale, values, votes.n_classes());
  const auto coefficient = [&](const Table& table) { return alpha(table, scale, values); };
  return bootstrapped(all_coincidences(votes, itself), coefficient, votes.n_classes(), options);
}

std::vector<Agreement> krippendorff_alpha_per_class(const VoteTable& votes, const AgreementOptions& options) {
  require_sound(options);
  const auto coefficient = [](const Table& table) { return alpha(table, AnswerScale::nominal, {}); };
  std::vector<Agreement> per_class;
  for (ClassIndex c = 0; c < votes.n_classes(); ++c) {
    const auto is_class = [c](ClassIndex answer) { return static_cast<ClassIndex>(answer == c); };
    per_class.push_back(bootstrapped(all_coincidences(votes, is_class), coefficient, 2, options));
  }
  return per_class;
}

Agreement fleiss_kappa(const VoteTable& votes, const AgreementOptions& options) {
  require_sound(options);
  const std::size_t n = std::max<std::size_t>(votes.of_item(0).size(), 2);
  for (std::int32_t i = 0; i < votes.n_items(); ++i) {
    if (votes.of_item(i).size() == n) continue;
    throw InvalidArgument("votes: item " + std::to_string(i) + " has " + std::to_string(votes.of_item(i).size()) +
                          " answers, expected " + std::to_string(n) + " as the others; use krippendorff_alpha");
  }
  return bootstrapped(all_coincidences(votes, itself), kappa, votes.n_classes(), options);
}

std::vector<WorkerAgreement> cohen_kappa(const VoteTable& votes, std::int64_t min_common,
                                         const AgreementOptions& options) {
  require_sound(options);
  if (min_common < 1) {
    throw InvalidArgument("min_common: " + std::to_string(min_common) + " given, expected at least 1");
  }
  std::map<std::pair<std::int32_t, std::int32_t>, std::vector<Unit>> pairs;
  for (std::int32_t i = 0; i < votes.n_items(); ++i) {
    const auto answers = last_answers(votes.of_item(i));
    for (auto a = answers.begin(); a != answers.end(); ++a) {
      for (auto b = std::next(a); b != answers.end(); ++b) {
        pairs[{a->first, b->first}].push_back({{a->second, b->second, 1.0}});
      }
    }
  }
  std::vector<WorkerAgreement> agreements;
  for (const auto& [workers, units] : pairs) {
    if (std::ssize(units) < min_common) continue;
    agreements.push_back(
        {workers.first, workers.second, std::ssize(units), bootstrapped(units, kappa, votes.n_classes(), options)});
  }
  return agreements;
}

}  // namespace gtlabel
