#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/views.hpp"
#include "gtlabel/dataset/features.hpp"
#include "gtlabel/models/training_set.hpp"

namespace gtlabel {

class SnapshotReader;
class SnapshotWriter;

/// A classifier of one pool that learns from labels as they come.
///
/// Life: attach(pool) once; then update(new labels) and predict_proba(items) in turn, and extend(longer pool) when
/// items join. The public functions are not virtual: they check what goes in and what comes out, so that a user's model
/// that returns NaN or a wrong shape gives a clear ModelError instead of a wrong job. To write a model, override the
/// private do_* functions; only attach, update, predict_proba and clone must be there.
///
/// Threads: const calls are safe together; everything else is for one thread at a time. Exceptions of a subclass pass
/// through unchanged. Deterministic: the same calls give the same bits for any executor.
class GTLABEL_EXPORT IncrementalModel {
 public:
  virtual ~IncrementalModel();
  IncrementalModel& operator=(const IncrementalModel&) = delete;

  /// Binds the model to a pool; what was learned before is forgotten.
  /// @param pool       kept (shared) by the model.
  /// @param n_classes  at least 2.
  /// @param executor   where parallel work runs; kept; null: serial.
  /// @throws InvalidArgument  fewer than 2 classes.
  void attach(const Features& pool, int n_classes, std::shared_ptr<Executor> executor = {});

  /// Items have joined: binds the model to a longer pool and keeps all labels. A fitted model stays fitted.
  /// @param longer  the items of the pool so far, taken on trust to be the same, and others behind them.
  /// Cost: by default that of attach and of learning all labels anew; the headers of built-in models say where it is
  /// less.
  /// @throws NotFitted before attach; InvalidArgument for a shorter pool, or one of other columns or form: nothing is
  /// changed. After an exception of a subclass the model has the pool that it had and all labels; if its fit is lost,
  /// the next update, be it of no labels, makes it again.
  void extend(const Features& longer);

  /// Teaches labels of items and retrains, starting from the current state. A label given again replaces the old one;
  /// what is known already, and learned, changes nothing and costs nothing.
  /// @param items    indices into the pool.
  /// @param targets  items x n_classes; each row a distribution over the classes (a hard label is a one-hot row).
  /// @param weights  one per item, > 0; empty: all 1.
  /// @throws NotFitted before attach; InvalidArgument for shapes, indices, or rows that are not distributions.
  /// Basic guarantee: after an exception of a subclass the training set holds the new labels, the fit may not; calling
  /// again with the same labels repairs it. The built-in models give the strong guarantee for their fit. A model that
  /// has labels but no fit is given all of them to learn.
  void update(std::span<const ItemIndex> items, MatrixView<const float> targets, std::span<const float> weights = {});

  /// Class probabilities of the items. @param out  items x n_classes, written; rows sum to 1.
  /// @throws NotFitted before the first update; ModelError if a subclass breaks the contract (shape, NaN, negative,
  /// sum).
  void predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const;

  /// Class probabilities of labelled items, each predicted without its own label: what confidence is calibrated on.
  /// Items must have been taught. @param out  items x n_classes, written. The default refits a clone for each of
  /// kFolds folds; the headers of built-in models say how they do it.
  void predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const;

  /// An unattached, untrained model with the same parameters.
  [[nodiscard]] std::shared_ptr<IncrementalModel> clone() const;

  /// A short name: "softmax_regression", "graph", "forest", "kernel", "latent", "fixed_probabilities", "committee";
  /// "custom" unless overridden.
  [[nodiscard]] virtual std::string kind() const;

  /// Writes parameters, training set and fit (not the pool). Default for custom models: the training set alone.
  /// @throws NotFitted before attach.
  void save(SnapshotWriter& writer) const;
  /// Restores what save wrote. The model must be attached to the same pool. @throws ArchiveError, NotFitted.
  void load(SnapshotReader& reader);

  [[nodiscard]] bool is_attached() const noexcept { return pool_ != nullptr; }
  [[nodiscard]] bool is_fitted() const noexcept { return is_fitted_; }
  /// How often it was attached: one who attached it can tell whether another has done so since.
  [[nodiscard]] std::uint64_t attachment() const noexcept { return attachment_; }
  [[nodiscard]] int n_classes() const noexcept { return training_.n_classes(); }
  /// The pool; only while is_attached().
  [[nodiscard]] const Features& attached_pool() const noexcept { return *pool_; }
  /// All labels taught so far.
  [[nodiscard]] const TrainingSet& training() const noexcept { return training_; }

  /// Folds of predict_out_of_fold.
  static constexpr int kFolds = 5;

 protected:
  IncrementalModel();
  IncrementalModel(const IncrementalModel&) = delete;

  [[nodiscard]] const Features& pool() const noexcept { return *pool_; }
  /// Never null while attached.
  [[nodiscard]] Executor& executor() const noexcept { return *executor_; }
  [[nodiscard]] const std::shared_ptr<Executor>& shared_executor() const noexcept { return executor_; }

  /// Prepares for the items from `n_known` on: pool() is the longer pool already. An overrider keeps what it has
  /// learned, and if it throws, the model must be as it was. The default attaches anew and teaches all labels.
  virtual void do_extend(std::ptrdiff_t n_known);
  /// The default refits a clone per fold; overriders may fall back on it.
  virtual void do_predict_out_of_fold(std::span<const ItemIndex> items, MatrixView<float> out) const;

 private:
  /// Prepares for pool(), n_classes() and executor(), and forgets what was learned before. If training() is not empty,
  /// all of it is brought by the next do_update.
  virtual void do_attach() = 0;
  /// Retrains. training() already holds everything, the new labels included; the arguments are the new part alone, or
  /// everything if there is no fit yet.
  virtual void do_update(std::span<const ItemIndex> items, MatrixView<const float> targets,
                         std::span<const float> weights) = 0;
  /// Writes probabilities of the items to `out`.
  virtual void do_predict_proba(std::span<const ItemIndex> items, MatrixView<float> out) const = 0;
  virtual std::shared_ptr<IncrementalModel> do_clone() const = 0;
  virtual void do_save(SnapshotWriter& writer) const;
  /// Restores the fit; training() is restored already. The default retrains on it.
  virtual void do_load(SnapshotReader& reader);

  void learn(std::span<const ItemIndex> items, MatrixView<const float> targets, std::span<const float> weights);

  std::unique_ptr<Features> pool_;
  std::shared_ptr<Executor> executor_;
  TrainingSet training_;
  std::uint64_t attachment_ = 0;
  bool is_bound_ = false;  // do_attach has seen pool_; else learn() calls it first
  bool is_fitted_ = false;
  bool is_current_ = false;  // the fit has seen all of training_
};

}  // namespace gtlabel
