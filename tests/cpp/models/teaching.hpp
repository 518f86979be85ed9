#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gtlabel/models/incremental_model.hpp"
#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel_test {

/// Teaches hard labels; `classes` has one entry per item of the pool. No weights: all 1.
inline void teach(gtlabel::IncrementalModel& model, const std::vector<gtlabel::ItemIndex>& items,
                  const std::vector<gtlabel::ClassIndex>& classes, const std::vector<float>& weights = {}) {
  gtlabel::Matrix<float> targets(static_cast<std::ptrdiff_t>(items.size()), model.n_classes());
  for (std::size_t i = 0; i < items.size(); ++i) targets(static_cast<std::ptrdiff_t>(i), classes[items[i]]) = 1.0F;
  model.update(items, targets, weights);
}

inline gtlabel::Matrix<float> predict(const gtlabel::IncrementalModel& model,
                                      const std::vector<gtlabel::ItemIndex>& items) {
  gtlabel::Matrix<float> out(static_cast<std::ptrdiff_t>(items.size()), model.n_classes());
  model.predict_proba(items, out);
  return out;
}

inline gtlabel::Matrix<float> out_of_fold(const gtlabel::IncrementalModel& model,
                                          const std::vector<gtlabel::ItemIndex>& items) {
  gtlabel::Matrix<float> out(static_cast<std::ptrdiff_t>(items.size()), model.n_classes());
  model.predict_out_of_fold(items, out);
  return out;
}

/// Share of rows whose most probable class is the true one.
inline double accuracy(const gtlabel::Matrix<float>& p, const std::vector<gtlabel::ItemIndex>& items,
                       const std::vector<gtlabel::ClassIndex>& classes) {
  double right = 0.0;
  for (std::ptrdiff_t i = 0; i < p.rows; ++i) {
    const auto row = p.row(i);
    right += std::max_element(row.begin(), row.end()) - row.begin() == classes[items[i]];
  }
  return right / static_cast<double>(p.rows);
}

inline double largest_difference(const gtlabel::Matrix<float>& a, const gtlabel::Matrix<float>& b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    largest = std::max(largest, static_cast<double>(std::fabs(a.values[i] - b.values[i])));
  }
  return largest;
}

/// Mean negative log probability of the true classes.
inline double log_loss(const gtlabel::Matrix<float>& p, const std::vector<gtlabel::ItemIndex>& items,
                       const std::vector<gtlabel::ClassIndex>& classes) {
  double sum = 0.0;
  for (std::ptrdiff_t i = 0; i < p.rows; ++i) sum -= std::log(std::max(p(i, classes[items[i]]), 1e-7F));
  return sum / static_cast<double>(p.rows);
}

inline std::string bytes_of(const gtlabel::IncrementalModel& model) {
  gtlabel::SnapshotWriter writer;
  model.save(writer);
  return writer.finish("model");
}

inline void load(gtlabel::IncrementalModel& model, const std::string& bytes) {
  gtlabel::SnapshotReader reader(bytes, "model");
  model.load(reader);
}

}  // namespace gtlabel_test
