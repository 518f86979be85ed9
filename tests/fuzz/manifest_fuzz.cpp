// libFuzzer's entry: bytes from strangers are a manifest or end in FormatError; the lint has something to say of any.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gtlabel/core/error.hpp"
#include "gtlabel/formats/lint.hpp"
#include "gtlabel/formats/manifest.hpp"

namespace {

void require(bool holds) {
  if (!holds) __builtin_trap();
}

/// What was read comes out as it was, and labels in the form that is written now are read as the same.
void use(gtlabel::Manifest& manifest, std::string_view content) {
  require(manifest.text() == content);
  for (const std::string& attribute : manifest.attributes()) {
    require(manifest.labels(attribute).class_index.size() == manifest.size());
    for (std::size_t row = 0; row < manifest.size(); ++row) {
      const auto label = manifest.label(row, attribute);
      if (!label) continue;
      const auto written = gtlabel::write_manifest_label(*label);
      const auto again = gtlabel::write_manifest_label(gtlabel::read_manifest_label(written.label, written.metadata));
      require(again.label == written.label && again.metadata == written.metadata);
      gtlabel::ManifestLine line{std::string(manifest.line(row))};
      line.set_label(attribute, *label);
      require(line.label(attribute).has_value());
    }
  }
}

void change(gtlabel::Manifest& manifest) {
  for (std::size_t row = 0; row < manifest.size(); ++row) {
    gtlabel::ManifestLine line{std::string(manifest.line(row))};
    for (const std::string& key : line.keys()) {
      line.set_member(key, "[1]");
      require(line.member(key) == "[1]");
    }
    line.set_member("fuzz", "\"x\"");
    for (const std::string& key : line.keys()) line.remove_member(key);
    require(line.keys().empty());
    line.set_member("source", "\"x\"");
    manifest.replace(row, line);
    require(manifest.source(row) == "x");
  }
  manifest.append(gtlabel::ManifestLine("{\"source\":\"y\"}"));
  const gtlabel::Manifest again(manifest.text());
  require(again.size() == manifest.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view content(reinterpret_cast<const char*>(bytes), size);
  const gtlabel::ManifestLint lint = gtlabel::lint_manifest(content);
  bool is_json = true;
  for (const gtlabel::ManifestFinding& finding : lint.findings) {
    require(finding.line >= 1 && finding.column >= 1);
    if (finding.rule == "bad-json" || finding.rule == "not-utf8" || finding.rule == "not-an-object") is_json = false;
  }
  try {
    gtlabel::Manifest manifest{std::string(content)};
    require(is_json);
    use(manifest, content);
    change(manifest);
  } catch (const gtlabel::FormatError&) {
    require(!is_json);
  }
  return 0;
}
