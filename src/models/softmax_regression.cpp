#include "gtlabel/models/softmax_regression.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/models/column_scaling.hpp"
#include "gtlabel/models/kernels/lbfgs.hpp"
#include "gtlabel/models/kernels/softmax_objective.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "models/labelled_rows.hpp"
#include "models/out_of_fold.hpp"
#include "models/scaled_rows.hpp"
#include "models/softmax.hpp"
#include "models/softmax_geometry.hpp"
#include "support/eigen.hpp"

namespace gtlabel {
namespace {

using detail::LabelledRows;
using detail::RowMatrix;
using detail::SpanGeometry;
using detail::to_probabilities;
using detail::WeightGeometry;
using Eigen::VectorXf;
using std::ptrdiff_t;

constexpr int kFits = IncrementalModel::kFolds + 1;
constexpr int kWholeFit = IncrementalModel::kFolds;
// Weaker strengths than these were measured to cost several times the iterations and to gain nothing.
constexpr std::array<double, 9> kStrengths = {3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4};
constexpr double kGrowthToChooseAgain = 1.25;
// The loss per label that an early stop may leave, see kLeastCurvature.
constexpr double kLossTolerance = 1e-4;
constexpr int kMaxIterations = 300;
constexpr ptrdiff_t kPredictChunk = 256;

/// What one optimisation leaves: its coordinates, and logits of all samples.
struct Fit {
  VectorXf coordinates;
  RowMatrix logits;
};

template <class Geometry>
Fit optimise(Geometry& geometry, const VectorXf& start, const RowMatrix& targets, const VectorXf& weights, double l2) {
  SoftmaxObjective<Geometry> objective(geometry, targets, weights, l2);
  VectorXf x = geometry.expand(start);
  LbfgsOptions options;
  options.max_iterations = kMaxIterations;
  options.gradient_tolerance = std::sqrt(2.0 * geometry.curvature(l2) * kLossTolerance * weights.sum());
  minimize_lbfgs(objective, x, options);
  if (!x.allFinite()) throw ModelError("softmax_regression: the optimisation left the range of float32");
  Fit fit;
  geometry.logits(x, fit.logits);
  fit.coordinates = geometry.compact(x);
  return fit;
}

/// Targets and weights as the objective wants them; the fold's own labels (if any) have weight 0. Targets are smoothed
/// by the mass of one observation in all, equally of all classes: a class without labels keeps a finite intercept. (An
/// extra observation at the origin would do the same for centred rows, but lies far outside a sparse pool and bends its
/// fit.)
struct Labels {
  RowMatrix targets;
  VectorXf weights;

  Labels(const TrainingSet& training, int held_out) {
    const auto n = static_cast<ptrdiff_t>(training.size());
    const ptrdiff_t k = training.n_classes();
    weights.resize(n);
    for (ptrdiff_t p = 0; p < n; ++p) {
      const bool held = fold_of(training.items()[p], IncrementalModel::kFolds) == held_out;
      weights[p] = held ? 0.0F : training.weights()[p];
    }
    const float smoothing = 1.0F / (1.0F + weights.sum());
    const auto given = training.targets();
    targets =
        (1.0F - smoothing) * Eigen::Map<const RowMatrix>(given.data, n, k).array() + smoothing / static_cast<float>(k);
  }
};

}  // namespace

struct SoftmaxRegression::State {
  State(const Features& pool, Executor& executor)
      : scaling(column_scaling(pool, executor)), samples(pool, scaling, executor) {}

  ColumnScaling scaling;
  LabelledRows samples;
  double l2 = 0.0;
  std::int64_t size_at_choice = 0;
  bool is_projected = true;  // the form of the fits, see LabelledRows
  std::array<VectorXf, kFits> fits;
  RowMatrix out_of_fold;  // one row per training position
  RowMatrix weights;      // features x classes, on scaled rows
  Eigen::RowVectorXf bias;

  /// What do_update computes, before it is taken over.
  struct Outcome {
    double l2 = 0.0;
    std::int64_t size_at_choice = 0;
    std::array<VectorXf, kFits> fits;
    RowMatrix out_of_fold;
  };

