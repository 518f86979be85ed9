#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "gaussian_pool.hpp"
#include "gtlabel/jobs/labeling_job.hpp"
#include "models/centroid_model.hpp"

namespace gtlabel_test {

using Items = std::vector<gtlabel::ItemIndex>;
using Classes = std::vector<gtlabel::ClassIndex>;

inline std::vector<std::string> class_names(int k) {
  std::vector<std::string> names;
  for (int c = 0; c < k; ++c) names.push_back("class " + std::to_string(c));
  return names;
}

inline gtlabel::LabelingJob make_job(const GaussianPool& pool, gtlabel::LabelingJobOptions options = {}) {
  if (options.n_threads == 0) options.n_threads = 1;
  return gtlabel::LabelingJob(pool.features(), class_names(pool.k), std::move(options));
}

/// Options with a user's model that is fast and learns the same whatever came before.
inline gtlabel::LabelingJobOptions with_centroids(std::shared_ptr<ModelHooks> hooks = std::make_shared<ModelHooks>(),
                                                  double sharpness = 1.0) {
  gtlabel::LabelingJobOptions options;
  options.model = std::make_shared<CentroidModel>(std::move(hooks), sharpness);
  return options;
}

inline Classes answers_to(const Items& items, const Classes& truth) {
  Classes answers;
  for (const auto item : items) answers.push_back(truth[static_cast<std::size_t>(item)]);
  return answers;
}

inline gtlabel::Submission answer(gtlabel::LabelingJob& job, const Items& items, const Classes& truth) {
  return job.submit(items, answers_to(items, truth));
}

/// Everything that a caller can see of a job, but times.
struct Sight {
  std::vector<gtlabel::ItemIndex> items;
  Classes classes;
  std::vector<bool> is_human;
  std::vector<float> confidence;
  std::vector<std::int32_t> rounds;
  std::vector<std::int64_t> counts;  // of the report, its history and the certificate
  std::vector<double> values;        // likewise
  std::vector<std::string> words;
  std::vector<std::int64_t> answers;

  friend bool operator==(const Sight&, const Sight&) = default;
};

inline Sight sight_of(const gtlabel::LabelingJob& job) {
  Sight sight;
  const auto labels = job.labels();
  sight.items = labels.item;
  sight.classes = labels.class_index;
  for (const auto source : labels.source) sight.is_human.push_back(source == gtlabel::LabelSource::human);
  sight.confidence = labels.confidence;
  sight.rounds = labels.round;
  const auto report = job.report();
  sight.counts = {report.n_items, report.n_human,   report.n_auto,     report.n_audited,
                  report.rounds,  report.n_answers, report.is_finished};
  sight.words = {report.model, report.target, report.outcome};
  for (const auto& round : report.history) {
    for (const std::int64_t count :
         {std::int64_t{round.round}, round.n_items, round.n_human, round.n_auto, round.n_audited, round.errors_found}) {
      sight.counts.push_back(count);
    }
    for (const double value : {round.coverage, round.human_share, round.expected_human_share, round.estimated_error,
                               round.bounded_error, round.accuracy}) {
      sight.values.push_back(value);
    }
  }
  if (const auto certificate = job.certificate()) {
    for (const std::int64_t count :
         {certificate->delivered, certificate->audited, certificate->errors_found, certificate->wrong_at_most}) {
      sight.counts.push_back(count);
    }
    sight.values.push_back(certificate->bound);
    sight.words.push_back(certificate->statement);
  }
  const auto table = job.answers();
  for (const auto& row : table.answers()) {
    for (const std::int64_t value :
         {row.item, std::int64_t{row.class_index}, std::int64_t{row.worker}, std::int64_t{row.round}}) {
      sight.answers.push_back(value);
    }
  }
  return sight;
}

inline bool is_same(const gtlabel::Batch& a, const gtlabel::Batch& b) {
  return a.items == b.items && a.purposes == b.purposes && a.round == b.round;
}

inline bool is_same(const std::optional<gtlabel::Batch>& a, const std::optional<gtlabel::Batch>& b) {
  return a.has_value() == b.has_value() && (!a || is_same(*a, *b));
}

/// A job's way to its end.
struct Course {
  std::vector<gtlabel::Batch> batches;
  Sight end;

