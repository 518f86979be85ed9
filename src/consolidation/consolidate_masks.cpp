#include "gtlabel/consolidation/consolidate_masks.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "consolidation/pixel_model.hpp"
#include "consolidation/worker_rules.hpp"
#include "consolidation/worker_tables.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/dataset/id_codes.hpp"

namespace gtlabel {
namespace {

using Masks = std::span<const MatrixView<const std::uint8_t>>;

constexpr double kStapleSmoothing = 1.0;  // a pixel that each worker got right and one that he did not
constexpr int kMaxIterations = 30;        // mean field settles soon or circles
constexpr double kTolerance = 1e-5;
constexpr double kEqualShares = 1e15;  // prior count that no number of pixels moves

struct MaskColumns {
  std::span<const std::int32_t> items, workers;
  Masks masks;
  std::int32_t n_classes;
};

std::string size_of(MatrixView<const std::uint8_t> mask) {
  return std::to_string(mask.rows) + " x " + std::to_string(mask.cols);
}

void require_known_classes(const MaskColumns& columns, std::size_t row) {
  const auto& mask = columns.masks[row];
  for (std::ptrdiff_t y = 0; y < mask.rows; ++y) {
    for (std::ptrdiff_t x = 0; x < mask.cols; ++x) {
      if (mask(y, x) < columns.n_classes) continue;
      throw UnknownClass("masks: row " + std::to_string(row) + " has class " + std::to_string(mask(y, x)) +
                         " at pixel (" + std::to_string(y) + ", " + std::to_string(x) + "), expected 0 to " +
                         std::to_string(columns.n_classes - 1));
    }
  }
}

/// Rows per item; at least one each.
std::vector<std::vector<std::size_t>> sound_rows_by_item(const MaskColumns& columns) {
  const std::size_t n = columns.masks.size();
  if (columns.n_classes < 2 || columns.n_classes > 256) {
    throw InvalidArgument("n_classes: " + std::to_string(columns.n_classes) + " given, expected 2 to 256");
  }
  const std::vector<ClassIndex> any_class(n, 0);
  // One vote per mask: the table refuses what is wrong with the columns.
  const VoteTable answers(columns.items, columns.workers, any_class, 1);
  std::vector<std::vector<std::size_t>> rows(static_cast<std::size_t>(answers.n_items()));
  for (std::size_t row = 0; row < n; ++row) {
    const auto& mask = columns.masks[row];
    auto& of_item = rows[columns.items[row]];
    const std::string name = "masks: row " + std::to_string(row);
    if (mask.rows < 1 || mask.cols < 1) throw InvalidArgument(name + " is " + size_of(mask) + ", expected pixels");
    for (const std::size_t other : of_item) {
      if (columns.workers[other] == columns.workers[row]) {
        throw InvalidArgument(name + " is of the same item and worker as row " + std::to_string(other) +
                              ", expected one mask of a worker per item");
      }
    }
    if (!of_item.empty()) {
      const auto& first = columns.masks[of_item[0]];
      if (first.rows != mask.rows || first.cols != mask.cols) {
        throw InvalidArgument(name + " is " + size_of(mask) + ", expected " + size_of(first) + " like row " +
                                  std::to_string(of_item[0]) + " of the same item",
                              ErrorCode::shape_mismatch);
      }
    }
    require_known_classes(columns, row);
    of_item.push_back(row);
  }
  return rows;
}

/// The pixels on which people disagree, as items of a table of votes.
struct DoubtfulPixels {
  struct Place {
    std::int32_t item;
    std::ptrdiff_t y, x;
  };
  std::vector<Place> places;
  std::vector<std::int32_t> pixels, workers;  // of votes
  std::vector<ClassIndex> classes;
  detail::PixelNeighbors neighbors;
};

bool is_doubtful(const Masks& masks, const std::vector<std::size_t>& rows, std::ptrdiff_t y, std::ptrdiff_t x) {
  return std::any_of(rows.begin() + 1, rows.end(),
                     [&](std::size_t row) { return masks[row](y, x) != masks[rows[0]](y, x); });
}

/// Most people see an edge there, so that the classes on its sides say nothing of each other.
bool is_border(const Masks& masks, const std::vector<std::size_t>& rows, std::ptrdiff_t y, std::ptrdiff_t x,
               std::ptrdiff_t other_y, std::ptrdiff_t other_x) {
  const auto n_drawn = std::count_if(rows.begin(), rows.end(),
                                     [&](std::size_t row) { return masks[row](y, x) != masks[row](other_y, other_x); });
  return 2 * n_drawn > std::ssize(rows);
}

constexpr std::pair<std::ptrdiff_t, std::ptrdiff_t> kSides[] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};

/// Finds the doubtful pixels of an item; settles the others in `mask`.
void collect(const MaskColumns& columns, const std::vector<std::size_t>& rows, std::int32_t item,
             Matrix<std::uint8_t>& mask, DoubtfulPixels& found) {
  Matrix<std::int32_t> numbers(mask.rows, mask.cols, -1);
  const std::size_t first = found.places.size();
  for (std::ptrdiff_t y = 0; y < mask.rows; ++y) {
    for (std::ptrdiff_t x = 0; x < mask.cols; ++x) {
      mask(y, x) = columns.masks[rows[0]](y, x);
      if (!is_doubtful(columns.masks, rows, y, x)) continue;
      if (found.places.size() == static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
        throw InvalidArgument("masks: people disagree on more than 2^31 - 1 pixels, expected fewer; give fewer items");
      }
      numbers(y, x) = static_cast<std::int32_t>(found.places.size());
      for (const std::size_t row : rows) {
        found.pixels.push_back(numbers(y, x));
        found.workers.push_back(columns.workers[row]);
        found.classes.push_back(columns.masks[row](y, x));
      }
      found.places.push_back({item, y, x});
    }
  }
  for (std::size_t p = first; p < found.places.size(); ++p) {
    std::vector<float> settled(static_cast<std::size_t>(columns.n_classes), 0.0F);
    const std::ptrdiff_t own_y = found.places[p].y, own_x = found.places[p].x;
    for (const auto& [down, right] : kSides) {
      const std::ptrdiff_t y = own_y + down, x = own_x + right;
      const bool is_there = y >= 0 && y < mask.rows && x >= 0 && x < mask.cols;
      const bool is_neighbor = is_there && !is_border(columns.masks, rows, own_y, own_x, y, x);
      found.neighbors.undecided.push_back(is_neighbor ? numbers(y, x) : -1);
      if (is_neighbor && numbers(y, x) < 0) settled[mask(y, x)] += 1.0F;
    }
    auto& all = found.neighbors.settled;
    all.values.insert(all.values.end(), settled.begin(), settled.end());
    ++all.rows;
  }
}

Consolidation decide(const VoteTable& votes, const detail::PixelNeighbors& neighbors,
                     const MaskConsolidationOptions& options) {
  ConsolidationOptions how;
  how.executor = options.executor;
  how.max_iterations = kMaxIterations;
  how.tolerance = kTolerance;
  const bool is_staple = options.method == MaskMethod::staple;
  detail::OutlineRule outline(votes.n_workers());
  detail::CountedRule counted(kStapleSmoothing, kStapleSmoothing, 1, false);
  detail::WorkerRule& rule = is_staple ? static_cast<detail::WorkerRule&>(counted) : outline;
  detail::WorkerTables tables(votes, how, rule, 1);
  detail::PixelModel model(votes, tables, neighbors, options.smoothness, !is_staple);
  const detail::EmSettings settings{.prior_count = is_staple ? 1.0 : kEqualShares};
  Consolidation result = run_em(votes, model, detail::vote_shares(votes, how), how, settings);
  detail::describe(votes, how, result);
  return result;
}

double expected_overlap(const Matrix<std::uint8_t>& mask, const Matrix<float>& probabilities, std::uint8_t c) {
  double both = 0.0, either = 0.0;
  for (std::size_t p = 0; p < mask.values.size(); ++p) {
    const double probability = probabilities(static_cast<std::ptrdiff_t>(p), c);
    both += mask.values[p] == c ? probability : 0.0;
    either += mask.values[p] == c ? 1.0 : probability;
  }
  return both / either;
}

double confidence_of(const Matrix<std::uint8_t>& mask, const Matrix<float>& probabilities) {
  std::vector<char> is_there(static_cast<std::size_t>(probabilities.cols), 0);
  for (const std::uint8_t c : mask.values) is_there[c] = 1;
  double sum = 0.0, n = 0.0;
  for (std::size_t c = 1; c < is_there.size(); ++c) {
    if (!is_there[c]) continue;
    sum += expected_overlap(mask, probabilities, static_cast<std::uint8_t>(c));
    n += 1.0;
  }
  return n > 0.0 ? sum / n : expected_overlap(mask, probabilities, 0);
}

}  // namespace

