#include "gtlabel/models/graph_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/models/kernels/conjugate_gradient.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "support/eigen.hpp"

namespace gtlabel {
namespace {

using detail::RowMatrix;
using std::ptrdiff_t;
using Row = Eigen::Array<float, 1, Eigen::Dynamic>;

constexpr int kFits = IncrementalModel::kFolds + 1;
constexpr int kWholeFit = IncrementalModel::kFolds;
// Root mean square of the residual, in units of probability. Items that hardly any label reaches converge last, and may
// be some hundredths off while their neighbours are exact.
constexpr double kTolerance = 1e-4;
constexpr int kMaxIterations = 200;
constexpr float kSmallestProbability = 1e-6F;

/// The degrees that labels and prior are weighed by: those of the graph, never 0.
std::vector<float> safe_degrees(const NeighborGraph& graph) {
  const auto degrees = graph.degrees();
  double sum = 0.0;
  for (const float degree : degrees) sum += degree;
  const auto mean = static_cast<float>(sum / static_cast<double>(degrees.size()));
  const float smallest = mean > 0.0F ? 1e-3F * mean : 1.0F;
  std::vector<float> safe(degrees.begin(), degrees.end());
  for (float& degree : safe) degree = std::max(degree, smallest);
  return safe;
}

/// The mean target of the labels that a fit sees, with one observation that is equally of all classes.
Row class_prior(const TrainingSet& training, int fit) {
  const ptrdiff_t k = training.n_classes();
  Eigen::ArrayXd sums = Eigen::ArrayXd::Constant(k, 1.0 / static_cast<double>(k));
  for (std::size_t p = 0; p < training.size(); ++p) {
    if (fold_of(training.items()[p], IncrementalModel::kFolds) == fit) continue;
    const auto target = training.targets().row(static_cast<ptrdiff_t>(p));
    for (ptrdiff_t c = 0; c < k; ++c) sums[c] += static_cast<double>(training.weights()[p]) * target[c];
  }
  return (sums / sums.sum()).cast<float>().transpose();
}

/// Solutions have their columns padded with zeros to a multiple of this: whole vector registers.
constexpr ptrdiff_t kColumnStep = 4;
ptrdiff_t padded(ptrdiff_t n_classes) { return (n_classes + kColumnStep - 1) / kColumnStep * kColumnStep; }

/// The linear system of one fit, a right-hand side per class. A fit of a fold does not see the labels of the fold.
template <int Columns>
class LaplaceSystem {
 public:
  using Block = Eigen::Matrix<float, Eigen::Dynamic, Columns, Eigen::RowMajor>;

  LaplaceSystem(const NeighborGraph& graph, const std::vector<float>& degrees, const TrainingSet& training, int fit,
                const GraphModelOptions& options)
      : edges_(graph.weights()) {
    const auto n = static_cast<ptrdiff_t>(degrees.size()), k = static_cast<ptrdiff_t>(training.n_classes());
    const auto label = static_cast<float>(options.label_strength), prior = static_cast<float>(options.prior_strength);
    const Eigen::Map<const Eigen::VectorXf> safe(degrees.data(), n);
    diagonal_ = Eigen::Map<const Eigen::VectorXf>(graph.degrees().data(), n) + prior * safe;
    right_.setZero(n, padded(k));
    right_.leftCols(k).noalias() = (prior * safe) * class_prior(training, fit).matrix();
    for (std::size_t p = 0; p < training.size(); ++p) {
      const ItemIndex item = training.items()[p];
      if (fold_of(item, IncrementalModel::kFolds) == fit) continue;
      const float pull = label * training.weights()[p] * degrees[static_cast<std::size_t>(item)];
      const auto target = training.targets().row(static_cast<ptrdiff_t>(p));
      diagonal_[item] += pull;
      right_.row(item).head(k) += pull * Eigen::Map<const Eigen::RowVectorXf>(target.data(), k);
    }
    inverse_diagonal_ = diagonal_.cwiseInverse();
  }

  [[nodiscard]] Block& right_hand_sides() noexcept { return right_; }
  [[nodiscard]] float inverse_diagonal(ptrdiff_t i) const noexcept { return inverse_diagonal_[i]; }

  void apply(ptrdiff_t begin, ptrdiff_t end, const Block& p, Block& q) const {
    Eigen::Matrix<float, 1, Columns> sum(p.cols());
    for (ptrdiff_t i = begin; i < end; ++i) {
      sum = diagonal_[i] * p.row(i);
      for (std::int64_t e = edges_.indptr[i]; e < edges_.indptr[i + 1]; ++e) {
        sum -= edges_.values[e] * p.row(edges_.indices[e]);
      }
      q.row(i) = sum;
    }
  }

