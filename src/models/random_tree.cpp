#include "models/random_tree.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace gtlabel::detail {
namespace {

using std::ptrdiff_t;

// Of the largest class of a row: below it a class of a soft target is left out.
constexpr float kSmallestTarget = 1e-3F;
// Columns that are constant in a node cost time too; where they are many, fewer candidates were measured to do.
constexpr std::size_t kDrawsPerCandidate = 2;
constexpr std::size_t kColumnChunk = 64;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Grows one tree, depth first, in arrays that the nodes share.
class Growth {
 public:
  Growth(const TreeSamples& samples, int fold, ptrdiff_t n_candidates, double prior_mass, RandomStream random)
      : samples_(samples), n_candidates_(n_candidates), prior_mass_(prior_mass), random_(random) {
    for (std::size_t e = 0; e < samples.rows.size(); ++e) {
      if (samples.folds[e] == fold) continue;
      rows_.push_back(samples.rows[e]);
      classes_.push_back(samples.classes[e]);
      masses_.push_back(samples.masses[e]);
    }
    values_.resize(rows_.size());
    spare_.resize(rows_.size());
    spare_masses_.resize(rows_.size());
    columns_ = samples.varying;
  }

  RandomTree grow() {
    tree_.nodes.emplace_back();
    std::vector<Part> parts = {{0, rows_.size(), 0, 0}};
    while (!parts.empty()) {
      Part part = parts.back();
      parts.pop_back();
      find_classes(part);
      const Split split = runs_.size() > 1 ? best_split(part) : Split{};
      if (split.column < 0) {
        set_leaf(part);
        continue;
      }
      const auto child = static_cast<std::int32_t>(tree_.nodes.size());
      tree_.nodes[static_cast<std::size_t>(part.node)] = {split.cut, split.column, child, -1};
      tree_.nodes.resize(tree_.nodes.size() + 2);
      const std::size_t middle = divide(part, split);
      parts.push_back({middle, part.end, child + 1, part.n_constant});
      parts.push_back({part.begin, middle, child, part.n_constant});
    }
    return std::move(tree_);
  }

 private:
  /// The entries [begin, end) of a node. The first n_constant of columns_ are constant in it: what its parts do to the
  /// order of the columns leaves those alone.
  struct Part {
    std::size_t begin, end;
    std::int32_t node;
    std::size_t n_constant;
  };
  struct Split {
    std::int32_t column = -1;
    float cut = 0.0F;
    double purity = -1.0;
  };
  /// The entries of one class in a node: from the end of the run before.
  struct Run {
    std::size_t end;
    std::int32_t c;
    double mass;
  };
  struct Range {
    float low, high;
  };

  void find_classes(const Part& part) {
    runs_.clear();
    total_ = 0.0;
    for (std::size_t e = part.begin; e < part.end; ++e) {
      if (runs_.empty() || runs_.back().c != classes_[e]) runs_.push_back({e, classes_[e], 0.0});
      runs_.back().end = e + 1;
      runs_.back().mass += masses_[e];
      total_ += masses_[e];
    }
  }

  Split best_split(Part& part) {
    Split best;
    std::size_t n_drawn = part.n_constant;
    const std::size_t n_columns = columns_.size();
    const std::size_t enough = n_drawn + kDrawsPerCandidate * static_cast<std::size_t>(n_candidates_);
    for (ptrdiff_t tried = 0; tried < n_candidates_ && n_drawn < n_columns && (tried == 0 || n_drawn < enough);) {
      const std::uint64_t bits = random_.next();
      const std::uint64_t place = n_drawn + ((bits & 0xFFFFFFFFu) * (n_columns - n_drawn) >> 32);
      std::swap(columns_[place], columns_[n_drawn]);
      const std::int32_t column = columns_[n_drawn];
      const auto [low, high] = gather(part, column);
      if (!(low < high)) {
        std::swap(columns_[n_drawn++], columns_[part.n_constant++]);
        continue;
      }
      ++n_drawn;
      ++tried;
      const double place_of_cut = (static_cast<double>(bits >> 32) + 0.5) * 0x1p-32;
      auto cut = static_cast<float>(low + place_of_cut * (static_cast<double>(high) - low));
      if (!(cut < high)) cut = low;  // rounded up
      const double purity = samples_.is_unit ? purity_of<true>(part, cut) : purity_of<false>(part, cut);
      if (purity <= best.purity) continue;
      best = {column, cut, purity};
      if (purity >= total_ * (1.0 - 1e-12)) break;  // both sides are pure
    }
    return best;
  }