MaskConsolidation consolidate_masks(std::span<const std::int32_t> items, std::span<const std::int32_t> workers,
                                    Masks masks, std::int32_t n_classes, const MaskConsolidationOptions& options) {
  if (!(options.smoothness >= 0.0 && std::isfinite(options.smoothness))) {
    throw InvalidArgument("smoothness: " + std::to_string(options.smoothness) + " given, expected 0 or more");
  }
  if (items.size() != masks.size()) {
    throw InvalidArgument("masks: " + std::to_string(masks.size()) + " given for " + std::to_string(items.size()) +
                              " items, expected one of each per answer",
                          ErrorCode::shape_mismatch);
  }
  const MaskColumns columns{items, workers, masks, n_classes};
  const auto rows = sound_rows_by_item(columns);
  MaskConsolidation result;
  DoubtfulPixels doubtful;
  doubtful.neighbors.settled.cols = n_classes;
  for (std::size_t item = 0; item < rows.size(); ++item) {
    const auto& first = masks[rows[item][0]];
    result.masks.emplace_back(first.rows, first.cols);
    result.n_workers.push_back(static_cast<std::int32_t>(rows[item].size()));
    collect(columns, rows[item], static_cast<std::int32_t>(item), result.masks.back(), doubtful);
    result.probabilities.emplace_back(first.rows * first.cols, n_classes);
    for (std::size_t p = 0; p < result.masks.back().values.size(); ++p) {
      result.probabilities.back()(static_cast<std::ptrdiff_t>(p), result.masks.back().values[p]) = 1.0F;
    }
  }
  const std::int32_t n_workers = 1 + *std::max_element(workers.begin(), workers.end());
  result.worker_counts = Matrix<double>(std::ptrdiff_t{n_workers} * n_classes, n_classes);
  result.worker_accuracy.assign(static_cast<std::size_t>(n_workers), std::nan(""));
  if (!doubtful.places.empty()) {
    const auto coded = encode_ids(std::span<const std::int32_t>(doubtful.workers));  // those who met a doubtful pixel
    const VoteTable votes(doubtful.pixels, coded.codes, doubtful.classes, n_classes);
    const Consolidation decided = decide(votes, doubtful.neighbors, options);
    for (std::size_t p = 0; p < doubtful.places.size(); ++p) {
      const auto& [item, y, x] = doubtful.places[p];
      auto& mask = result.masks[static_cast<std::size_t>(item)];
      mask(y, x) = static_cast<std::uint8_t>(decided.labels[p]);
      const auto from = decided.probabilities.row(static_cast<std::ptrdiff_t>(p));
      const auto to = result.probabilities[static_cast<std::size_t>(item)].row(y * mask.cols + x);
      std::transform(from.begin(), from.end(), to.begin(), [](double value) { return static_cast<float>(value); });
    }
    for (std::size_t w = 0; w < coded.ids.size(); ++w) {
      const auto worker = static_cast<std::size_t>(coded.ids[w]);
      result.worker_accuracy[worker] = decided.worker_accuracy[w];
      const std::size_t size = static_cast<std::size_t>(n_classes) * static_cast<std::size_t>(n_classes);
      std::copy_n(decided.worker_counts.values.begin() + static_cast<std::ptrdiff_t>(w * size), size,
                  result.worker_counts.values.begin() + static_cast<std::ptrdiff_t>(worker * size));
    }
  }
  for (std::size_t item = 0; item < rows.size(); ++item) {
    result.confidences.push_back(confidence_of(result.masks[item], result.probabilities[item]));
  }
  return result;
}

}  // namespace gtlabel
