#include "arrays.hpp"
#include "gtlabel/core/error.hpp"
#include "gtlabel/formats/lint.hpp"
#include "gtlabel/formats/manifest.hpp"
#include "gtlabel/formats/manifest_stream.hpp"
#include "registers.hpp"

namespace gtlabel::python {
namespace {

/// A column of texts as its distinct values and a code per row.
void add_texts(py::dict& columns, const std::string& name, const TextColumn& texts) {
  columns[py::str(name)] = to_array(texts.codes);
  columns[py::str(name + "_values")] = texts.values;
}

py::dict label_columns(const Manifest& manifest, const std::string& attribute) {
  const ManifestLabelColumns& labels = manifest.labels(attribute);
  py::dict columns;
  add_texts(columns, "label", labels.label);
  add_texts(columns, "type", labels.type);
  add_texts(columns, "job_name", labels.job_name);
  columns["class_index"] = to_array(labels.class_index);
  columns["confidence"] = to_array(labels.confidence);
  columns["human_annotated"] = to_array(labels.human_annotated);
  columns["n_parts"] = to_array(labels.n_parts);
  columns["creation_date"] = to_array(labels.creation_date);
  return columns;
}

py::list sources(const Manifest& manifest) {
  py::list list(manifest.size());
  for (std::size_t row = 0; row < manifest.size(); ++row) list[row] = py::str(manifest.source(row));
  return list;
}

py::array_t<bool> is_text(const Manifest& manifest) {
  py::array_t<bool> flags(static_cast<py::ssize_t>(manifest.size()));
  for (std::size_t row = 0; row < manifest.size(); ++row) flags.mutable_data()[row] = manifest.is_text(row);
  return flags;
}

py::list member_texts(const Manifest& manifest, const std::string& key) {
  py::list list(manifest.size());
  for (std::size_t row = 0; row < manifest.size(); ++row) {
    const auto member = ManifestLine(std::string(manifest.line(row))).member(key);
    list[row] = member ? py::object(py::str(*member)) : py::none();
  }
  return list;
}

Manifest subset(const Manifest& manifest, const std::vector<std::size_t>& rows) { return manifest.subset(rows); }

template <class Change>
void change(Manifest& manifest, std::size_t row, Change apply) {
  ManifestLine line{std::string(manifest.line(row))};
  apply(line);
  manifest.replace(row, line);
}

// Labels cross the border as dicts of their fields; in Python they are dataclasses of the same names
// (gtlabel/formats/manifest_label.py). One list of fields serves both directions.
template <class Fields>
void visit_fields(Fields& fields, ManifestClass& value) {
  fields("class_index", value.class_index);
  fields("class_name", value.class_name);
  fields("confidence", value.confidence);
}
template <class Fields>
void visit_fields(Fields& fields, ClassLabel& value) {
  fields("chosen", value.chosen);
  fields("comments", value.comments);
}
template <class Fields>
void visit_fields(Fields& fields, MultiClassLabel& value) {
  fields("classes", value.classes);
}
template <class Fields>
void visit_fields(Fields& fields, ManifestBox& value) {
  fields("object", value.object);
  fields("left", value.left);
  fields("top", value.top);
  fields("width", value.width);
  fields("height", value.height);
  fields("other_members", value.other_members);
  fields("other_metadata", value.other_metadata);
}
template <class Fields>
void visit_fields(Fields& fields, BoxLabel& value) {
  fields("image_width", value.image_width);
  fields("image_height", value.image_height);
  fields("image_depth", value.image_depth);
  fields("boxes", value.boxes);
  fields("class_map", value.class_map);
  fields("other_members", value.other_members);
}
template <class Fields>
void visit_fields(Fields& fields, MaskClass& value) {
  fields("region", value.region);
  fields("hex_color", value.hex_color);
}
template <class Fields>
void visit_fields(Fields& fields, MaskLabel& value) {
  fields("mask_ref", value.mask_ref);
  fields("classes", value.classes);
}
template <class Fields>
void visit_fields(Fields& fields, TextSpan& value) {
  fields("label", value.label);
  fields("start", value.start);
  fields("end", value.end);
  fields("confidence", value.confidence);
  fields("other_members", value.other_members);
  fields("other_metadata", value.other_metadata);
}
template <class Fields>
void visit_fields(Fields& fields, SpanLabel& value) {
  fields("spans", value.spans);
  fields("labels", value.labels);
  fields("other_members", value.other_members);
}
template <class Fields>
void visit_fields(Fields& fields, SequenceLabel& value) {
  fields("sequence_ref", value.sequence_ref);
  fields("class_map", value.class_map);
}
template <class Fields>
void visit_fields(Fields& fields, Cuboid& value) {
  fields("object", value.object);
  fields("object_name", value.object_name);
  fields("center_x", value.center_x);
  fields("center_y", value.center_y);
  fields("center_z", value.center_z);
  fields("length", value.length);
  fields("width", value.width);
  fields("height", value.height);
  fields("roll", value.roll);
  fields("pitch", value.pitch);
  fields("yaw", value.yaw);
  fields("attributes", value.attributes);
  fields("other_members", value.other_members);
  fields("other_metadata", value.other_metadata);
}
template <class Fields>
void visit_fields(Fields& fields, CuboidLabel& value) {
  fields("cuboids", value.cuboids);
  fields("class_map", value.class_map);
  fields("other_members", value.other_members);
}
template <class Fields>
void visit_fields(Fields& fields, CustomLabel& value) {
  fields("json", value.json);
  fields("worker_response_ref", value.worker_response_ref);
}
template <class Fields>
void visit_fields(Fields& fields, ManifestLabel& value) {
  fields("type", value.type);
  fields("job_name", value.job_name);
  fields("human_annotated", value.human_annotated);
  fields("creation_date", value.creation_date);
  fields("adjustment_status", value.adjustment_status);
  fields("other_metadata", value.other_metadata);
}

struct NoFields {
  template <class T>
  void operator()(const char* name, T& value);
};
template <class T>
concept HasFields = requires(NoFields& fields, T& value) {
  visit_fields(fields, value);
};

struct ToPython {
  py::dict result;
  template <class T>
  void operator()(const char* name, T& value) {
    result[name] = convert(value);
  }
  template <class T>
  static py::object convert(T& value) {
    if constexpr (HasFields<T>) {
      ToPython fields;
      visit_fields(fields, value);
      return std::move(fields.result);
    } else {
      return py::cast(value);
    }
  }
  template <class T>
  requires HasFields<T>
  static py::object convert(std::vector<T>& values) {
    py::list list;
    for (T& value : values) list.append(convert(value));
    return list;
  }
};

struct FromPython {
  py::dict given;
  template <class T>
  void operator()(const char* name, T& value) {
    try {
      convert(given[name], value);
    } catch (const py::cast_error&) {
      throw InvalidType(std::string("label: the field ") + name + " is " + std::string(py::str(py::repr(given[name]))) +
                        ", expected a value of another type");
    }
  }
  template <class T>
  static void convert(const py::object& object, T& value) {
    if constexpr (HasFields<T>) {
      FromPython fields{object.cast<py::dict>()};
      visit_fields(fields, value);
    } else {
      value = object.cast<T>();
    }
  }
  template <class T>
  requires HasFields<T>
  static void convert(const py::object& object, std::vector<T>& values) {
    for (const py::handle entry : object) {
      convert(py::reinterpret_borrow<py::object>(entry), values.emplace_back());
    }
  }
};

// In the order of the variant.
constexpr const char* kKinds[] = {"ClassLabel", "MultiClassLabel", "BoxLabel",    "MaskLabel",
                                  "SpanLabel",  "SequenceLabel",   "CuboidLabel", "CustomLabel"};

py::object to_python(std::optional<ManifestLabel> label) {
  if (!label) return py::none();
  py::object fields = ToPython::convert(*label);
  py::object value = std::visit([](auto& one) { return ToPython::convert(one); }, label->value);
  return py::make_tuple(fields, kKinds[label->value.index()], value);
}

template <std::size_t Place = 0>
void set_value(ManifestLabel& label, const std::string& kind, const py::object& value) {
  if constexpr (Place < std::variant_size_v<decltype(label.value)>) {
    if (kind == kKinds[Place]) {
      FromPython::convert(value, label.value.emplace<Place>());
    } else {
      set_value<Place + 1>(label, kind, value);
    }
  } else {
    throw InvalidType("label: a value of the kind " + kind + " given, expected one of gtlabel.formats");
  }
}

ManifestLabel label_from(const py::dict& fields, const std::string& kind, const py::dict& value) {
  ManifestLabel label;
  FromPython::convert(fields, label);
  set_value(label, kind, value);
  return label;
}

void set_class_label(Manifest& manifest, std::size_t row, const std::string& attribute, std::int64_t class_index,
                     const std::string& class_name, double confidence, const std::string& type,
                     const std::string& job_name, bool human_annotated, const std::string& creation_date) {
  ManifestLabel label{
      type, job_name, human_annotated, creation_date, "", {}, ClassLabel{{class_index, class_name, confidence}, {}}};
  change(manifest, row, [&](ManifestLine& line) { line.set_label(attribute, label); });
}

Manifest read_manifest(const py::bytes& path) {
  const std::string name = path;
  const py::gil_scoped_release release;
  return Manifest::read(name);
}

py::tuple lint(const py::bytes& content) {
  const std::string_view text(content);
  ManifestLint result;
  {
    const py::gil_scoped_release release;
    result = lint_manifest(text);
  }
  py::list rows;
  for (const ManifestFinding& finding : result.findings) {
    rows.append(py::make_tuple(finding.line, finding.column, finding.rule, finding.is_error ? "error" : "warning",
                               finding.message, finding.mend, finding.consumer, finding.consumer_error));
  }
  return py::make_tuple(result.n_lines, rows);
}

py::list rules() {
  py::list list;
  for (const LintRule& rule : lint_rules()) list.append(py::make_tuple(rule.id, rule.demand));
  return list;
}

}  // namespace

void register_formats(py::module_& m) {
  py::class_<Manifest>(m, "_Manifest", py::is_final())
      .def(py::init([](const py::bytes& content, const std::string& name) {
             std::string text = content;
             const py::gil_scoped_release release;
             return Manifest(std::move(text), name);
           }),
           "content"_a, "name"_a)
      .def_static("read", &read_manifest, "path"_a)
      .def("__len__", &Manifest::size)
      .def_property_readonly("attributes", &Manifest::attributes)
      .def(
          "line", [](const Manifest& manifest, std::size_t row) { return py::str(std::string(manifest.line(row))); },
          "row"_a)
      .def("sources", &sources)
      .def("is_text", &is_text)
      .def("label_columns", &label_columns, "attribute"_a)
      .def(
          "label",
          [](const Manifest& manifest, std::size_t row, const std::string& attribute) {
            return to_python(manifest.label(row, attribute));
          },
          "row"_a, "attribute"_a)
      .def("member_texts", &member_texts, "key"_a)
      .def(
          "set_member",
          [](Manifest& manifest, std::size_t row, const std::string& key, const std::string& json) {
            change(manifest, row, [&](ManifestLine& line) { line.set_member(key, json); });
          },
          "row"_a, "key"_a, "json"_a)
      .def(
          "remove_member",
          [](Manifest& manifest, std::size_t row, const std::string& key) {
            change(manifest, row, [&](ManifestLine& line) { line.remove_member(key); });
          },
          "row"_a, "key"_a)
      .def(
          "set_label",
          [](Manifest& manifest, std::size_t row, const std::string& attribute, const py::dict& fields,
             const std::string& kind, const py::dict& value) {
            const ManifestLabel label = label_from(fields, kind, value);
            change(manifest, row, [&](ManifestLine& line) { line.set_label(attribute, label); });
          },
          "row"_a, "attribute"_a, "fields"_a, "kind"_a, "value"_a)
      .def("set_class_label", &set_class_label, "row"_a, "attribute"_a, "class_index"_a, "class_name"_a, "confidence"_a,
           "type"_a, "job_name"_a, "human_annotated"_a, "creation_date"_a)
      .def(
          "append", [](Manifest& manifest, std::string line) { manifest.append(ManifestLine(std::move(line))); },
          "line"_a)
      .def("subset", &subset, "rows"_a)
      .def("to_bytes", [](const Manifest& manifest) { return py::bytes(manifest.text()); })
      .def(
          "write",
          [](const Manifest& manifest, const py::bytes& path) {
            const std::string name = path;
            const py::gil_scoped_release release;
            manifest.write(name);
          },
          "path"_a);
  py::class_<ManifestReader>(m, "_ManifestReader", py::is_final())
      .def(py::init([](const py::bytes& path) { return ManifestReader(std::string(path)); }), "path"_a)
      .def("next", [](ManifestReader& reader) -> py::object {
        ManifestLine line;
        if (!reader.next(line)) return py::none();
        return py::str(line.text());
      });
  py::class_<ManifestWriter>(m, "_ManifestWriter", py::is_final())
      .def(py::init([](const py::bytes& path) { return ManifestWriter(std::string(path)); }), "path"_a)
      .def(
          "write", [](ManifestWriter& writer, std::string line) { writer.write(ManifestLine(std::move(line))); },
          "line"_a)
      .def("finish", &ManifestWriter::finish);
  m.def(
      "_manifest_line_attributes", [](std::string line) { return ManifestLine(std::move(line)).attributes(); },
      "line"_a);
  m.def(
      "_manifest_line_label",
      [](std::string line, const std::string& attribute) {
        return to_python(ManifestLine(std::move(line)).label(attribute));
      },
      "line"_a, "attribute"_a);
  m.def(
      "_read_manifest_label",
      [](const std::string& label, const std::string& metadata) {
        return to_python(read_manifest_label(label, metadata));
      },
      "label"_a, "metadata"_a);
  m.def(
      "_write_manifest_label",
      [](const py::dict& fields, const std::string& kind, const py::dict& value) {
        const ManifestLabelText text = write_manifest_label(label_from(fields, kind, value));
        return py::make_tuple(text.label, text.metadata);
      },
      "fields"_a, "kind"_a, "value"_a);
  m.def("_lint_manifest", &lint, "content"_a);
  m.def("_lint_rules", &rules);
}

}  // namespace gtlabel::python
