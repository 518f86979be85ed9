#pragma once

#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "gtlabel/core/random.hpp"
#include "gtlabel/models/incremental_model.hpp"

namespace gtlabel_test {

/// Out of fold it seems to be always right; of the items that it has not been taught it knows all but a share, and is
/// as sure of those. Nothing but audits can find it out. Two classes.
class Braggart final : public gtlabel::IncrementalModel {
 public:
  /// @param truth  per item; must outlive it.  @param error  the probability of being wrong about an item.
  Braggart(const std::vector<gtlabel::ClassIndex>& truth, std::function<double(gtlabel::ItemIndex)> error)
      : truth_(truth), error_(std::move(error)) {}

 private:
  void do_attach() override {}
  void do_update(std::span<const gtlabel::ItemIndex>, gtlabel::MatrixView<const float>,
                 std::span<const float>) override {}
  void say(gtlabel::ItemIndex item, bool is_right, std::span<float> out) const {
    const gtlabel::ClassIndex truth = truth_[static_cast<std::size_t>(item)];
    out[static_cast<std::size_t>(is_right ? truth : 1 - truth)] = 0.99F;
    out[static_cast<std::size_t>(is_right ? 1 - truth : truth)] = 0.01F;
  }
  void do_predict_proba(std::span<const gtlabel::ItemIndex> items, gtlabel::MatrixView<float> out) const override {
    for (std::ptrdiff_t r = 0; r < out.rows; ++r) {
      gtlabel::RandomStream random(static_cast<std::uint64_t>(items[r]), gtlabel::RandomPurpose::user);
      say(items[r], random.uniform() > error_(items[r]), out.row(r));
    }
  }
  void do_predict_out_of_fold(std::span<const gtlabel::ItemIndex> items,
                              gtlabel::MatrixView<float> out) const override {
    for (std::ptrdiff_t r = 0; r < out.rows; ++r) say(items[r], true, out.row(r));
  }
  std::shared_ptr<gtlabel::IncrementalModel> do_clone() const override {
    return std::make_shared<Braggart>(truth_, error_);
  }

  const std::vector<gtlabel::ClassIndex>& truth_;
  std::function<double(gtlabel::ItemIndex)> error_;
};

}  // namespace gtlabel_test
