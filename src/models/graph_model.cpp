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

/// Columns that are solved together: code for a constant number of them is several times faster.
constexpr ptrdiff_t kMostColumns = 16;

/// A neighbour graph with its items renumbered so that neighbours are near each other, where the graph knows such an
/// order; else as it is. `graph` must outlive it.
class LocalGraph {
 public:
  explicit LocalGraph(const NeighborGraph& graph)
      : items_(graph.locality()), degrees_(graph.degrees()), edges_(graph.weights()) {
    if (items_.empty()) return;
    std::vector<std::int32_t> places(items_.size());
    for (std::size_t p = 0; p < items_.size(); ++p) places[items_[p]] = static_cast<std::int32_t>(p);
    offsets_.reserve(items_.size() + 1);
    offsets_.push_back(0);
    columns_.reserve(edges_.indices.size());
    weights_.reserve(edges_.indices.size());
    for (const std::int32_t item : items_) {
      for (std::int64_t e = edges_.indptr[item]; e < edges_.indptr[item + 1]; ++e) {
        columns_.push_back(places[edges_.indices[e]]);
        weights_.push_back(edges_.values[e]);
      }
      offsets_.push_back(static_cast<std::int64_t>(columns_.size()));
    }
    edges_ = {offsets_, columns_, weights_, edges_.cols};
    places_ = std::move(places);
  }
  LocalGraph(const LocalGraph&) = delete;
  LocalGraph& operator=(const LocalGraph&) = delete;

  [[nodiscard]] ptrdiff_t n_items() const noexcept { return std::ssize(degrees_); }
  [[nodiscard]] ptrdiff_t item(ptrdiff_t place) const noexcept { return items_.empty() ? place : items_[place]; }
  [[nodiscard]] ptrdiff_t place(ptrdiff_t item) const noexcept { return places_.empty() ? item : places_[item]; }
  [[nodiscard]] const CsrView<const float>& edges() const noexcept { return edges_; }  // by place
  [[nodiscard]] std::span<const float> degrees() const noexcept { return degrees_; }   // by item

 private:
  std::span<const std::int32_t> items_;
  std::span<const float> degrees_;
  CsrView<const float> edges_;
  std::vector<std::int32_t> places_;
  std::vector<std::int64_t> offsets_;
  std::vector<std::int32_t> columns_;
  std::vector<float> weights_;
};

/// What all the systems of an update share. `degrees` are those of safe_degrees.
struct Problem {
  const LocalGraph& graph;
  const std::vector<float>& degrees;
  const TrainingSet& training;
  const GraphModelOptions& options;
};

/// The linear system of some classes of one fit, a right-hand side per class. A fit of a fold does not see the labels
/// of the fold. Rows are places of the graph.
template <int Columns>
class LaplaceSystem {
 public:
  using Block = Eigen::Matrix<float, Eigen::Dynamic, Columns, Eigen::RowMajor>;

  /// For the classes from `first` on.
  LaplaceSystem(const Problem& problem, int fit, ptrdiff_t first, const Row& class_prior)
      : edges_(problem.graph.edges()) {
    const ptrdiff_t n = problem.graph.n_items();
    const TrainingSet& training = problem.training;
    const auto label = static_cast<float>(problem.options.label_strength);
    const auto prior = static_cast<float>(problem.options.prior_strength);
    const ptrdiff_t k = std::min<ptrdiff_t>(Columns, training.n_classes() - first);
    diagonal_.resize(n);
    right_.setZero(n, Columns);
    for (ptrdiff_t i = 0; i < n; ++i) {
      const auto item = static_cast<std::size_t>(problem.graph.item(i));
      const float pull = prior * problem.degrees[item];
      diagonal_[i] = problem.graph.degrees()[item] + pull;
      right_.row(i).head(k) = pull * class_prior.segment(first, k).matrix();
    }
    for (std::size_t p = 0; p < training.size(); ++p) {
      const ItemIndex item = training.items()[p];
      if (fold_of(item, IncrementalModel::kFolds) == fit) continue;
      const float pull = label * training.weights()[p] * problem.degrees[static_cast<std::size_t>(item)];
      const auto target = training.targets().row(static_cast<ptrdiff_t>(p));
      const ptrdiff_t i = problem.graph.place(item);
      diagonal_[i] += pull;
      right_.row(i).head(k) += pull * Eigen::Map<const Eigen::RowVectorXf>(target.data() + first, k);
    }
    inverse_diagonal_ = diagonal_.cwiseInverse();
  }

  [[nodiscard]] Block& right_hand_sides() noexcept { return right_; }
  [[nodiscard]] float inverse_diagonal(ptrdiff_t i) const noexcept { return inverse_diagonal_[i]; }

