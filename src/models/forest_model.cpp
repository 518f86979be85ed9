#include "gtlabel/models/forest_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "models/random_tree.hpp"

namespace gtlabel {
namespace {

using detail::kRowsAtOnce;
using detail::RandomTree;
using detail::TreeColumns;
using detail::TreeSamples;
using std::ptrdiff_t;

constexpr int kFolds = IncrementalModel::kFolds;
// In units of a label of mean weight, measured: more blurs the ranking of sure items, none leaves probabilities of 0.
constexpr double kPriorMass = 0.05;
constexpr std::size_t kPredictChunk = 8 * kRowsAtOnce;
// Trees draw from disjoint parts of one stream.
constexpr int kPositionBits = 40;

bool is_tree_count(std::int64_t n_trees) {
  return n_trees > 0 && n_trees <= ForestModel::kMaxTrees && n_trees % kFolds == 0;
}

// The usual sqrt, and two more, which matter where there are few. Still more would sharpen the probabilities, but blur
// the ranking of sure items.
ptrdiff_t n_candidates(std::size_t n_columns) { return std::lround(std::sqrt(static_cast<double>(n_columns))) + 2; }

/// The class shares of the labels outside a fold, with one label of mean weight that is equally of all classes.
std::vector<float> class_prior(const TreeSamples& samples, int fold, int n_classes) {
  std::vector<double> sums(static_cast<std::size_t>(n_classes), samples.mean_weight / n_classes);
  double total = samples.mean_weight;
  for (std::size_t e = 0; e < samples.rows.size(); ++e) {
    if (samples.folds[e] == fold) continue;
    sums[static_cast<std::size_t>(samples.classes[e])] += samples.masses[e];
    total += samples.masses[e];
  }
  std::vector<float> prior(sums.size());
  std::transform(sums.begin(), sums.end(), prior.begin(), [&](double sum) { return static_cast<float>(sum / total); });
  return prior;
}

}  // namespace

struct ForestModel::State {
  TreeColumns columns;
  std::array<std::vector<float>, kFolds> priors;
  std::vector<RandomTree> trees;  // tree t never saw fold t % kFolds

  static std::unique_ptr<State> grow(const Features& pool, const TrainingSet& training,
                                     const ForestModelOptions& options, Executor& executor);
  /// The mean of the trees first, first + step, ... for at most kPredictChunk items.
  void predict(const Features& pool, std::span<const ItemIndex> items, std::size_t first, std::size_t step,
               MatrixView<float> out) const;
};

std::unique_ptr<ForestModel::State> ForestModel::State::grow(const Features& pool, const TrainingSet& training,
                                                             const ForestModelOptions& options, Executor& executor) {
  auto state = std::make_unique<State>();
  state->columns = TreeColumns(pool, training.items(), kMaxSparseColumns);
  const TreeSamples samples(pool, training, state->columns, executor);
  for (int fold = 0; fold < kFolds; ++fold) {
    state->priors[static_cast<std::size_t>(fold)] = class_prior(samples, fold, training.n_classes());
  }
  state->trees.resize(static_cast<std::size_t>(options.n_trees));
  executor.run(state->trees.size(), [&](std::size_t t) {
    const RandomStream random(options.seed, RandomPurpose::trees, static_cast<std::uint64_t>(t) << kPositionBits);
    state->trees[t] = detail::grow_tree(samples, static_cast<int>(t % kFolds), n_candidates(samples.varying.size()),
                                        kPriorMass * samples.mean_weight, random);
  });
  return state;
}

void ForestModel::State::predict(const Features& pool, std::span<const ItemIndex> items, std::size_t first,
                                 std::size_t step, MatrixView<float> out) const {
  std::array<const float*, kPredictChunk> rows;
  std::vector<float> scratch(items.size() * columns.scratch_size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    rows[i] = columns.row(pool, items[i], scratch.data() + i * columns.scratch_size());
    const auto target = out.row(static_cast<ptrdiff_t>(i));
    std::fill(target.begin(), target.end(), 0.0F);
  }
  for (std::size_t i = items.size(); i % kRowsAtOnce != 0; ++i) rows[i] = rows[i - 1];

  std::array<std::array<float, kFolds>, kPredictChunk> prior_shares{};
  for (std::size_t t = first; t < trees.size(); t += step) {
    const RandomTree& tree = trees[t];
    for (std::size_t begin = 0; begin < items.size(); begin += kRowsAtOnce) {
      const auto leaves = detail::find_leaves(tree, rows.data() + begin);
      const std::size_t end = std::min(items.size(), begin + kRowsAtOnce);
      for (std::size_t i = begin; i < end; ++i) {
        const auto leaf = static_cast<std::size_t>(leaves[i - begin]);
        const auto target = out.row(static_cast<ptrdiff_t>(i));
        for (std::int32_t e = tree.offsets[leaf]; e < tree.offsets[leaf + 1]; ++e) {
          target[tree.classes[e]] += tree.shares[e];
        }
        prior_shares[i][t % kFolds] += tree.prior_shares[leaf];
      }
    }
  }
  const auto n_asked = static_cast<float>((trees.size() - first + step - 1) / step);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto target = out.row(static_cast<ptrdiff_t>(i));
    for (std::size_t fold = 0; fold < kFolds; ++fold) {
      const float share = prior_shares[i][fold];
      if (share == 0.0F) continue;
      for (std::size_t c = 0; c < target.size(); ++c) target[c] += share * priors[fold][c];
    }
    for (float& value : target) value /= n_asked;
  }
}

