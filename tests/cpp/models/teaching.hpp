#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gtlabel/models/incremental_model.hpp"
#include "gtlabel/storage/snapshot.hpp"

namespace gtlabel_test {

/// Teaches hard labels; `classes` has one entry per item of the pool.
inline void teach(gtlabel::IncrementalModel& model, const std::vector<gtlabel::ItemIndex>& items,
                  const std::vector<gtlabel::ClassIndex>& classes) {
  gtlabel::Matrix<float> targets(static_cast<std::ptrdiff_t>(items.size()), model.n_classes());
  for (std::size_t i = 0; i < items.size(); ++i) targets(static_cast<std::ptrdiff_t>(i), classes[items[i]]) = 1.0F;
  model.update(items, targets);
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
