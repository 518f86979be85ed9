#include "arrays.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/core/random.hpp"
#include "gtlabel/routing/audit_bound.hpp"
#include "gtlabel/routing/audit_ledger.hpp"
#include "gtlabel/routing/audit_ledgers.hpp"
#include "gtlabel/routing/certificate.hpp"
#include "gtlabel/routing/commit_plan.hpp"
#include "gtlabel/routing/confidence_router.hpp"
#include "gtlabel/routing/sample_bound.hpp"
#include "gtlabel/storage/snapshot.hpp"
#include "registers.hpp"

namespace gtlabel::python {
namespace {

ErrorScope scope_from(const std::string& of) {
  if (of == "auto_labels") return ErrorScope::auto_labels;
  if (of == "dataset") return ErrorScope::dataset;
  throw InvalidArgument("of: '" + of + "' given, expected 'auto_labels' or 'dataset'");
}

const char* to_string(ErrorScope scope) { return scope == ErrorScope::dataset ? "dataset" : "auto_labels"; }

ErrorTarget make_error_target(double max_error, double failure_probability, const std::string& of, bool per_class) {
  const ErrorTarget target{max_error, failure_probability, scope_from(of), per_class};
  validate(target);
  return target;
}

std::string repr(const ErrorTarget& target) {
  return py::str("ErrorTarget(max_error={}, failure_probability={}, of='{}', per_class={})")
      .format(target.max_error, target.failure_probability, to_string(target.of), target.per_class);
}

void register_targets(py::module_& m) {
  const ErrorTarget defaults;
  py::class_<ErrorTarget>(
      m, "ErrorTarget",
      R"(The certified target: at most ``max_error`` of the automatic labels are wrong, except with probability
``failure_probability`` (over the audit's own coins). ``of="dataset"`` counts against all labels instead.
``per_class=True``: for every class at once, at most ``max_error`` of the automatic labels that name it; a class that does
not pay for a certificate of its own gets none.)")
      .def(py::init(&make_error_target), "max_error"_a = defaults.max_error,
           "failure_probability"_a = defaults.failure_probability, "of"_a = to_string(defaults.of),
           "per_class"_a = defaults.per_class)
      .def_readonly("max_error", &ErrorTarget::max_error)
      .def_readonly("failure_probability", &ErrorTarget::failure_probability)
      .def_property_readonly("of", [](const ErrorTarget& target) { return to_string(target.of); })
      .def_readonly("per_class", &ErrorTarget::per_class)
      .def("__repr__", &repr)
      .def("__eq__",
           [](const ErrorTarget& a, const py::object& b) {
             return py::isinstance<ErrorTarget>(b) && repr(a) == repr(b.cast<ErrorTarget>());
           })
      .def("__hash__", [](const ErrorTarget& target) { return py::hash(py::str(repr(target))); })
      .def(py::pickle(
          [](const ErrorTarget& t) {
            return py::make_tuple(t.max_error, t.failure_probability, to_string(t.of), t.per_class);
          },
          [](const py::tuple& state) {
            return make_error_target(state[0].cast<double>(), state[1].cast<double>(), state[2].cast<std::string>(),
                                     state[3].cast<bool>());
          }));
  const auto make_threshold = [](double confidence) {
    const ConfidenceThreshold target{confidence};
    validate(target);
    return target;
  };
  py::class_<ConfidenceThreshold>(m, "ConfidenceThreshold",
                                  "The plain rule: automatic at or above a confidence in (0, 1]. Nothing is certified.")
      .def(py::init(make_threshold), "confidence"_a = ConfidenceThreshold{}.confidence)
      .def_readonly("confidence", &ConfidenceThreshold::confidence)
      .def("__repr__",
           [](const ConfidenceThreshold& target) {
             return py::str("ConfidenceThreshold(confidence={})").format(target.confidence);
           })
      .def("__eq__",
           [](const ConfidenceThreshold& a, const py::object& b) {
             return py::isinstance<ConfidenceThreshold>(b) && a.confidence == b.cast<ConfidenceThreshold>().confidence;
           })
      .def("__hash__", [](const ConfidenceThreshold& target) { return py::hash(py::float_(target.confidence)); })
      .def(py::pickle([](const ConfidenceThreshold& t) { return py::make_tuple(t.confidence); },
                      [make_threshold](const py::tuple& state) { return make_threshold(state[0].cast<double>()); }));
}

/// The library's formulas take what they are given; a notebook is told what makes no sense.
void require(bool is_sound, const char* name, const py::object& given, const char* expected) {
  if (is_sound) return;
  throw InvalidArgument(std::string(name) + ": " + std::string(py::str(given)) + " given, expected " + expected);
}

std::int64_t checked_max_wrong_unfound(std::int64_t errors_found, double level, double failure_probability,
                                       std::optional<double> error_ratio) {
  require(errors_found >= 0, "errors_found", py::int_(errors_found), "at least 0");
  require(level >= 0.0 && level < 1.0, "level", py::float_(level), "at least 0 and below 1");
  validate(ErrorTarget{.failure_probability = failure_probability});
  const AuditPrior prior = error_ratio ? AuditPrior(*error_ratio) : AuditPrior();
  return max_wrong_unfound(errors_found, level, failure_probability, prior);
}

double checked_expected_audits(std::int64_t n_items, double error_rate, const ErrorTarget& target) {
  require(n_items >= 0, "n_items", py::int_(n_items), "at least 0");
  require(error_rate >= 0.0 && error_rate <= 1.0, "error_rate", py::float_(error_rate), "0 to 1");
  return expected_audits(n_items, error_rate, target);
}

void register_fallback(py::module_& m) {
  py::class_<AuditFallback>(
      m, "AuditFallback",
      "What an audit ledger would state if the labels committed since an earlier moment were withdrawn.")
      .def_property_readonly(
          "withdrawn", [](const AuditFallback& fallback) { return to_array(fallback.withdrawn); },
          "Items that would have to be withdrawn, in order of commit.")
      .def_readonly("n_delivered", &AuditFallback::n_delivered, "Labels that would be left.")
      .def_readonly("wrong_at_most", &AuditFallback::wrong_at_most, "Upper bound on the wrong ones among those left.")
      .def("__repr__", [](const AuditFallback& fallback) {
        return py::str("AuditFallback({} to withdraw, n_delivered={}, wrong_at_most={})")
            .format(fallback.withdrawn.size(), fallback.n_delivered, fallback.wrong_at_most);
      });
}

constexpr const char* kLedgerKind = "audit_ledger";

py::bytes ledger_state(const AuditLedger& ledger) {
  SnapshotWriter writer;
  ledger.save(writer);
  return writer.finish(kLedgerKind);
}

AuditLedger ledger_from(const py::bytes& state) {
  const std::string bytes = state;
  SnapshotReader reader(bytes, kLedgerKind);
  return AuditLedger::load(reader);
}

void register_ledger(py::module_& m) {
  const AuditLedger defaults;
  py::class_<AuditLedger>(
      m, "AuditLedger",
      R"(Proves how many automatic labels are wrong, by blind human checks of a random few (docs/certificate.md).

Every committed item gets a private coin; once it is at or below the audit level, the item is due for audit. Whatever the
model, the commits and the moments of looking: except with ``failure_probability``, at all times at once, the wrong labels
among the delivered are at most ``wrong_at_most``. Items due and unanswered count as errors until they are answered.)")
      .def(py::init([](double failure_probability, std::optional<std::uint64_t> seed) {
             return AuditLedger(failure_probability, seed ? *seed : random_seed());
           }),
           "failure_probability"_a = defaults.failure_probability(), "seed"_a = 0,
           "seed: of the coins; None: from the operating system.")
      .def("expect", &AuditLedger::expect, "error_ratio"_a,
           R"(Tells, before the first commit, how many labels are expected to be wrong, over how many the target allows.

The closer, the fewer audits are needed; what is proved holds whatever was expected.)")
      .def(
          "commit",
          [](AuditLedger& ledger, const py::object& items) {
            return to_array(ledger.commit(span_of<ItemIndex>(indices_from(items, "items"))));
          },
          "items"_a, "Commits items, whose labels must not change from now on; returns those due for audit at once.")
      .def(
          "raise_level", [](AuditLedger& ledger, double level) { return to_array(ledger.raise_level(level)); },
          "level"_a, "Raises the audit level, in [present level, 1); returns the items that become due.")
      .def("record", &AuditLedger::record, "item"_a, "wrong"_a,
           "Tells whether a human found a committed item's label wrong. Returns False if the item is not committed.")
      .def(
          "withdraw",
          [](AuditLedger& ledger, const py::object& items) {
            ledger.withdraw(span_of<ItemIndex>(indices_from(items, "items")));
          },
          "items"_a, "Takes back labels without checking them; items due or answered stay.")
      .def(
          "delivered", [](const AuditLedger& ledger) { return to_array(ledger.delivered()); },
          "Items delivered, in order of commit.")
      .def(
          "due", [](const AuditLedger& ledger) { return to_array(ledger.due()); },
          "Items due for audit and not answered.")
      .def("is_delivered", &AuditLedger::is_delivered, "item"_a, "Whether an item is among the delivered.")
      .def("fallbacks", &AuditLedger::fallbacks,
           R"(The earlier moments to which ``withdraw`` can go back, the latest first, as AuditFallback.

Withdraw all of ``withdrawn`` and ``wrong_at_most`` is what was proved then, less the errors found since.)")
      .def_property_readonly("wrong_at_most", &AuditLedger::wrong_at_most,
                             "Upper bound on wrong labels among the delivered.")
      .def_property_readonly("n_delivered", &AuditLedger::n_delivered)
      .def_property_readonly("n_audited", &AuditLedger::n_audited)
      .def_property_readonly("n_due", &AuditLedger::n_due)
      .def_property_readonly("errors_found", &AuditLedger::errors_found)
      .def_property_readonly("known_wrong", &AuditLedger::known_wrong,
                             "Labels found wrong by free answers, not by audits.")
      .def_property_readonly("level", &AuditLedger::level)
      .def_property_readonly("failure_probability", &AuditLedger::failure_probability)
      .def("__repr__",
           [](const AuditLedger& ledger) {
             return py::str(
                        "AuditLedger(level={:.4g}, n_delivered={}, n_due={}, n_audited={}, errors_found={}, "
                        "wrong_at_most={})")
                 .format(ledger.level(), ledger.n_delivered(), ledger.n_due(), ledger.n_audited(),
                         ledger.errors_found(), ledger.wrong_at_most());
           })
      .def(py::pickle(&ledger_state, &ledger_from));
  m.def("max_wrong_unfound", &checked_max_wrong_unfound, "errors_found"_a, "level"_a,
        "failure_probability"_a = defaults.failure_probability(), "error_ratio"_a = py::none(),
        "The ledger's bound by itself: how many wrong labels may be unfound, with these errors found at this audit "
        "level. error_ratio: what the ledger was told to expect.");
}

void register_ledgers(py::module_& m) {
  py::class_<AuditLedgers>(m, "AuditLedgers",
                           R"(The ledgers of one pool: one for all automatic labels, or one for each class's.

All bounds hold at once, with probability at least 1 - ``failure_probability``. ``ledgers[c]`` is the AuditLedger of the labels
that name class c; ``len(ledgers)`` is 1 unless the target was ``per_class``.)")
      .def("__len__", &AuditLedgers::size)
      .def(
          "__getitem__",
          [](AuditLedgers& ledgers, std::size_t ledger) -> AuditLedger& {
            if (ledger >= ledgers.size()) throw py::index_error("ledger " + std::to_string(ledger));
            return ledgers[ledger];
          },
          "ledger"_a, py::return_value_policy::reference_internal)
      .def("record", &AuditLedgers::record, "item"_a, "wrong"_a,
           "Tells whether a human found a committed item's label wrong. Returns False if no ledger holds the item.")
      .def(
          "delivered", [](const AuditLedgers& ledgers) { return to_array(ledgers.delivered()); },
          "Items delivered, one ledger after the other.")
      .def(
          "due", [](const AuditLedgers& ledgers) { return to_array(ledgers.due()); },
          "Items due for audit and not answered, one ledger after the other.")
      .def_property_readonly("wrong_at_most", &AuditLedgers::wrong_at_most,
                             "Upper bound on the wrong labels among all delivered ones.")
      .def_property_readonly("n_delivered", &AuditLedgers::n_delivered, "Of all ledgers together.")
      .def_property_readonly("n_due", &AuditLedgers::n_due, "Of all ledgers together.")
      .def_property_readonly("n_audited", &AuditLedgers::n_audited, "Of all ledgers together.")
      .def_property_readonly("errors_found", &AuditLedgers::errors_found, "Of all ledgers together.")
      .def_property_readonly("failure_probability", &AuditLedgers::failure_probability)
      .def("__repr__", [](const AuditLedgers& ledgers) {
        return py::str("AuditLedgers({} ledgers, {} delivered, {} audited, {} wrong)")
            .format(ledgers.size(), ledgers.n_delivered(), ledgers.n_audited(), ledgers.errors_found());
      });
}

py::tuple class_certificate_state(const ClassCertificate& c) {
  return py::make_tuple(c.class_index, c.delivered, c.audited, c.errors_found, c.wrong_at_most, c.bound);
}

ClassCertificate class_certificate_from(const py::tuple& state) {
  return {.class_index = state[0].cast<ClassIndex>(),
          .delivered = state[1].cast<std::int64_t>(),
          .audited = state[2].cast<std::int64_t>(),
          .errors_found = state[3].cast<std::int64_t>(),
          .wrong_at_most = state[4].cast<std::int64_t>(),
          .bound = state[5].cast<double>()};
}

py::tuple truth_state(const TruthBound& truth) {
  return py::make_tuple(truth.n_gold, truth.n_gold_wrong, truth.people_wrong_at_most, truth.wrong_at_most, truth.bound,
                        truth.failure_probability);
}

/// Pickles of versions without gold end before it.
std::optional<TruthBound> truth_from(const py::tuple& certificate) {
  if (certificate.size() <= 10 || certificate[10].is_none()) return std::nullopt;
  const auto state = certificate[10].cast<py::tuple>();
  return TruthBound{.n_gold = state[0].cast<std::int64_t>(),
                    .n_gold_wrong = state[1].cast<std::int64_t>(),
                    .people_wrong_at_most = state[2].cast<std::int64_t>(),
                    .wrong_at_most = state[3].cast<std::int64_t>(),
                    .bound = state[4].cast<double>(),
                    .failure_probability = state[5].cast<double>()};
}

py::tuple certificate_state(const Certificate& c) {
  py::list by_class;
  for (const ClassCertificate& entry : c.by_class) by_class.append(class_certificate_state(entry));
  return py::make_tuple(c.max_error, c.failure_probability, to_string(c.of), c.delivered, c.audited, c.errors_found,
                        c.wrong_at_most, c.bound, c.statement, py::tuple(by_class),
                        c.truth ? py::object(truth_state(*c.truth)) : py::none());
}

Certificate certificate_from(const py::tuple& state) {
  std::vector<ClassCertificate> by_class;
  for (const auto& entry : state[9].cast<py::tuple>())
    by_class.push_back(class_certificate_from(entry.cast<py::tuple>()));
  return {.max_error = state[0].cast<double>(),
          .failure_probability = state[1].cast<double>(),
          .of = scope_from(state[2].cast<std::string>()),
          .delivered = state[3].cast<std::int64_t>(),
          .audited = state[4].cast<std::int64_t>(),
          .errors_found = state[5].cast<std::int64_t>(),
          .wrong_at_most = state[6].cast<std::int64_t>(),
          .bound = state[7].cast<double>(),
          .by_class = std::move(by_class),
          .truth = truth_from(state),
          .statement = state[8].cast<std::string>()};
}

/// Which of the items drawn are wrong, from bools or 0 and 1.
std::vector<std::uint8_t> drawn_from(const py::object& is_wrong) {
  static constexpr const char* kExpected = " given, expected a sequence of bools, one an item drawn";
  const py::array array = py::array::ensure(is_wrong);
  if (!array) {
    PyErr_Clear();
    throw InvalidType("is_wrong: " + std::string(py::str(py::type::of(is_wrong).attr("__name__"))) + kExpected);
  }
  const char kind = array.dtype().kind();
  const bool is_empty_list = array.ndim() == 1 && array.size() == 0;
  if (array.ndim() != 1 || (kind != 'b' && kind != 'i' && kind != 'u' && !is_empty_list)) {
    throw InvalidType("is_wrong: " + std::string(py::str(py::type::of(is_wrong).attr("__name__"))) + ", " +
                      std::to_string(array.ndim()) + "-dimensional, dtype " + std::string(py::str(array.dtype())) +
                      kExpected);
  }
  std::vector<std::uint8_t> drawn;
  for (const auto& value : array) {
    const bool wrong = value.cast<bool>();
    if (!value.equal(py::int_(wrong ? 1 : 0))) {
      throw InvalidArgument("is_wrong: row " + std::to_string(drawn.size()) + " is " + std::string(py::str(value)) +
                            ", expected True or False");
    }
    drawn.push_back(wrong ? 1 : 0);
  }
  return drawn;
}

void register_certificate(py::module_& m) {
  py::class_<ClassCertificate>(m, "ClassCertificate", "What is certified of the automatic labels that name one class.")
      .def_readonly("class_index", &ClassCertificate::class_index)
      .def_readonly("delivered", &ClassCertificate::delivered)
      .def_readonly("audited", &ClassCertificate::audited)
      .def_readonly("errors_found", &ClassCertificate::errors_found)
      .def_readonly("wrong_at_most", &ClassCertificate::wrong_at_most)
      .def_readonly("bound", &ClassCertificate::bound, "wrong_at_most over delivered, at most max_error.")
      .def("__repr__", [](const ClassCertificate& entry) {
        return py::str("ClassCertificate(class_index={}, bound={:.4g}, delivered={}, audited={}, errors_found={})")
            .format(entry.class_index, entry.bound, entry.delivered, entry.audited, entry.errors_found);
      });
  py::class_<TruthBound>(
      m, "TruthBound",
      "What is known of the automatic labels' error against the truth, by gold; all of it holds if gold "
      "is a random sample of the pool.")
      .def_readonly("n_gold", &TruthBound::n_gold, "Items of gold that people were asked about.")
      .def_readonly("n_gold_wrong", &TruthBound::n_gold_wrong, "Of those, where people's answer was wrong.")
      .def_readonly("people_wrong_at_most", &TruthBound::people_wrong_at_most, "Items of the pool where it would be.")
      .def_readonly("wrong_at_most", &TruthBound::wrong_at_most,
                    "Labels in scope (of=\"dataset\": people's too) that differ from the truth.")
      .def_readonly("bound", &TruthBound::bound, "wrong_at_most over the labels in scope.")
      .def_readonly("failure_probability", &TruthBound::failure_probability,
                    "That this or the certificate is false, both together.")
      .def("__repr__",
           [](const TruthBound& truth) {
             return py::str("TruthBound(bound={:.4g}, n_gold={}, n_gold_wrong={})")
                 .format(truth.bound, truth.n_gold, truth.n_gold_wrong);
           })
      .def("__eq__",
           [](const TruthBound& a, const py::object& b) {
             return py::isinstance<TruthBound>(b) && truth_state(a).equal(truth_state(b.cast<TruthBound>()));
           })
      .def("__hash__", [](const TruthBound& truth) { return py::hash(truth_state(truth)); });
  py::class_<Certificate>(m, "Certificate", "The statement that delivered automatic labels meet an ErrorTarget.")
      .def_readonly("max_error", &Certificate::max_error)
      .def_readonly("failure_probability", &Certificate::failure_probability)
      .def_property_readonly("of", [](const Certificate& certificate) { return to_string(certificate.of); })
      .def_readonly("delivered", &Certificate::delivered)
      .def_readonly("audited", &Certificate::audited)
      .def_readonly("errors_found", &Certificate::errors_found)
      .def_readonly("wrong_at_most", &Certificate::wrong_at_most)
      .def_readonly("bound", &Certificate::bound, "The certified error rate, at most max_error.")
      .def_property_readonly(
          "by_class", [](const Certificate& certificate) { return py::tuple(py::cast(certificate.by_class)); },
          "With per_class: a ClassCertificate for each class that has automatic labels.")
      .def_readonly(
          "truth", &Certificate::truth,
          "TruthBound: the error against the truth, with gold that is a random sample of the pool; else None.")
      .def_readonly("statement", &Certificate::statement, "The certificate in plain words.")
      .def("__str__", [](const Certificate& certificate) { return certificate.statement; })
      .def("__repr__",
           [](const Certificate& certificate) {
             return py::str("Certificate(bound={:.4g}, delivered={}, audited={}, errors_found={})")
                 .format(certificate.bound, certificate.delivered, certificate.audited, certificate.errors_found);
           })
      .def("__eq__",
           [](const Certificate& a, const py::object& b) {
             return py::isinstance<Certificate>(b) &&
                    certificate_state(a).equal(certificate_state(b.cast<Certificate>()));
           })
      .def("__hash__", [](const Certificate& certificate) { return py::hash(certificate_state(certificate)); })
      .def(py::pickle(&certificate_state, &certificate_from));
  m.def("certify", py::overload_cast<const AuditLedger&, const ErrorTarget&, std::int64_t, std::string_view>(&certify),
        "ledger"_a, "target"_a, "n_items"_a, "reference"_a = kOneAnswer,
        "The certificate that a ledger supports now, or None. n_items: size of the pool.");
  m.def("certify", py::overload_cast<const AuditLedgers&, const ErrorTarget&, std::int64_t, std::string_view>(&certify),
        "ledgers"_a, "target"_a, "n_items"_a, "reference"_a = kOneAnswer,
        "The same of several ledgers; with per_class each that delivers has to meet the target by itself.");
  m.def(
      "max_wrong_in_pool",
      [](const py::object& is_wrong, std::int64_t n_pool, double failure_probability) {
        return max_wrong_in_pool(drawn_from(is_wrong), n_pool, failure_probability);
      },
      "is_wrong"_a, "n_pool"_a, "failure_probability"_a = 0.05,
      "How many items of a pool are wrong at most, by a random sample of it, drawn one by one: the bound holds however "
      "often it is looked at. is_wrong: a bool (or 0 or 1) per item drawn, in that order.");
  m.def("expected_audits", &checked_expected_audits, "n_items"_a, "error_rate"_a, "target"_a = ErrorTarget{},
        "Audits expected to certify n_items labels of which error_rate are wrong; negative if none would do.");
}

py::array route_names(const Routing& routing) {
  py::list names;
  for (const Route route : routing.routes) names.append(gtlabel::to_string(route));
  return py::module_::import("numpy").attr("array")(names, "dtype"_a = "<U5");
}

void register_router(py::module_& m) {
  const ConfidenceRouter defaults;
  py::class_<Routing>(m, "Routing", "What a router decided about a set of items.")
      .def_property_readonly("routes", &route_names, "'auto', 'human' or 'audit' per item.")
      .def_property_readonly("class_index", [](const Routing& routing) { return to_array(routing.class_index); })
      .def_property_readonly("confidence", [](const Routing& routing) { return to_array(routing.confidence); })
      .def_readonly("n_auto", &Routing::n_automatic)
      .def_readonly("n_audit", &Routing::n_audit)
      .def_readonly("n_human", &Routing::n_human)
      .def_readonly("threshold", &Routing::threshold)
      .def_readonly("audit_level", &Routing::audit_level)
      .def_readonly("expected_error", &Routing::expected_error)
      .def_readonly("reason", &Routing::reason)
      .def_property_readonly(
          "ledgers", [](Routing& routing) { return routing.ledgers ? &*routing.ledgers : nullptr; },
          py::return_value_policy::reference_internal,
          "With an ErrorTarget: the AuditLedgers of the automatic and audit items; record the audits there.")
      .def("__repr__", [](const Routing& routing) {
        return py::str("Routing(n_auto={}, n_audit={}, n_human={})")
            .format(routing.n_automatic, routing.n_audit, routing.n_human);
      });
  py::class_<ConfidenceRouter>(m, "ConfidenceRouter",
                               "Turns probabilities and a target into routes: auto, human, audit.")
      .def(py::init([](const Target& target, std::optional<std::uint64_t> seed) {
             return ConfidenceRouter(target, seed ? *seed : random_seed());
           }),
           "target"_a = defaults.target(), "seed"_a = defaults.seed(),
           "seed: of the audit's coins, another one for every set of items; None: from the operating system.")
      .def(
          "route",
          [](const ConfidenceRouter& router, const py::object& probabilities) {
            const auto rows = float_matrix_from(probabilities, "probabilities");
            const auto view = view_of<float>(rows);
            const py::gil_scoped_release release;
            return router.route(view);
          },
          "probabilities"_a, "Routes items by an (items, classes) array whose rows sum to 1.")
      .def_property_readonly("target", &ConfidenceRouter::target)
      .def_property_readonly("seed", &ConfidenceRouter::seed)
      .def("__repr__", [](const ConfidenceRouter& router) {
        return py::str("ConfidenceRouter(target={!r}, seed={})").format(router.target(), router.seed());
      });
}

}  // namespace

void register_routing(py::module_& m) {
  register_targets(m);
  register_fallback(m);
  register_ledger(m);
  register_ledgers(m);
  register_certificate(m);
  register_router(m);
}

}  // namespace gtlabel::python