ForestModel::ForestModel(const ForestModelOptions& options) : options_(options) {
  if (!is_tree_count(options.n_trees)) {
    throw InvalidArgument("n_trees: " + std::to_string(options.n_trees) + " given, expected a multiple of " +
                          std::to_string(kFolds) + " from " + std::to_string(kFolds) + " to " +
                          std::to_string(kMaxTrees));
  }
}

ForestModel::~ForestModel() = default;

std::string ForestModel::kind() const { return "forest"; }

void ForestModel::do_attach() { state_.reset(); }

void ForestModel::do_update(std::span<const ItemIndex>, MatrixView<const float>, std::span<const float>) {
  state_ = State::grow(pool(), training(), options_, executor());
}

const ForestModel::State& ForestModel::state() const {
  const std::scoped_lock lock(growing_);
  if (state_ == nullptr) state_ = State::grow(pool(), training(), options_, executor());
  return *state_;
}

void ForestModel::do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const {
  const State& forest = state();
  for_chunks(executor(), items.size(), kPredictChunk, [&](std::size_t begin, std::size_t end) {
    const auto first = static_cast<ptrdiff_t>(begin), size = static_cast<ptrdiff_t>(end - begin);
    forest.predict(pool(), items.subspan(begin, end - begin), 0, 1,
                   {out.data + first * out.row_stride, size, out.cols, out.row_stride});
  });
}

void ForestModel::do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const {
  const State& forest = state();
  for (int fold = 0; fold < kFolds; ++fold) {
    std::vector<ItemIndex> members;
    std::vector<ptrdiff_t> places;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (fold_of(items[i], kFolds) != fold) continue;
      members.push_back(items[i]);
      places.push_back(static_cast<ptrdiff_t>(i));
    }
    for_chunks(executor(), members.size(), kPredictChunk, [&](std::size_t begin, std::size_t end) {
      Matrix<float> predicted(static_cast<ptrdiff_t>(end - begin), out.cols);
      forest.predict(pool(), std::span(members).subspan(begin, end - begin), static_cast<std::size_t>(fold), kFolds,
                     predicted);
      for (std::size_t i = begin; i < end; ++i) {
        const auto source = predicted.row(static_cast<ptrdiff_t>(i - begin));
        std::copy(source.begin(), source.end(), out.row(places[i]).begin());
      }
    });
  }
}

std::shared_ptr<IncrementalModel> ForestModel::do_clone() const { return std::make_shared<ForestModel>(options_); }

void ForestModel::do_save(SnapshotWriter& writer) const {
  writer.section("forest_model", 1);
  writer.write(static_cast<std::int32_t>(options_.n_trees));
  writer.write(options_.seed);
}

void ForestModel::do_load(SnapshotReader& reader) {
  reader.section("forest_model", 1);
  ForestModelOptions options;
  options.n_trees = reader.get<std::int32_t>();
  options.seed = reader.get<std::uint64_t>();
  require_sound(is_tree_count(options.n_trees), "forest_model: number of trees");
  require_sound(!is_fitted() || training().size() > 0, "forest_model: fitted to nothing");
  state_ = nullptr;
  options_ = options;
}

}  // namespace gtlabel