  /// The column's values of the part's entries, into values_.
  Range gather(const Part& part, std::int32_t column) {
    const float* source = samples_.values.data() + column * samples_.n_rows;
    const std::int32_t* rows = rows_.data() + part.begin;
    const std::size_t n = part.end - part.begin;
    constexpr std::size_t kLanes = 4;
    std::array<float, kLanes> low, high;
    low.fill(source[rows[0]]);
    high = low;
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      for (std::size_t j = 0; j < kLanes; ++j) {
        const float value = source[rows[i + j]];
        values_[i + j] = value;
        low[j] = value < low[j] ? value : low[j];
        high[j] = value > high[j] ? value : high[j];
      }
    }
    for (; i < n; ++i) {
      const float value = source[rows[i]];
      values_[i] = value;
      low[0] = value < low[0] ? value : low[0];
      high[0] = value > high[0] ? value : high[0];
    }
    return {*std::min_element(low.begin(), low.end()), *std::max_element(high.begin(), high.end())};
  }

  /// Sum over the sides of (sum over classes of mass^2) / mass: the total mass minus the weighted Gini impurity.
  template <bool IsUnit>
  double purity_of(const Part& part, float cut) const {
    double left = 0.0, left_squares = 0.0, right_squares = 0.0;
    std::size_t i = 0;
    for (const Run& run : runs_) {
      const std::size_t end = run.end - part.begin;
      double mass = 0.0;
      if constexpr (IsUnit) {
        std::int32_t count = 0;
        for (; i < end; ++i) count += values_[i] <= cut;
        mass = count;
      } else {
        for (; i < end; ++i) mass += values_[i] <= cut ? masses_[part.begin + i] : 0.0F;
      }
      left += mass;
      left_squares += mass * mass;
      right_squares += (run.mass - mass) * (run.mass - mass);
    }
    return left_squares / left + right_squares / (total_ - left);
  }

  /// Brings the left entries to the front; both sides keep their order.
  std::size_t divide(const Part& part, const Split& split) {
    const float* source = samples_.values.data() + split.column * samples_.n_rows;
    std::size_t middle = part.begin, n_right = 0;
    for (std::size_t e = part.begin; e < part.end; ++e) {
      const std::int32_t row = rows_[e], c = classes_[e];
      const float mass = masses_[e];
      const bool is_right = source[row] > split.cut;
      rows_[middle] = row;
      classes_[middle] = c;
      masses_[middle] = mass;
      spare_[n_right] = {row, c};
      spare_masses_[n_right] = mass;
      middle += is_right ? 0 : 1;
      n_right += is_right ? 1 : 0;
    }
    for (std::size_t i = 0; i < n_right; ++i) {
      rows_[middle + i] = spare_[i].first;
      classes_[middle + i] = spare_[i].second;
      masses_[middle + i] = spare_masses_[i];
    }
    return middle;
  }

  void set_leaf(const Part& part) {
    const auto leaf = static_cast<std::int32_t>(tree_.prior_shares.size());
    tree_.nodes[static_cast<std::size_t>(part.node)] = {kInfinity, 0, part.node, leaf};
    for (const Run& run : runs_) {
      tree_.classes.push_back(run.c);
      tree_.shares.push_back(static_cast<float>(run.mass / (total_ + prior_mass_)));
    }
    tree_.prior_shares.push_back(static_cast<float>(prior_mass_ / (total_ + prior_mass_)));
    tree_.offsets.push_back(static_cast<std::int32_t>(tree_.classes.size()));
  }

  const TreeSamples& samples_;
  ptrdiff_t n_candidates_;
  double prior_mass_;
  RandomStream random_;
  RandomTree tree_;
  std::vector<std::int32_t> rows_, classes_;  // the entries, in the order of the nodes
  std::vector<float> masses_;
  std::vector<float> values_;  // of the node's entries, in the column at hand
  std::vector<std::pair<std::int32_t, std::int32_t>> spare_;
  std::vector<float> spare_masses_;
  std::vector<std::int32_t> columns_;
  std::vector<Run> runs_;
  double total_ = 0.0;
};

}  // namespace

TreeColumns::TreeColumns(const Features& pool, std::span<const ItemIndex> labelled, ptrdiff_t most_sparse)
    : size_(pool.n_features()) {
  if (!pool.is_sparse()) return;
  const auto rows = pool.sparse();
  std::vector<std::int64_t> counts(static_cast<std::size_t>(size_));
  for (const ItemIndex item : labelled) {
    for (std::int64_t e = rows.indptr[item]; e < rows.indptr[item + 1]; ++e) counts[rows.indices[e]] += 1;
  }
  std::vector<std::int32_t> columns;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] > 0) columns.push_back(static_cast<std::int32_t>(c));
  }
  std::stable_sort(columns.begin(), columns.end(),
                   [&](std::int32_t a, std::int32_t b) { return counts[a] > counts[b]; });
  size_ = std::min(most_sparse, std::ssize(columns));
  scratch_size_ = static_cast<std::size_t>(std::max<ptrdiff_t>(size_, 1));
  place_.assign(counts.size(), -1);
  for (ptrdiff_t i = 0; i < size_; ++i) place_[columns[i]] = static_cast<std::int32_t>(i);
}

