#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "gtlabel/models/incremental_model.hpp"

namespace gtlabel_test {

/// What a test does inside a model's calls. Shared by a model and its clones.
struct ModelHooks {
  std::function<void()> before_update{};
  std::function<void(gtlabel::MatrixView<float>)> after_predict{};
  int n_updates = 0, n_predictions = 0;
};

/// A user's model, with only what must be overridden: the nearest class mean, as normal noise of one width would have
/// it. Each fit depends on the whole training set and on nothing else, so a fit made again is the same.
class CentroidModel : public gtlabel::IncrementalModel {
 public:
  /// @param sharpness  above 1 the model is surer than it should be.
  explicit CentroidModel(std::shared_ptr<ModelHooks> hooks = std::make_shared<ModelHooks>(), double sharpness = 1.0)
      : hooks_(std::move(hooks)), sharpness_(sharpness) {}

  [[nodiscard]] ModelHooks& hooks() const { return *hooks_; }

 private:
  void do_attach() override { centres_.clear(); }

  void do_update(std::span<const gtlabel::ItemIndex>, gtlabel::MatrixView<const float>,
                 std::span<const float>) override {
    ++hooks_->n_updates;
    if (hooks_->before_update) hooks_->before_update();
    const auto rows = pool().dense();
    const auto& known = training();
    std::vector<double> centres(static_cast<std::size_t>(n_classes() * rows.cols), 0.0);
    std::vector<double> mass(static_cast<std::size_t>(n_classes()), 1e-9);
    for (std::size_t i = 0; i < known.size(); ++i) {
      const auto row = rows.row(known.items()[i]);
      for (int c = 0; c < n_classes(); ++c) {
        const double weight = known.weights()[i] * known.targets()(static_cast<std::ptrdiff_t>(i), c);
        mass[c] += weight;
        for (std::ptrdiff_t f = 0; f < rows.cols; ++f) centres[c * rows.cols + f] += weight * row[f];
      }
    }
    for (int c = 0; c < n_classes(); ++c) {
      for (std::ptrdiff_t f = 0; f < rows.cols; ++f) centres[c * rows.cols + f] /= mass[c];
    }
    centres_ = std::move(centres);
    is_known_.assign(mass.size(), false);
    for (std::size_t c = 0; c < mass.size(); ++c) is_known_[c] = mass[c] > 1e-6;
  }

  void do_predict_proba(std::span<const gtlabel::ItemIndex> items, gtlabel::MatrixView<float> out) const override {
    ++hooks_->n_predictions;
    const auto rows = pool().dense();
    std::vector<double> logs(static_cast<std::size_t>(n_classes()));
    for (std::ptrdiff_t i = 0; i < out.rows; ++i) {
      const auto row = rows.row(items[i]);
      for (int c = 0; c < n_classes(); ++c) {
        double square = 0.0;
        for (std::ptrdiff_t f = 0; f < rows.cols; ++f) {
          const double off = row[f] - centres_[c * rows.cols + f];
          square += off * off;
        }
        logs[c] = is_known_[c] ? -0.5 * sharpness_ * square : -100.0;
      }
      const double largest = *std::max_element(logs.begin(), logs.end());
      double sum = 0.0;
      for (double& value : logs) sum += value = std::exp(value - largest);
      for (int c = 0; c < n_classes(); ++c) out(i, c) = static_cast<float>(logs[c] / sum);
    }
    if (hooks_->after_predict) hooks_->after_predict(out);
  }

  std::shared_ptr<gtlabel::IncrementalModel> do_clone() const override {
    return std::make_shared<CentroidModel>(hooks_, sharpness_);
  }

  std::shared_ptr<ModelHooks> hooks_;
  double sharpness_;
  std::vector<double> centres_;
  std::vector<bool> is_known_;
};

}  // namespace gtlabel_test
