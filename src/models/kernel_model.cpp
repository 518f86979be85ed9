#include "gtlabel/models/kernel_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/models/column_scaling.hpp"
#include "gtlabel/models/neighbor_graph.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "models/kernel_regression.hpp"
#include "models/out_of_fold.hpp"
#include "models/projection.hpp"
#include "models/scaled_rows.hpp"
#include "models/score_link.hpp"
#include "support/eigen.hpp"

namespace gtlabel {
namespace {

using detail::ClassPrior;
using detail::KernelFit;
using detail::KernelRegression;
using detail::RowMatrix;
using detail::ScoreLink;
using Eigen::VectorXf;
using std::ptrdiff_t;

// The kernel is exp(-2 width d^2 / m), m the median squared distance of the pool.
constexpr std::array<double, 6> kWidths = {0.125, 0.25, 0.5, 1.0, 2.0, 4.0};
constexpr std::array<double, 6> kNoises = {0.003, 0.01, 0.03, 0.1, 0.3, 1.0};
constexpr double kGrowthToChooseAgain = 1.25;
constexpr ptrdiff_t kLabelsToChooseOn = 512;
constexpr ptrdiff_t kPredictChunk = 128;
constexpr ptrdiff_t kLandmarkTile = 256;

/// A place in the grid of parameters.
struct Parameters {
  std::int32_t width = 0, noise = 0;
};

/// What an update leaves.
struct Learned {
  Parameters parameters;
  std::int64_t size_at_choice = 0;
  Eigen::RowVectorXf prior;
  RowMatrix coefficients;  // landmarks x classes; empty for sparse pools
  ScoreLink link;
  RowMatrix out_of_fold;  // one row of probabilities per label
};

}  // namespace

struct KernelModel::State {
  State(const Features& pool_, Executor& executor) : pool(pool_) {
    if (pool.is_sparse()) return;
    scaling = column_scaling(pool, executor);
    if (pool.n_features() > NeighborGraph::kMaxExactColumns)
      projected = detail::SearchRows(pool, executor).all(executor);
    set_median_distance();
  }

  Features pool;
  ColumnScaling scaling;
  RowMatrix projected;  // all rows of a pool of many columns; else empty
  double median_distance = 1.0;
  Learned learned;
  RowMatrix landmarks;  // in units of the kernel's width
  VectorXf half_norms;
  std::optional<KernelRegression> regression;  // with the factors of the last fit; empty after a load

