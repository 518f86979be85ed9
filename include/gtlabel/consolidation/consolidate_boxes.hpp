#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "gtlabel/consolidation/mark_columns.hpp"
#include "gtlabel/core/executor.hpp"
#include "gtlabel/core/export.hpp"
#include "gtlabel/core/ids.hpp"
#include "gtlabel/core/views.hpp"

namespace gtlabel {

struct BoxConsolidationOptions {
  double min_overlap = 0.5;    ///< least mean intersection over union of boxes that are of one object; above 0, to 1
  double min_existence = 0.5;  ///< objects less probable than this are not in the result; 0: all that anybody marked
  std::shared_ptr<Executor> executor = {};  ///< null: the calling thread. Same bits for any.
};

/// What many workers' boxes amount to: one entry per object, ordered by item, then by confidence (to
/// the precision of a float), the surest first, then by class.
/// A plain result, owned by the caller.
struct BoxConsolidation {
  std::vector<std::int32_t> items;
  Matrix<double> boxes;  ///< (objects x 4): x1, y1, x2, y2
  std::vector<ClassIndex> classes;
  std::vector<double> existences;       ///< probability that there is an object
  std::vector<double> confidences;      ///< probability that there is one, and of this class
  std::vector<std::int32_t> n_workers;  ///< that marked it
  /// One entry per box given: its object's position above, -1 if that is not in the result.
  std::vector<std::int32_t> objects;
  /// Per worker: expected share of the objects in his items that he marked, expected share of his boxes that are
  /// objects, and mean distance of his sides from the answer's, as a share of its width or height. NaN where unknown
  /// (no object in his items; no box; no box that somebody else marked too).
  std::vector<double> worker_recall, worker_precision, worker_error;
};

/// Boxes of many workers -> objects. In three steps:
/// 1. Boxes of different workers are joined by falling intersection over union, of equal classes first, as long as
///    their mean overlap is at least min_overlap and no worker has two in one object.
/// 2. Whether an object exists, and its class, is decided by ibcc (see consolidate.hpp) among the classes and
/// "nothing":
///    every worker who answered about the item either gave the object a class or said nothing of it. So the workers'
///    rates of missing and of inventing objects are learned.
/// 3. Coordinates are the mean of the median and the mean, both weighted by the workers' precision: one over the
///    mean distance from the answer, shrunk towards everybody's by three objects; alternating until they agree.
///
/// O(b^2 log b) time per item with b boxes, then O(objects x answers of the item x classes); at most 2^27 entries of
/// workers x (classes + 1)^2. Thread-safe.
/// @param boxes  (marks x 4): x1, y1, x2, y2 with x1 < x2 and y1 < y2, in any unit
/// @throws InvalidArgument  no answers, sizes that do not fit, NaN or infinity, a box without area, an empty answer of
/// a
///         worker who marked something, an item or worker without any answer, options out of range; UnknownClass. The
///         message names the row.
[[nodiscard]] GTLABEL_EXPORT BoxConsolidation consolidate_boxes(const MarkColumns& marks,
                                                                MatrixView<const double> boxes, std::int32_t n_classes,
                                                                const BoxConsolidationOptions& options = {});

}  // namespace gtlabel