 private:
  CsrView<const float> edges_;
  Eigen::VectorXf diagonal_, inverse_diagonal_;
  Block right_;
};

/// Solves one fit from the given solution (empty: from the prior).
template <int Columns>
void solve_fit(const NeighborGraph& graph, const std::vector<float>& degrees, const TrainingSet& training, int fit,
               const GraphModelOptions& options, RowMatrix& solution) {
  LaplaceSystem<Columns> system(graph, degrees, training, fit, options);
  const ptrdiff_t n = graph.n_items(), k = training.n_classes();
  typename LaplaceSystem<Columns>::Block x;
  if (solution.size() > 0) {
    x = solution;
  } else {
    x.setZero(n, padded(k));
    x.leftCols(k) = class_prior(training, fit).matrix().replicate(n, 1);
  }
  const double total_degree = std::accumulate(degrees.begin(), degrees.end(), 0.0);
  SerialExecutor serial;
  block_conjugate_gradients(system, system.right_hand_sides(), x,
                            {kMaxIterations, kTolerance * std::sqrt(total_degree)}, serial);
  if (!x.allFinite()) throw ModelError("graph: the solution left the range of float32");
  solution = x;
}

/// solve_fit for the number of classes, which is a constant of the code where it is small.
auto solver_for(ptrdiff_t n_classes) {
  switch (padded(n_classes)) {
    case 4: return &solve_fit<4>;
    case 8: return &solve_fit<8>;
    case 12: return &solve_fit<12>;
    case 16: return &solve_fit<16>;
    default: return &solve_fit<Eigen::Dynamic>;
  }
}

void write_probabilities(const float* solution, std::span<float> out) {
  float sum = 0.0F;
  for (std::size_t c = 0; c < out.size(); ++c) sum += out[c] = std::max(solution[c], kSmallestProbability);
  for (float& value : out) value /= sum;
}

}  // namespace

struct GraphModel::State {
  std::vector<float> degrees;
  std::array<RowMatrix, kFits> solutions;  // items x padded(classes) each; empty before the first update
};

GraphModel::GraphModel(const GraphModelOptions& options, std::shared_ptr<const NeighborGraph> graph)
    : options_(options), graph_(std::move(graph)), is_graph_given_(graph_ != nullptr) {
  if (options.n_neighbors < 1) {
    throw InvalidArgument("n_neighbors: " + std::to_string(options.n_neighbors) + " given, expected at least 1");
  }
  for (const auto& [name, value] :
       {std::pair{"label_strength", options.label_strength}, std::pair{"prior_strength", options.prior_strength}}) {
    if (value > 0.0 && std::isfinite(value)) continue;
    throw InvalidArgument(std::string(name) + ": " + std::to_string(value) + " given, expected a positive number");
  }
}

GraphModel::~GraphModel() = default;

std::string GraphModel::kind() const { return "graph"; }

void GraphModel::do_attach() {
  if (is_graph_given_) {
    if (graph_->n_items() != pool().n_items()) {
      throw InvalidArgument("graph: " + std::to_string(graph_->n_items()) + " items given, expected the pool's " +
                                std::to_string(pool().n_items()),
                            ErrorCode::shape_mismatch);
    }
  } else {
    const std::uint64_t fingerprint = pool().fingerprint();
    if (graph_ == nullptr || fingerprint != graph_fingerprint_) {
      graph_ = NeighborGraph::build(pool(), {options_.n_neighbors}, executor());
      graph_fingerprint_ = fingerprint;
    }
  }
  state_ = std::make_unique<State>();
  state_->degrees = safe_degrees(*graph_);
}

void GraphModel::do_update(std::span<const ItemIndex>, MatrixView<const float>, std::span<const float>) {
  State& state = *state_;
  auto solutions = state.solutions;
  const auto solve = solver_for(n_classes());
  // A fit per task: its few vectors stay in a core's cache, and fits that converge early stop early.
  executor().run(kFits, [&](std::size_t fit) {
    solve(*graph_, state.degrees, training(), static_cast<int>(fit), options_, solutions[fit]);
  });
  state.solutions.swap(solutions);
}

void GraphModel::do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const {
  const RowMatrix& solution = state_->solutions[kWholeFit];
  for (std::size_t i = 0; i < items.size(); ++i) {
    write_probabilities(solution.data() + items[i] * solution.cols(), out.row(static_cast<ptrdiff_t>(i)));
  }
}

void GraphModel::do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const RowMatrix& solution = state_->solutions[static_cast<std::size_t>(fold_of(items[i], kFolds))];
    write_probabilities(solution.data() + items[i] * solution.cols(), out.row(static_cast<ptrdiff_t>(i)));
  }
}

std::shared_ptr<IncrementalModel> GraphModel::do_clone() const {
  auto copy = std::make_shared<GraphModel>(options_, graph_);
  copy->is_graph_given_ = is_graph_given_;
  copy->graph_fingerprint_ = graph_fingerprint_;
  return copy;
}

void GraphModel::do_save(SnapshotWriter& writer) const {
  writer.section("graph_model", 1);
  writer.write(static_cast<std::int32_t>(options_.n_neighbors));
  writer.write(options_.label_strength);
  writer.write(options_.prior_strength);
  for (const RowMatrix& solution : state_->solutions) {
    writer.write(std::span<const float>(solution.data(), static_cast<std::size_t>(solution.size())));
  }
}

void GraphModel::do_load(SnapshotReader& reader) {
  reader.section("graph_model", 1);
  const auto n_neighbors = reader.get<std::int32_t>();
  const auto label_strength = reader.get<double>(), prior_strength = reader.get<double>();
  const auto is_strength = [](double value) { return value > 0.0 && std::isfinite(value); };
  require_sound(n_neighbors >= 1 && is_strength(label_strength) && is_strength(prior_strength),
                "graph_model: option out of range");
  auto state = std::make_unique<State>(*state_);
  const ptrdiff_t columns = padded(n_classes());
  const ptrdiff_t expected = is_fitted() ? pool().n_items() * columns : 0;
  for (RowMatrix& solution : state->solutions) {
    const auto values = reader.get<std::vector<float>>();
    require_sound(std::ssize(values) == expected, "graph_model: size of a solution");
    require_sound(std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }),
                  "graph_model: a solution is no number");
    solution = Eigen::Map<const RowMatrix>(values.data(), expected / columns, columns);
  }
  if (n_neighbors != options_.n_neighbors && !is_graph_given_) {
    graph_ = NeighborGraph::build(pool(), {n_neighbors}, executor());
    state->degrees = safe_degrees(*graph_);
  }
  options_ = {n_neighbors, label_strength, prior_strength};
  state_ = std::move(state);
}

}  // namespace gtlabel