  void set_median_distance();
  [[nodiscard]] RowMatrix rows_of(std::span<const ItemIndex> items, float factor) const;
  [[nodiscard]] float factor(Parameters at) const {
    return static_cast<float>(2.0 * std::sqrt(kWidths[static_cast<std::size_t>(at.width)] / median_distance));
  }
  [[nodiscard]] KernelRegression regression_of(Parameters at) const {
    return {kNoises[static_cast<std::size_t>(at.noise)], kMaxLandmarks};
  }
  [[nodiscard]] std::vector<Parameters> candidates(std::int64_t n_labels) const;
  [[nodiscard]] Parameters choose(const std::vector<Parameters>& candidates, const TrainingSet& training,
                                  Executor& executor) const;
  [[nodiscard]] KernelFit fit(const TrainingSet& training, Learned& next, Executor& executor);
  void set_landmarks(const TrainingSet& training);
  void predict(std::span<const ItemIndex> items, MatrixView<float> out) const;
};

/// The median squared distance of pairs of items that differ, of a fixed sample.
void KernelModel::State::set_median_distance() {
  constexpr std::size_t kPairs = 2048;
  RandomStream random(0, RandomPurpose::query);
  std::vector<ItemIndex> items(2 * kPairs);
  for (auto& item : items) item = static_cast<ItemIndex>(random.below(static_cast<std::uint64_t>(pool.n_items())));
  const RowMatrix rows = rows_of(items, 1.0F);
  std::vector<float> distances;
  for (ptrdiff_t r = 0; r < rows.rows(); r += 2) {
    const float distance = (rows.row(r) - rows.row(r + 1)).squaredNorm();
    if (distance > 0.0F) distances.push_back(distance);
  }
  if (distances.empty()) return;
  const auto middle = distances.begin() + std::ssize(distances) / 2;
  std::nth_element(distances.begin(), middle, distances.end());
  median_distance = *middle;
}

RowMatrix KernelModel::State::rows_of(std::span<const ItemIndex> items, float factor) const {
  const auto n = std::ssize(items);
  if (projected.size() == 0) {
    RowMatrix rows(n, pool.n_features());
    detail::gather_scaled_rows(
        pool, scaling, n, [&](ptrdiff_t r) { return items[static_cast<std::size_t>(r)]; }, factor, rows);
    return rows;
  }
  RowMatrix rows(n, projected.cols());
  for (ptrdiff_t r = 0; r < n; ++r) rows.row(r) = factor * projected.row(items[static_cast<std::size_t>(r)]);
  return rows;
}

std::vector<Parameters> KernelModel::State::candidates(std::int64_t n_labels) const {
  const bool first = learned.size_at_choice == 0;
  const Parameters now = learned.parameters;
  if (!first && static_cast<double>(n_labels) < kGrowthToChooseAgain * static_cast<double>(learned.size_at_choice)) {
    return {now};
  }
  std::vector<Parameters> all;
  for (std::int32_t width = 0; width < std::ssize(kWidths); ++width) {
    for (std::int32_t noise = 0; noise < std::ssize(kNoises); ++noise) {
      if (first || (std::abs(width - now.width) <= 1 && std::abs(noise - now.noise) <= 1))
        all.push_back({width, noise});
    }
  }
  return all;
}

/// The candidate with the least squared leave-one-out error on an even sample of the labels.
Parameters KernelModel::State::choose(const std::vector<Parameters>& candidates, const TrainingSet& training,
                                      Executor& executor) const {
  if (candidates.size() == 1) return candidates.front();
  const auto n = static_cast<ptrdiff_t>(training.size()), sample = std::min(n, kLabelsToChooseOn);
  std::vector<ptrdiff_t> positions;
  for (ptrdiff_t i = 0; i < sample; ++i) positions.push_back(i * n / sample);
  const TrainingSet part = training.subset(positions);
  const auto targets = part.targets();
  const Eigen::Map<const RowMatrix> wanted(targets.data, targets.rows, targets.cols);
  const Eigen::Map<const VectorXf> weights(part.weights().data(), targets.rows);
  std::vector<double> errors(candidates.size());
  executor.run(candidates.size(), [&](std::size_t c) {
    SerialExecutor serial;
    auto trial = regression_of(candidates[c]);
    const KernelFit fit = trial.fit(rows_of(part.items(), factor(candidates[c])), part, serial);
    errors[c] = (fit.leave_one_out - wanted).rowwise().squaredNorm().cast<double>().dot(weights.cast<double>());
  });
  return candidates[static_cast<std::size_t>(std::min_element(errors.begin(), errors.end()) - errors.begin())];
}

KernelFit KernelModel::State::fit(const TrainingSet& training, Learned& next, Executor& executor) {
  const auto n = static_cast<ptrdiff_t>(training.size());
  if (pool.is_sparse()) {
    const ClassPrior prior(training);
    KernelFit fit{prior.all(), RowMatrix(0, training.n_classes()), RowMatrix(n, training.n_classes())};
    for (ptrdiff_t i = 0; i < n; ++i) fit.leave_one_out.row(i) = prior.without(i).cast<float>();
    return fit;
  }
  const auto all = candidates(n);
  next.parameters = choose(all, training, executor);
  if (all.size() > 1) next.size_at_choice = n;
  const bool same =
      next.parameters.width == learned.parameters.width && next.parameters.noise == learned.parameters.noise;
  if (!regression || !same) regression = regression_of(next.parameters);
  try {
    return regression->fit(rows_of(training.items(), factor(next.parameters)), training, executor);
  } catch (...) {
    if (!same) regression.reset();
    throw;
  }
}

void KernelModel::State::set_landmarks(const TrainingSet& training) {
  const auto n = static_cast<std::size_t>(learned.coefficients.rows());
  if (n == 0) return;
  landmarks = rows_of(training.items().first(n), factor(learned.parameters));
  half_norms = landmarks.rowwise().squaredNorm() / 2.0F;
}

void KernelModel::State::predict(std::span<const ItemIndex> items, MatrixView<float> out) const {
  const auto n = std::ssize(items);
  if (pool.is_sparse()) {
    for (ptrdiff_t r = 0; r < n; ++r) std::copy_n(learned.prior.data(), out.cols, out.row(r).begin());
    return;
  }
  RowMatrix scores = learned.prior.replicate(n, 1);
  const RowMatrix rows = rows_of(items, factor(learned.parameters));
  const VectorXf halves = rows.rowwise().squaredNorm() / 2.0F;
  RowMatrix kernel(n, kLandmarkTile);
  for (ptrdiff_t first = 0; first < landmarks.rows(); first += kLandmarkTile) {
    const ptrdiff_t size = std::min(kLandmarkTile, landmarks.rows() - first);
    detail::gaussian_kernel(rows, halves, landmarks.middleRows(first, size), half_norms.segment(first, size),
                            kernel.leftCols(size));
    scores.noalias() += kernel.leftCols(size) * learned.coefficients.middleRows(first, size);
  }
  for (ptrdiff_t r = 0; r < n; ++r) learned.link.apply(scores.row(r), out.row(r));
}

KernelModel::KernelModel() = default;
KernelModel::~KernelModel() = default;

std::string KernelModel::kind() const { return "kernel"; }

void KernelModel::do_attach() { state_ = std::make_unique<State>(pool(), executor()); }

void KernelModel::do_update(std::span<const ItemIndex>, MatrixView<const float>, std::span<const float>) {
  State& state = *state_;
  Learned next = {state.learned.parameters, state.learned.size_at_choice, {}, {}, {}, {}};
  const KernelFit fit = state.fit(training(), next, executor());
  if (!fit.coefficients.allFinite() || !fit.leave_one_out.allFinite()) {
    throw ModelError("kernel: the solution left the range of float32");
  }
  next.prior = fit.prior.cast<float>();
  next.coefficients = fit.coefficients;

  next.out_of_fold = fit.leave_one_out;
  if (!pool().is_sparse()) {
    next.link = ScoreLink::fit(fit.leave_one_out, training());
    for (ptrdiff_t i = 0; i < next.out_of_fold.rows(); ++i) {
      next.link.apply(fit.leave_one_out.row(i),
                      {next.out_of_fold.data() + i * next.out_of_fold.cols(), static_cast<std::size_t>(n_classes())});
    }
  }
  std::swap(state.learned, next);
  state.set_landmarks(training());
}

void KernelModel::do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const {
  for_chunks(executor(), items.size(), kPredictChunk, [&](std::size_t begin, std::size_t end) {
    const auto first = static_cast<ptrdiff_t>(begin), size = static_cast<ptrdiff_t>(end - begin);
    state_->predict(items.subspan(begin, end - begin),
                    {out.data + first * out.row_stride, size, out.cols, out.row_stride});
  });
}

void KernelModel::do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const {
  detail::copy_out_of_fold(training(), state_->learned.out_of_fold, items, out,
                           [this](auto some, auto rows) { do_predict_proba(some, rows); });
}

std::shared_ptr<IncrementalModel> KernelModel::do_clone() const { return std::make_shared<KernelModel>(); }

void KernelModel::do_save(SnapshotWriter& writer) const {
  const Learned& learned = state_->learned;
  const auto values = [](const auto& matrix) {
    return std::span<const float>(matrix.data(), static_cast<std::size_t>(matrix.size()));
  };
  writer.section("kernel_model", 1);
  writer.write(learned.parameters.width);
  writer.write(learned.parameters.noise);
  writer.write(learned.size_at_choice);
  writer.write(std::span<const double>(learned.link.coefficients()));
  writer.write(values(learned.prior));
  writer.write(values(learned.coefficients));
  writer.write(values(learned.out_of_fold));
}

void KernelModel::do_load(SnapshotReader& reader) {
  reader.section("kernel_model", 1);
  Learned learned;
  reader.read(learned.parameters.width);
  reader.read(learned.parameters.noise);
  reader.read(learned.size_at_choice);
  const auto link = reader.get<std::vector<double>>();
  const auto prior = reader.get<std::vector<float>>(), coefficients = reader.get<std::vector<float>>(),
             out_of_fold = reader.get<std::vector<float>>();
  const auto is_place = [](std::int32_t place, auto size) { return place >= 0 && place < size; };
  require_sound(is_place(learned.parameters.width, std::ssize(kWidths)) &&
                    is_place(learned.parameters.noise, std::ssize(kNoises)) && learned.size_at_choice >= 0,
                "kernel_model: parameters out of range");
  require_sound(ScoreLink::is_sound(link), "kernel_model: link out of range");
  learned.link = ScoreLink(link);

  // An update that failed leaves labels that no fit has seen; the next update brings them in.
  const ptrdiff_t k = n_classes(), n_seen = std::ssize(out_of_fold) / k;
  const ptrdiff_t n_landmarks = pool().is_sparse() ? 0 : std::min(n_seen, kMaxLandmarks);
  require_sound(n_seen * k == std::ssize(out_of_fold) && n_seen <= std::ssize(training().items()) &&
                    (n_seen > 0) == is_fitted() && std::ssize(prior) == (is_fitted() ? k : 0) &&
                    std::ssize(coefficients) == n_landmarks * k,
                "kernel_model: sizes do not agree");
  const auto is_probability = [](float p) { return p >= 0.0F && p <= 1.0F; };
  require_sound(std::all_of(prior.begin(), prior.end(), [](float p) { return p > 0.0F && p <= 1.0F; }) &&
                    std::all_of(out_of_fold.begin(), out_of_fold.end(), is_probability),
                "kernel_model: a prediction is no probability");
  require_sound(std::all_of(coefficients.begin(), coefficients.end(), [](float value) { return std::isfinite(value); }),
                "kernel_model: a coefficient is no number");
  learned.prior = Eigen::Map<const Eigen::RowVectorXf>(prior.data(), std::ssize(prior));
  learned.coefficients = Eigen::Map<const RowMatrix>(coefficients.data(), n_landmarks, k);
  learned.out_of_fold = Eigen::Map<const RowMatrix>(out_of_fold.data(), n_seen, k);
  state_->learned = std::move(learned);
  state_->regression.reset();
  state_->set_landmarks(training());
}

}  // namespace gtlabel