const float* TreeColumns::row(const Features& pool, ItemIndex item, float* scratch) const {
  if (!pool.is_sparse()) return pool.dense().row(item).data();
  std::fill_n(scratch, scratch_size_, 0.0F);
  const auto rows = pool.sparse();
  for (std::int64_t e = rows.indptr[item]; e < rows.indptr[item + 1]; ++e) {
    const std::int32_t place = place_[rows.indices[e]];
    if (place >= 0) scratch[place] += rows.values[e];
  }
  return scratch;
}

TreeSamples::TreeSamples(const Features& pool, const TrainingSet& training, const TreeColumns& columns,
                         Executor& executor)
    : n_rows(static_cast<ptrdiff_t>(training.size())), n_columns(columns.size()) {
  // Rows ascend by item, so that the order in which labels came leaves no trace.
  std::vector<ptrdiff_t> positions(training.size());
  std::iota(positions.begin(), positions.end(), 0);
  const auto items = training.items();
  std::sort(positions.begin(), positions.end(), [&](ptrdiff_t a, ptrdiff_t b) { return items[a] < items[b]; });

  struct Entry {
    std::int32_t row, c;
    float mass;
  };
  std::vector<Entry> entries;
  double weight_sum = 0.0;
  for (ptrdiff_t r = 0; r < n_rows; ++r) {
    const auto target = training.targets().row(positions[r]);
    const float weight = training.weights()[positions[r]];
    const float smallest = kSmallestTarget * *std::max_element(target.begin(), target.end());
    for (std::size_t c = 0; c < target.size(); ++c) {
      const float mass = weight * target[c];
      if (target[c] < smallest || !(mass > 0.0F)) continue;
      entries.push_back({static_cast<std::int32_t>(r), static_cast<std::int32_t>(c), mass});
      is_unit = is_unit && mass == 1.0F;
    }
    weight_sum += weight;
  }
  if (n_rows > 0) mean_weight = weight_sum / static_cast<double>(n_rows);
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.c < b.c; });
  for (const Entry& entry : entries) {
    rows.push_back(entry.row);
    classes.push_back(entry.c);
    masses.push_back(entry.mass);
    folds.push_back(static_cast<std::int8_t>(fold_of(items[positions[entry.row]], IncrementalModel::kFolds)));
  }

  std::vector<float> scratch(training.size() * columns.scratch_size());
  std::vector<const float*> sources;
  for (ptrdiff_t r = 0; r < n_rows; ++r) {
    float* place = scratch.data() + static_cast<std::size_t>(r) * columns.scratch_size();
    sources.push_back(columns.row(pool, items[positions[r]], place));
  }
  values.resize(static_cast<std::size_t>(n_rows * n_columns));
  std::vector<std::uint8_t> is_varying(static_cast<std::size_t>(n_columns));
  for_chunks(executor, is_varying.size(), kColumnChunk, [&](std::size_t begin, std::size_t end) {
    for (ptrdiff_t r = 0; r < n_rows; ++r) {
      for (std::size_t c = begin; c < end; ++c) {
        values[c * sources.size() + r] = sources[r][c];
        is_varying[c] |= static_cast<std::uint8_t>(sources[r][c] != sources[0][c]);
      }
    }
  });
  for (ptrdiff_t c = 0; c < n_columns; ++c) {
    if (is_varying[c] != 0) varying.push_back(static_cast<std::int32_t>(c));
  }
}

RandomTree grow_tree(const TreeSamples& samples, int fold, ptrdiff_t n_candidates, double prior_mass,
                     RandomStream random) {
  return Growth(samples, fold, n_candidates, prior_mass, random).grow();
}

std::array<std::int32_t, kRowsAtOnce> find_leaves(const RandomTree& tree, const float* const* rows) noexcept {
  const TreeNode* nodes = tree.nodes.data();
  std::array<std::int32_t, kRowsAtOnce> at{};
  std::int32_t moved = 1;
  while (moved != 0) {
    moved = 0;
    for (std::size_t i = 0; i < kRowsAtOnce; ++i) {
      const TreeNode& node = nodes[at[i]];
      const std::int32_t next = node.child + static_cast<std::int32_t>(rows[i][node.column] > node.cut);
      moved |= next ^ at[i];
      at[i] = next;
    }
  }
  for (std::int32_t& node : at) node = nodes[node].leaf;
  return at;
}

}  // namespace gtlabel::detail