  [[nodiscard]] VectorXf start_of(int fit, ptrdiff_t n_classes) const;
  [[nodiscard]] std::vector<double> candidates(double fixed, std::int64_t n_labels) const;
  [[nodiscard]] Fit fit_once(const Labels& labels, const VectorXf& start, double strength) const;
  [[nodiscard]] Outcome refit(const TrainingSet& training, double fixed_l2, Executor& executor) const;
  void set_prediction(ptrdiff_t n_classes);
};

/// The last coordinates of a fit, turned into weights of all columns where the form changes as the labels grow.
VectorXf SoftmaxRegression::State::start_of(int fit, ptrdiff_t n_classes) const {
  const VectorXf& last = fits[static_cast<std::size_t>(fit)];
  if (last.size() == 0 || is_projected == samples.is_projected()) return last;
  const RowMatrix w = samples.basis() * Eigen::Map<const RowMatrix>(last.data(), samples.basis().cols(), n_classes);
  VectorXf start(w.size() + n_classes);
  start << Eigen::Map<const VectorXf>(w.data(), w.size()), last.tail(n_classes);
  return start;
}

/// Strengths to try, the strongest first.
std::vector<double> SoftmaxRegression::State::candidates(double fixed, std::int64_t n_labels) const {
  if (fixed > 0.0) return {fixed};
  if (l2 == 0.0) return {kStrengths.begin(), kStrengths.end()};
  if (static_cast<double>(n_labels) < kGrowthToChooseAgain * static_cast<double>(size_at_choice)) return {l2};
  const auto place = std::find(kStrengths.begin(), kStrengths.end(), l2);
  const auto first = place == kStrengths.begin() ? place : place - 1;
  return {first, std::min(kStrengths.end(), place + 2)};
}

Fit SoftmaxRegression::State::fit_once(const Labels& labels, const VectorXf& start, double strength) const {
  if (samples.is_sparse()) {
    SpanGeometry geometry(samples, labels.targets.cols());
    return optimise(geometry, start, labels.targets, labels.weights, strength);
  }
  WeightGeometry geometry(samples, labels.weights, start, strength, labels.targets.cols());
  return optimise(geometry, start, labels.targets, labels.weights, strength);
}

namespace {

/// The cross-entropy of a fold's held-out labels, and their probabilities into `out`.
double score_held_out(const Fit& fit, const TrainingSet& training, int fold, RowMatrix& out) {
  double loss = 0.0;
  for (ptrdiff_t p = 0; p < out.rows(); ++p) {
    if (fold_of(training.items()[p], IncrementalModel::kFolds) != fold) continue;
    out.row(p) = fit.logits.row(p);
    const std::span<float> row(out.data() + p * out.cols(), static_cast<std::size_t>(out.cols()));
    to_probabilities(row);
    const auto target = training.targets().row(p);
    for (std::size_t c = 0; c < row.size(); ++c) {
      loss -= static_cast<double>(training.weights()[p]) * target[c] * std::log(std::max(row[c], 1e-12F));
    }
  }
  return loss;
}

}  // namespace

SoftmaxRegression::State::Outcome SoftmaxRegression::State::refit(const TrainingSet& training, double fixed_l2,
                                                                  Executor& executor) const {
  const auto n = static_cast<ptrdiff_t>(training.size());
  const ptrdiff_t k = training.n_classes();
  const auto strengths = candidates(fixed_l2, n);
  struct Trial {
    VectorXf coordinates;
    RowMatrix out_of_fold;
    double loss = 0.0;
  };
  std::vector<std::array<Trial, kFits>> trials(strengths.size());
  const auto run_path = [&](int fit, std::size_t first, std::size_t last) {
    const Labels labels(training, fit == kWholeFit ? -1 : fit);
    VectorXf start = start_of(fit, k);
    for (std::size_t s = first; s < last; ++s) {
      Trial& trial = trials[s][static_cast<std::size_t>(fit)];
      Fit result = fit_once(labels, start, strengths[s]);
      start = result.coordinates;
      trial.coordinates = std::move(result.coordinates);
      if (fit == kWholeFit) continue;
      trial.out_of_fold = RowMatrix::Zero(n, k);
      trial.loss = score_held_out(result, training, fit, trial.out_of_fold);
    }
  };
  const bool choose = strengths.size() > 1;
  // The whole fit is the longest task, so it comes first; while strengths are compared it waits for the choice.
  executor.run(choose ? kFolds : kFits, [&](std::size_t task) {
    run_path(choose ? static_cast<int>(task) : (static_cast<int>(task) + kWholeFit) % kFits, 0, strengths.size());
  });
  std::size_t best = 0;
  std::vector<double> losses(strengths.size(), 0.0);
  for (std::size_t s = 0; s < strengths.size(); ++s) {
    for (const Trial& trial : trials[s]) losses[s] += trial.loss;
    if (losses[s] < losses[best]) best = s;
  }
  if (choose) run_path(kWholeFit, best, best + 1);

  Outcome outcome{strengths[best], choose ? n : size_at_choice, {}, RowMatrix::Zero(n, k)};
  for (int fit = 0; fit < kFits; ++fit) {
    Trial& trial = trials[best][static_cast<std::size_t>(fit)];
    outcome.fits[static_cast<std::size_t>(fit)] = std::move(trial.coordinates);
    if (fit != kWholeFit) outcome.out_of_fold += trial.out_of_fold;
  }
  return outcome;
}

void SoftmaxRegression::State::set_prediction(ptrdiff_t n_classes) {
  const VectorXf& whole = fits[kWholeFit];
  bias = whole.tail(n_classes);
  const ptrdiff_t rows = whole.size() / n_classes - 1;
  const RowMatrix coordinates = Eigen::Map<const RowMatrix>(whole.data(), rows, n_classes);
  if (!samples.is_sparse()) {
    weights = is_projected ? RowMatrix(samples.basis() * coordinates) : coordinates;
    return;
  }
  RowMatrix product;
  samples.transposed_product(coordinates, product);
  weights.setZero(samples.n_features(), n_classes);
  for (ptrdiff_t a = 0; a < product.rows(); ++a) weights.row(samples.active_columns()[a]) = product.row(a);
}

SoftmaxRegression::SoftmaxRegression(const SoftmaxRegressionOptions& options) : options_(options) {
  if (!(options.l2 >= 0.0) || !std::isfinite(options.l2)) {
    throw InvalidArgument("l2: " + std::to_string(options.l2) + " given, expected a number of at least 0");
  }
}

SoftmaxRegression::~SoftmaxRegression() = default;

std::string SoftmaxRegression::kind() const { return "softmax_regression"; }

double SoftmaxRegression::l2() const noexcept { return state_ ? state_->l2 : 0.0; }

void SoftmaxRegression::do_attach() { state_ = std::make_unique<State>(pool(), executor()); }

void SoftmaxRegression::do_update(std::span<const ItemIndex>, MatrixView<const float>, std::span<const float>) {
  State& state = *state_;
  const auto known = static_cast<std::size_t>(state.samples.size());
  state.samples.append(training().items().subspan(known), executor());
  auto outcome = state.refit(training(), options_.l2, executor());
  state.l2 = outcome.l2;
  state.size_at_choice = outcome.size_at_choice;
  state.fits.swap(outcome.fits);
  state.out_of_fold.swap(outcome.out_of_fold);
  state.is_projected = state.samples.is_projected();
  state.set_prediction(n_classes());
}

namespace {

void predict_dense(const Features& pool, const ColumnScaling& scaling, float factor, const RowMatrix& weights,
                   const Eigen::RowVectorXf& bias, std::span<const ItemIndex> items, ptrdiff_t first,
                   MatrixView<float> out) {
  const auto size = static_cast<ptrdiff_t>(items.size());
  RowMatrix rows(size, weights.rows());
  detail::gather_scaled_rows(
      pool, scaling, size, [&](ptrdiff_t r) { return items[r]; }, factor, rows);
  RowMatrix logits = rows * weights;
  logits.rowwise() += bias;
  for (ptrdiff_t r = 0; r < size; ++r) {
    const auto target = out.row(first + r);
    std::copy_n(logits.data() + r * logits.cols(), target.size(), target.begin());
    to_probabilities(target);
  }
}

void predict_sparse(const Features& pool, const ColumnScaling& scaling, float factor, const RowMatrix& weights,
                    const Eigen::RowVectorXf& bias, std::span<const ItemIndex> items, ptrdiff_t first,
                    MatrixView<float> out) {
  const auto rows = pool.sparse();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto target = out.row(first + static_cast<ptrdiff_t>(i));
    Eigen::Map<Eigen::RowVectorXf> logits(target.data(), static_cast<ptrdiff_t>(target.size()));
    logits = bias;
    for (std::int64_t e = rows.indptr[items[i]]; e < rows.indptr[items[i] + 1]; ++e) {
      const std::int32_t column = rows.indices[e];
      logits += (rows.values[e] * scaling.inverse_scale[column] * factor) * weights.row(column);
    }
    to_probabilities(target);
  }
}

}  // namespace

