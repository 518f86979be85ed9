#include "gtlabel/routing/confidence_router.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "core/distributions.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/routing/commit_plan.hpp"

namespace gtlabel {
namespace {

std::string text_of(const char* format, double a, double b, double c) {
  char text[200];
  std::snprintf(text, sizeof text, format, a, b, c);
  return text;
}

/// Fills in what follows from the routes.
void summarize(Routing& routing) {
  double risk = 0.0;
  routing.threshold = 2.0;
  for (std::size_t i = 0; i < routing.routes.size(); ++i) {
    const bool automatic = routing.routes[i] == Route::automatic;
    if (automatic) risk += 1.0 - routing.confidence[i];
    if (routing.routes[i] != Route::human)
      routing.threshold = std::min<double>(routing.threshold, routing.confidence[i]);
    ++(automatic ? routing.n_automatic : routing.routes[i] == Route::audit ? routing.n_audit : routing.n_human);
  }
  if (routing.n_automatic > 0) routing.expected_error = risk / static_cast<double>(routing.n_automatic);
}

void route_by_threshold(const ConfidenceThreshold& target, Routing& routing) {
  const auto threshold = static_cast<float>(target.confidence);  // 0.9 as people write it, not 0.9000000000000000222
  for (std::size_t i = 0; i < routing.routes.size(); ++i) {
    if (routing.confidence[i] >= threshold) routing.routes[i] = Route::automatic;
  }
  routing.reason =
      text_of("Confidence of at least %.4g is labelled automatically; nothing is certified.", target.confidence, 0, 0);
}

/// What was planned over all ledgers.
struct Plans {
  std::int64_t n_commit = 0;
  double expected_wrong = 0.0;
  double expected_audits = 0.0;
};

/// Commits part of a ranking, the most confident first, in one ledger.
void commit_by_error(const ErrorTarget& target, std::span<const ItemIndex> ranking, AuditLedger& ledger,
                     Routing& routing, Plans& plans) {
  std::vector<double> risks;
  risks.reserve(ranking.size());
  for (const ItemIndex item : ranking)
    risks.push_back(std::max(0.0, 1.0 - static_cast<double>(routing.confidence[item])));
  const CommitPlan plan = plan_commit(risks, AuditState{}, target, std::ssize(routing.routes));
  if (!plan.certifies) return;
  const auto committed = ranking.first(static_cast<std::size_t>(plan.n_commit));
  for (const ItemIndex item : committed) routing.routes[item] = Route::automatic;
  ledger.expect(plan.error_ratio);
  ledger.commit(committed);
  for (const ItemIndex item : ledger.raise_level(plan.level)) routing.routes[item] = Route::audit;
  plans.n_commit += plan.n_commit;
  plans.expected_wrong += plan.expected_wrong;
  plans.expected_audits += plan.level * static_cast<double>(plan.n_commit);
}

/// The items of each ledger, by descending confidence.
std::vector<std::vector<ItemIndex>> rankings_of(const Routing& routing) {
  std::vector<std::vector<ItemIndex>> rankings(routing.ledgers->size());
  for (std::size_t i = 0; i < routing.routes.size(); ++i) {
    rankings[routing.ledgers->index_of(routing.class_index[i])].push_back(static_cast<ItemIndex>(i));
  }
  for (auto& ranking : rankings) {
    std::stable_sort(ranking.begin(), ranking.end(),
                     [&](ItemIndex a, ItemIndex b) { return routing.confidence[a] > routing.confidence[b]; });
  }
  return rankings;
}

void route_by_error(const ErrorTarget& target, std::size_t n_ledgers, std::uint64_t seed, Routing& routing) {
  AuditLedgers& ledgers = routing.ledgers.emplace(target.failure_probability, n_ledgers, seed);
  const ErrorTarget target_of_each = ledgers.target_of_each(target);
  const auto rankings = rankings_of(routing);
  Plans plans;
  for (std::size_t l = 0; l < ledgers.size(); ++l) {
    commit_by_error(target_of_each, rankings[l], ledgers[l], routing, plans);
  }
  if (plans.n_commit == 0) {
    routing.reason =
        "Auditing any part of these labels is expected to cost more people than labelling it: all go to people.";
    return;
  }
  const auto n_commit = static_cast<double>(plans.n_commit);
  routing.audit_level = plans.expected_audits / n_commit;
  routing.reason = text_of(
      "The %.0f most confident labels are expected to have %.2g %% errors; auditing %.2g %% of them by coin is "
      "expected to certify the target.",
      n_commit, 100.0 * plans.expected_wrong / n_commit, 100.0 * routing.audit_level);
  if (target.per_class) {
    const auto n_certified =
        std::count_if(ledgers.begin(), ledgers.end(), [](const AuditLedger& ledger) { return ledger.level() > 0.0; });
    routing.reason += " So " + std::to_string(n_certified) + " of " + std::to_string(ledgers.size()) +
                      " classes; labels of the others go to people.";
  }
}

}  // namespace

ConfidenceRouter::ConfidenceRouter(Target target, std::uint64_t seed) : target_(target), seed_(seed) {
  validate(target_);
}

Routing ConfidenceRouter::route(MatrixView<const float> probabilities) const {
  if (probabilities.rows > 0 && probabilities.cols < 2) {
    throw InvalidArgument(
        "probabilities: " + std::to_string(probabilities.cols) + " classes given, expected at least 2",
        ErrorCode::shape_mismatch);
  }
  detail::require_distributions("probabilities", probabilities);
  Routing routing;
  const auto n = static_cast<std::size_t>(probabilities.rows);
  routing.routes.assign(n, Route::human);
  routing.class_index.resize(n);
  routing.confidence.resize(n);
  for (std::ptrdiff_t r = 0; r < probabilities.rows; ++r) {
    const auto row = probabilities.row(r);
    const auto best = std::max_element(row.begin(), row.end());
    routing.class_index[r] = static_cast<ClassIndex>(best - row.begin());
    routing.confidence[r] = *best;
  }
  if (const auto* threshold = std::get_if<ConfidenceThreshold>(&target_)) {
    route_by_threshold(*threshold, routing);
  } else {
    const auto& error_target = std::get<ErrorTarget>(target_);
    const auto n_classes = static_cast<std::size_t>(std::max<std::ptrdiff_t>(probabilities.cols, 2));
    route_by_error(error_target, error_target.per_class ? n_classes : 1, seed_, routing);
  }
  summarize(routing);
  return routing;
}

const char* to_string(Route route) noexcept {
  switch (route) {
    case Route::automatic: return "auto";
    case Route::human: return "human";
    case Route::audit: return "audit";
  }
  return "unknown";
}

}  // namespace gtlabel
