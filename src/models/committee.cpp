#include "gtlabel/models/committee.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "gtlabel/core/error.hpp"
#include "gtlabel/models/forest_model.hpp"
#include "gtlabel/models/graph_model.hpp"
#include "gtlabel/models/latent_model.hpp"
#include "gtlabel/models/softmax_regression.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "models/held_coefficient.hpp"
#include "models/softmax.hpp"
#include "support/eigen.hpp"
#include "support/xtensor.hpp"

namespace gtlabel {
namespace {

constexpr float kLeastProbability = 1e-5F;
constexpr int kNewtonSteps = 30;
// Pull towards equal weights, in units of labelled items: with few labels the weights stay near equal.
constexpr double kPriorPrecision = 2.0;
// A member with less weight than this changes nothing that matters, and is not asked at all.
constexpr double kLeastWeight = 0.02;

// A sleeping member is trained again when the labels have grown by this factor.
constexpr double kGrowthToWake = 1.5;

/// Logarithms of the members' probabilities: member x item x class. Members that are not asked are left at zero.
using MemberLogs = xt::xtensor<float, 3>;

template <class Predict>
MemberLogs member_logs(std::size_t n_members, std::ptrdiff_t n_items, std::ptrdiff_t n_classes, Predict predict) {
  const std::array<std::size_t, 3> shape{n_members, static_cast<std::size_t>(n_items),
                                         static_cast<std::size_t>(n_classes)};
  MemberLogs logs(shape, 0.0F);
  for (std::size_t m = 0; m < n_members; ++m) {
    float* const begin = logs.data() + static_cast<std::ptrdiff_t>(m) * n_items * n_classes;
    if (!predict(m, MatrixView<float>(begin, n_items, n_classes))) continue;
    std::transform(begin, begin + n_items * n_classes, begin,
                   [](float p) { return std::log(std::max(p, kLeastProbability)); });
  }
  return logs;
}

/// softmax(sum_m weight_m * logs_m) of one item.
void pool_item(const MemberLogs& logs, const std::vector<double>& weights, std::size_t item,
               std::span<float> out) noexcept {
  for (std::size_t c = 0; c < out.size(); ++c) {
    double sum = 0.0;
    for (std::size_t m = 0; m < weights.size(); ++m) sum += weights[m] * logs(m, item, c);
    out[c] = static_cast<float>(sum);
  }
  detail::to_probabilities(out);
}

void pool_all(const MemberLogs& logs, const std::vector<double>& weights, MatrixView<float> out) noexcept {
  for (std::ptrdiff_t r = 0; r < out.rows; ++r) pool_item(logs, weights, static_cast<std::size_t>(r), out.row(r));
}

/// Weights that minimise the log loss of the pool on the training set, by projected Newton steps; 0 for members that
/// were not asked.
std::vector<double> fit_weights(const MemberLogs& logs, const std::vector<bool>& is_asked,
                                const TrainingSet& training) {
  const auto n_members = static_cast<Eigen::Index>(logs.shape(0));
  const double equal = 1.0 / static_cast<double>(std::count(is_asked.begin(), is_asked.end(), true));
  std::vector<double> prior(logs.shape(0), 0.0);
  for (std::size_t m = 0; m < prior.size(); ++m) prior[m] = is_asked[m] ? equal : 0.0;
  std::vector<double> weights = prior;
  std::vector<float> pooled(static_cast<std::size_t>(training.n_classes()));
  for (int step = 0; step < kNewtonSteps; ++step) {
    Eigen::VectorXd gradient = Eigen::VectorXd::Zero(n_members);
    Eigen::MatrixXd hessian = kPriorPrecision * Eigen::MatrixXd::Identity(n_members, n_members);
    for (Eigen::Index m = 0; m < n_members; ++m) gradient[m] = kPriorPrecision * (weights[m] - prior[m]);
    Eigen::VectorXd expected(n_members), observed(n_members);
    Eigen::MatrixXd second(n_members, n_members);
    Eigen::VectorXd entry(n_members);
    for (std::ptrdiff_t r = 0; r < static_cast<std::ptrdiff_t>(training.size()); ++r) {
      pool_item(logs, weights, static_cast<std::size_t>(r), pooled);
      const auto target = training.targets().row(r);
      expected.setZero();
      observed.setZero();
      second.setZero();
      for (std::size_t c = 0; c < pooled.size(); ++c) {
        for (Eigen::Index m = 0; m < n_members; ++m) entry[m] = logs(m, r, c);
        expected += pooled[c] * entry;
        observed += target[c] * entry;
        second += pooled[c] * entry * entry.transpose();
      }
      const double weight = training.weights()[r];
      gradient += weight * (expected - observed);
      hessian += weight * (second - expected * expected.transpose());
    }
    // Members at zero that the gradient pushes further down stay there; the others take the Newton step among
    // themselves.
    for (Eigen::Index m = 0; m < n_members; ++m) {
      if (weights[m] == 0.0 && gradient[m] >= 0.0) detail::hold_coefficient(m, gradient, hessian);
    }
    const Eigen::VectorXd change = hessian.ldlt().solve(gradient);
    const double damping = std::max(1.0, 2.0 * change.cwiseAbs().maxCoeff());
    for (Eigen::Index m = 0; m < n_members; ++m) weights[m] = std::max(0.0, weights[m] - change[m] / damping);
    if (change.norm() < 1e-6) break;
  }
  for (double& weight : weights) weight = weight < kLeastWeight ? 0.0 : weight;
  return *std::max_element(weights.begin(), weights.end()) == 0.0 ? prior : weights;
}

}  // namespace

Committee::Committee(std::vector<std::shared_ptr<IncrementalModel>> members) : has_default_members_(members.empty()) {
  for (std::size_t m = 0; m < members.size(); ++m) {
    if (members[m] == nullptr)
      throw InvalidArgument("members: position " + std::to_string(m) + " is null, expected a model");
  }
  set_members(has_default_members_ ? make(default_members_) : std::move(members));
}

Committee::~Committee() = default;

std::string Committee::kind() const { return "committee"; }

std::vector<std::shared_ptr<IncrementalModel>> Committee::make(DefaultMembers members) {
  using Members = std::vector<std::shared_ptr<IncrementalModel>>;
  if (members == DefaultMembers::latent_graph) {
    const auto on_words =
        std::make_shared<Committee>(Members{std::make_shared<SoftmaxRegression>(), std::make_shared<GraphModel>()});
    return {std::make_shared<SoftmaxRegression>(), std::make_shared<ForestModel>(),
            std::make_shared<LatentModel>(on_words)};
  }
  Members made{std::make_shared<SoftmaxRegression>(), std::make_shared<GraphModel>(), std::make_shared<ForestModel>()};
  if (members == DefaultMembers::with_latent) made.push_back(std::make_shared<LatentModel>());
  return made;
}

void Committee::set_default_members(DefaultMembers members) {
  default_members_ = members;
  set_members(make(members));
}

void Committee::set_members(std::vector<std::shared_ptr<IncrementalModel>> members) {
  members_ = std::move(members);
  weights_.assign(members_.size(), 1.0 / static_cast<double>(members_.size()));
  idleness_.assign(members_.size(), {});
}

void Committee::do_attach() {
  if (has_default_members_) {
    set_default_members(pool().is_sparse() ? DefaultMembers::latent_graph : DefaultMembers::dense);
  } else {
    set_members(members_);
  }
  for (const auto& member : members_) member->attach(pool(), n_classes(), shared_executor());
}

bool Committee::is_asleep(std::size_t member) const {
  return static_cast<std::int64_t>(training().size()) < idleness_[member].wakes_at;
}

void Committee::send_idle_members_to_sleep() {
  const auto n_labels = static_cast<double>(training().size());
  for (std::size_t m = 0; m < members_.size(); ++m) {
    Idleness& idleness = idleness_[m];
    if (is_asleep(m)) continue;
    if (weights_[m] > 0.0) {
      idleness = {};
    } else if (++idleness.n_updates >= kPatience) {
      // It is judged as soon as it wakes: one more update without weight and it sleeps again.
      idleness = {kPatience - 1, static_cast<std::int64_t>(std::ceil(kGrowthToWake * n_labels))};
    }
  }
}

void Committee::do_update(std::span<const ItemIndex> items, MatrixView<const float> targets,
                          std::span<const float> weights) {
  for (std::size_t m = 0; m < members_.size(); ++m) {
    if (is_asleep(m)) continue;
    if (idleness_[m].wakes_at > 0) {  // has missed updates
      members_[m]->update(training().items(), training().targets(), training().weights());
      idleness_[m].wakes_at = 0;
    } else {
      members_[m]->update(items, targets, weights);
    }
  }
  const auto n_items = static_cast<std::ptrdiff_t>(training().size());
  std::vector<bool> is_asked;
  const auto logs = member_logs(members_.size(), n_items, n_classes(), [&](std::size_t m, MatrixView<float> out) {
    is_asked.push_back(!is_asleep(m));
    if (is_asked.back()) members_[m]->predict_out_of_fold(training().items(), out);
    return is_asked.back();
  });
  weights_ = fit_weights(logs, is_asked, training());
  send_idle_members_to_sleep();
}

void Committee::do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const {
  const auto logs = member_logs(members_.size(), out.rows, out.cols, [&](std::size_t m, MatrixView<float> member_out) {
    if (weights_[m] == 0.0) return false;
    members_[m]->predict_proba(items, member_out);
    return true;
  });
  pool_all(logs, weights_, out);
}

void Committee::do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const {
  const auto logs = member_logs(members_.size(), out.rows, out.cols, [&](std::size_t m, MatrixView<float> member_out) {
    if (weights_[m] == 0.0) return false;
    members_[m]->predict_out_of_fold(items, member_out);
    return true;
  });
  pool_all(logs, weights_, out);
}

std::shared_ptr<IncrementalModel> Committee::do_clone() const {
  if (has_default_members_) return std::make_shared<Committee>();
  std::vector<std::shared_ptr<IncrementalModel>> members;
  for (const auto& member : members_) members.push_back(member->clone());
  return std::make_shared<Committee>(std::move(members));
}

void Committee::do_save(SnapshotWriter& writer) const {
  writer.section("committee", 3);
  writer.write(static_cast<std::int32_t>(default_members_));
  writer.write(std::span<const double>(weights_));
  for (const Idleness& idleness : idleness_) {
    writer.write(idleness.n_updates);
    writer.write(idleness.wakes_at);
  }
  for (const auto& member : members_) member->save(writer);
}

void Committee::do_load(SnapshotReader& reader) {
  const auto version = reader.section("committee", 3);
  const auto saved = version < 3 ? 0 : reader.get<std::int32_t>();
  auto weights = reader.get<std::vector<double>>();
  if (has_default_members_) {
    auto members = static_cast<DefaultMembers>(saved);
    if (version < 3 && weights.size() == 4) members = DefaultMembers::with_latent;
    require_sound(saved >= 0 && members <= DefaultMembers::latent_graph &&
                      (pool().is_sparse() || members == DefaultMembers::dense),
                  "committee: unknown members");
    if (members != default_members_) {
      set_default_members(members);
      for (const auto& member : members_) member->attach(pool(), n_classes(), shared_executor());
    }
  }
  const auto is_weight = [](double weight) { return weight >= 0.0 && std::isfinite(weight); };
  require_sound(weights.size() == members_.size() && std::all_of(weights.begin(), weights.end(), is_weight),
                "committee: weights do not fit the members");
  std::vector<Idleness> idleness(members_.size());
  for (Idleness& idle : idleness) {
    reader.read(idle.n_updates);
    reader.read(idle.wakes_at);
    require_sound(idle.n_updates >= 0 && idle.n_updates < kPatience && idle.wakes_at >= 0,
                  "committee: idleness out of range");
  }
  for (const auto& member : members_) member->load(reader);
  weights_ = std::move(weights);
  idleness_ = std::move(idleness);
}

}  // namespace gtlabel