void SoftmaxRegression::do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const {
  const State& state = *state_;
  const auto predict = pool().is_sparse() ? predict_sparse : predict_dense;
  for_chunks(executor(), items.size(), kPredictChunk, [&](std::size_t begin, std::size_t end) {
    predict(pool(), state.scaling, state.samples.factor(), state.weights, state.bias, items.subspan(begin, end - begin),
            static_cast<ptrdiff_t>(begin), out);
  });
}

void SoftmaxRegression::do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const {
  detail::copy_out_of_fold(training(), state_->out_of_fold, items, out,
                           [this](auto some, auto rows) { do_predict_proba(some, rows); });
}

std::shared_ptr<IncrementalModel> SoftmaxRegression::do_clone() const {
  return std::make_shared<SoftmaxRegression>(options_);
}

void SoftmaxRegression::do_save(SnapshotWriter& writer) const {
  const State& state = *state_;
  writer.section("softmax_regression", 1);
  writer.write(options_.l2);
  writer.write(state.l2);
  writer.write(state.size_at_choice);
  writer.write(state.is_projected);
  for (const VectorXf& fit : state.fits) writer.write(std::span<const float>(fit.data(), fit.size()));
  writer.write(std::span<const float>(state.out_of_fold.data(), state.out_of_fold.size()));
}

