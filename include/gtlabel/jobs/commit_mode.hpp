#pragma once

namespace gtlabel {

/// When a job with an ErrorTarget labels automatically.
enum class CommitMode {
  eager,  ///< as soon as the model is sure enough of a part: automatic labels come early, and training may go on
          ///< after audits. The certificate is that of the anytime ledger.
  final,  ///< once, when training is over: one exact audit of all open items, of which the largest part that passes is
          ///< delivered. For who needs nothing before the end; docs/certificate.md compares the two.
};

}  // namespace gtlabel