  friend bool operator==(const Course& a, const Course& b) {
    return std::equal(a.batches.begin(), a.batches.end(), b.batches.begin(), b.batches.end(),
                      [](const auto& x, const auto& y) { return is_same(x, y); }) &&
           a.end == b.end;
  }
};

/// Answers whole batches with the truth until the job is finished.
inline Course run(gtlabel::LabelingJob& job, const Classes& truth) {
  Course course;
  while (auto batch = job.next_batch()) {
    answer(job, batch->items, truth);
    course.batches.push_back(std::move(*batch));
    REQUIRE(course.batches.size() <= static_cast<std::size_t>(job.n_items()));  // each batch asks about a new item
  }
  course.end = sight_of(job);
  return course;
}

inline Course run(gtlabel::LabelingJob&& job, const Classes& truth) { return run(job, truth); }

/// How many automatic labels are wrong.
inline std::int64_t wrong_automatic(const gtlabel::LabelingJob& job, const Classes& truth) {
  const auto labels = job.labels();
  std::int64_t wrong = 0;
  for (std::size_t i = 0; i < labels.item.size(); ++i) {
    wrong += labels.source[i] == gtlabel::LabelSource::automatic &&
             labels.class_index[i] != truth[static_cast<std::size_t>(labels.item[i])];
  }
  return wrong;
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// What must hold of any job at its end, whatever it did.
inline void check_end(const gtlabel::LabelingJob& job, const Classes& truth) {
  CHECK(job.is_finished());
  const auto report = job.report();
  const auto labels = job.labels();
  const auto n = static_cast<std::size_t>(job.n_items());
  CHECK(report.is_finished);
  CHECK(report.n_items == job.n_items());
  CHECK(report.n_human + report.n_auto == report.n_items);
  CHECK(report.n_audited <= report.n_human);
  CHECK(report.savings ==
        doctest::Approx(1.0 - static_cast<double>(report.n_human) / static_cast<double>(report.n_items)));
  CHECK_FALSE(report.outcome.empty());
  CHECK_FALSE(report.target.empty());
  CHECK(report.seconds >= 0.0);
  REQUIRE(labels.item == range(0, job.n_items()));
  REQUIRE(labels.class_index.size() == n);
  REQUIRE(labels.source.size() == n);
  REQUIRE(labels.confidence.size() == n);
  REQUIRE(labels.round.size() == n);
  std::int64_t n_human = 0;
  for (std::size_t i = 0; i < n; ++i) {
    REQUIRE(labels.class_index[i] >= 0);
    REQUIRE(static_cast<std::size_t>(labels.class_index[i]) < job.classes().size());
    REQUIRE(labels.confidence[i] >= 0.0F);
    REQUIRE(labels.confidence[i] <= 1.0F);
    REQUIRE(labels.round[i] >= 0);
    REQUIRE(labels.round[i] <= report.rounds);
    if (labels.source[i] != gtlabel::LabelSource::human) continue;
    ++n_human;
    REQUIRE(labels.class_index[i] == truth[i]);
    REQUIRE(labels.confidence[i] == 1.0F);
  }
  CHECK(n_human == report.n_human);
  const auto certificate = job.certificate();
  CHECK(certificate.has_value() == report.certificate.has_value());
  const auto* target = std::get_if<gtlabel::ErrorTarget>(&job.target());
  if (target == nullptr || report.n_auto == 0) {
    CHECK_FALSE(certificate.has_value());
    return;
  }
  // Automatic labels are never delivered without the statement that was asked for.
  REQUIRE(certificate.has_value());
  CHECK(certificate->max_error == target->max_error);
  CHECK(certificate->failure_probability <= target->failure_probability);
  CHECK(certificate->of == target->of);
  CHECK(certificate->delivered == report.n_auto);
  CHECK(certificate->audited == report.n_audited);
  CHECK(certificate->errors_found <= certificate->audited);
  CHECK(certificate->bound <= target->max_error);
  const auto scope = static_cast<double>(target->of == gtlabel::ErrorScope::dataset ? report.n_items : report.n_auto);
  CHECK(certificate->bound == doctest::Approx(static_cast<double>(certificate->wrong_at_most) / scope));
  CHECK(contains(certificate->statement, std::to_string(certificate->delivered)));
}

/// What must hold of every batch of a job whose answers all came on request.
inline void check_batches(const std::vector<gtlabel::Batch>& batches, const gtlabel::LabelingJob& job) {
  std::set<gtlabel::ItemIndex> asked;
  std::int32_t round = 0;
  for (const gtlabel::Batch& batch : batches) {
    REQUIRE_FALSE(batch.items.empty());
    REQUIRE(batch.purposes.size() == batch.items.size());
    REQUIRE(batch.round >= round);
    round = batch.round;
    for (const gtlabel::ItemIndex item : batch.items) {
      REQUIRE(item >= 0);
      REQUIRE(item < job.n_items());
      REQUIRE(asked.insert(item).second);  // nobody is asked the same twice
    }
  }
  CHECK(static_cast<std::int64_t>(asked.size()) == job.report().n_human);
}

}  // namespace gtlabel_test