void SoftmaxRegression::do_load(SnapshotReader& reader) {
  reader.section("softmax_regression", 1);
  const auto option = reader.get<double>();
  auto state = std::make_unique<State>(pool(), executor());
  state->l2 = reader.get<double>();
  state->size_at_choice = reader.get<std::int64_t>();
  reader.read(state->is_projected);
  require_sound(option >= 0.0 && std::isfinite(option), "softmax_regression: strength out of range");
  require_sound(state->l2 == option || std::count(kStrengths.begin(), kStrengths.end(), state->l2) == 1,
                "softmax_regression: unknown strength");
  require_sound(state->size_at_choice >= 0, "softmax_regression: negative size");
  std::array<std::vector<float>, kFits> fits;
  for (auto& fit : fits) reader.read(fit);
  const auto out_of_fold = reader.get<std::vector<float>>();

  // An update that failed leaves labels that no fit has seen; the next update brings them in.
  const ptrdiff_t k = n_classes();
  const auto n_seen = static_cast<ptrdiff_t>(out_of_fold.size()) / k;
  require_sound(n_seen * k == static_cast<ptrdiff_t>(out_of_fold.size()) && n_seen <= std::ssize(training().items()) &&
                    (n_seen > 0) == is_fitted() && (state->l2 > 0.0) == is_fitted(),
                "softmax_regression: size of the out-of-fold predictions");
  require_sound(std::all_of(out_of_fold.begin(), out_of_fold.end(), [](float p) { return p >= 0.0F && p <= 1.0F; }),
                "softmax_regression: an out-of-fold prediction is no probability");
  state->out_of_fold = Eigen::Map<const RowMatrix>(out_of_fold.data(), n_seen, k);
  state->samples.append(training().items().first(static_cast<std::size_t>(n_seen)), executor());
  require_sound(!is_fitted() || state->is_projected == state->samples.is_projected(),
                "softmax_regression: form of the fit");
  const ptrdiff_t rows = state->samples.is_sparse() ? state->samples.size() : state->samples.dense().cols();
  for (int f = 0; f < kFits; ++f) {
    const auto& values = fits[static_cast<std::size_t>(f)];
    require_sound(std::ssize(values) == (is_fitted() ? (rows + 1) * k : 0), "softmax_regression: size of a fit");
    require_sound(std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }),
                  "softmax_regression: a coefficient is no number");
    state->fits[static_cast<std::size_t>(f)] = Eigen::Map<const VectorXf>(values.data(), std::ssize(values));
  }
  if (is_fitted()) state->set_prediction(k);
  options_.l2 = option;
  state_ = std::move(state);
}

}  // namespace gtlabel
