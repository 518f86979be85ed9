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

void route_by_error(const ErrorTarget& target, std::uint64_t seed, Routing& routing) {
  const auto n_items = static_cast<std::int64_t>(routing.routes.size());
  std::vector<ItemIndex> ranking(routing.routes.size());
  std::iota(ranking.begin(), ranking.end(), ItemIndex{0});
  std::stable_sort(ranking.begin(), ranking.end(),
                   [&](ItemIndex a, ItemIndex b) { return routing.confidence[a] > routing.confidence[b]; });
  std::vector<double> risks;
  risks.reserve(ranking.size());
  for (const ItemIndex item : ranking)
    risks.push_back(std::max(0.0, 1.0 - static_cast<double>(routing.confidence[item])));

  const CommitPlan plan = plan_commit(risks, AuditState{}, target, n_items);
  routing.ledger.emplace(target.failure_probability, seed);
  if (!plan.certifies) {
    routing.reason =
        "Auditing any part of these labels is expected to cost more people than labelling it: all go to people.";
    return;
  }
  const std::span<const ItemIndex> committed(ranking.data(), static_cast<std::size_t>(plan.n_commit));
  for (const ItemIndex item : committed) routing.routes[item] = Route::automatic;
  routing.ledger->commit(committed);
  for (const ItemIndex item : routing.ledger->raise_level(plan.level)) routing.routes[item] = Route::audit;
  routing.audit_level = plan.level;
  routing.reason = text_of(
      "The %.0f most confident labels are expected to have %.2g %% errors; auditing %.2g %% of them by coin is "
      "expected to certify the target.",
      static_cast<double>(plan.n_commit), 100.0 * plan.expected_wrong / static_cast<double>(plan.n_commit),
      100.0 * plan.level);
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
    route_by_error(std::get<ErrorTarget>(target_), seed_, routing);
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