  void apply(ptrdiff_t begin, ptrdiff_t end, const Block& p, Block& q) const {
    Eigen::Matrix<float, 1, Columns> sum;
    for (ptrdiff_t i = begin; i < end; ++i) {
      sum = diagonal_[i] * p.row(i);
      for (std::int64_t e = edges_.indptr[i]; e < edges_.indptr[i + 1]; ++e) {
        sum -= edges_.values[e] * p.row(edges_.indices[e]);
      }
      q.row(i) = sum;
    }
  }

 private:
  const CsrView<const float>& edges_;
  Eigen::VectorXf diagonal_, inverse_diagonal_;
  Block right_;
};

/// Solves the classes [first, first + Columns) of one fit, in place: those columns of its solution.
template <int Columns>
void solve_columns(const Problem& problem, int fit, ptrdiff_t first, RowMatrix& solution, bool is_fresh) {
  const Row prior = class_prior(problem.training, fit);
  LaplaceSystem<Columns> system(problem, fit, first, prior);
  const ptrdiff_t n = problem.graph.n_items(), k = std::min<ptrdiff_t>(Columns, prior.size() - first);
  typename LaplaceSystem<Columns>::Block x(n, Columns);
  x.setZero();
  for (ptrdiff_t i = 0; i < n; ++i) {
    if (is_fresh) {
      x.row(i).head(k) = prior.segment(first, k).matrix();
    } else {
      x.row(i) = solution.row(problem.graph.item(i)).template segment<Columns>(first);
    }
  }
  const double total_degree = std::accumulate(problem.degrees.begin(), problem.degrees.end(), 0.0);
  SerialExecutor serial;
  block_conjugate_gradients(system, system.right_hand_sides(), x,
                            {kMaxIterations, kTolerance * std::sqrt(total_degree)}, serial);
  if (!x.allFinite()) throw ModelError("graph: the solution left the range of float32");
  for (ptrdiff_t i = 0; i < n; ++i) {
    solution.row(problem.graph.item(i)).template segment<Columns>(first) = x.row(i);
  }
}

auto solver_for(ptrdiff_t n_columns) {
  switch (n_columns) {
    case 4: return &solve_columns<4>;
    case 8: return &solve_columns<8>;
    case 12: return &solve_columns<12>;
    default: return &solve_columns<kMostColumns>;
  }
}

void write_probabilities(const float* solution, std::span<float> out) {
  float sum = 0.0F;
  for (std::size_t c = 0; c < out.size(); ++c) sum += out[c] = std::max(solution[c], kSmallestProbability);
  for (float& value : out) value /= sum;
}

}  // namespace

/// The graph as it is computed with.
struct GraphModel::Network {
  explicit Network(const NeighborGraph& graph) : local(graph), degrees(safe_degrees(graph)) {}

  LocalGraph local;
  std::vector<float> degrees;
};

struct GraphModel::State {
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
  } else if (const std::uint64_t fingerprint = pool().fingerprint(); fingerprint != graph_fingerprint_) {
    graph_ = nullptr;
    graph_fingerprint_ = fingerprint;
  }
  network_ = nullptr;
  state_ = std::make_unique<State>();
}

const GraphModel::Network& GraphModel::network() {
  if (graph_ == nullptr) graph_ = NeighborGraph::build(pool(), {options_.n_neighbors}, executor());
  if (network_ == nullptr) network_ = std::make_unique<Network>(*graph_);
  return *network_;
}

void GraphModel::do_update(std::span<const ItemIndex>, MatrixView<const float>, std::span<const float>) {
  const Network& graph = network();
  State& state = *state_;
  auto solutions = state.solutions;
  const bool is_fresh = solutions[kWholeFit].size() == 0;
  const ptrdiff_t n_columns = padded(n_classes());
  if (is_fresh) {
    for (RowMatrix& solution : solutions) solution.resize(pool().n_items(), n_columns);
  }
  const Problem problem{graph.local, graph.degrees, training(), options_};
  // Some classes of a fit per task: its few vectors stay in a core's cache, and what converges early stops early.
  const ptrdiff_t n_groups = (n_columns + kMostColumns - 1) / kMostColumns;
  executor().run(static_cast<std::size_t>(kFits * n_groups), [&](std::size_t task) {
    const auto fit = static_cast<int>(task) % kFits;
    const ptrdiff_t first = static_cast<ptrdiff_t>(task) / kFits * kMostColumns;
    const auto solve = solver_for(std::min(kMostColumns, n_columns - first));
    solve(problem, fit, first, solutions[static_cast<std::size_t>(fit)], is_fresh);
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
  auto state = std::make_unique<State>();
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
    graph_ = nullptr;
    network_ = nullptr;
  }
  options_ = {n_neighbors, label_strength, prior_strength};
  state_ = std::move(state);
}

}  // namespace gtlabel
