#include "gtlabel/core/error.hpp"
#include "registers.hpp"

namespace gtlabel::python {
namespace {

/// The Python classes, in the order of `raise`. They live as long as the interpreter.
struct ErrorTypes {
  py::object error, invalid_argument, invalid_type, unknown_class, not_fitted, invalid_state, model_error,
      archive_error, format_error;
};

PYBIND11_CONSTINIT py::gil_safe_call_once_and_store<ErrorTypes> error_types;

/// class `name`(*bases), with a docstring, as an attribute of the module. What Python code raises has the code given
/// here.
py::object make_type(py::module_& m, const char* name, const char* doc, ErrorCode code, const py::tuple& bases) {
  py::dict body;
  body["__doc__"] = doc;
  body["__module__"] = "gtlabel";
  body["code"] = to_string(code);
  // KeyError would show the message as a quoted string.
  body["__str__"] = py::reinterpret_borrow<py::object>(PyExc_Exception).attr("__str__");
  py::object type = py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(&PyType_Type))(name, bases, body);
  m.attr(name) = type;
  return type;
}

void raise(const py::object& type, const Error& error) {
  py::object exception = type(error.what());
  exception.attr("code") = to_string(error.code());
  PyErr_SetObject(type.ptr(), exception.ptr());
}

const py::object& type_of(const ErrorTypes& types, const Error& error) {
  if (dynamic_cast<const InvalidArgument*>(&error) != nullptr) return types.invalid_argument;
  if (dynamic_cast<const InvalidType*>(&error) != nullptr) return types.invalid_type;
  if (dynamic_cast<const UnknownClass*>(&error) != nullptr) return types.unknown_class;
  if (dynamic_cast<const NotFitted*>(&error) != nullptr) return types.not_fitted;
  if (dynamic_cast<const InvalidState*>(&error) != nullptr) return types.invalid_state;
  if (dynamic_cast<const ModelError*>(&error) != nullptr) return types.model_error;
  if (dynamic_cast<const ArchiveError*>(&error) != nullptr) return types.archive_error;
  if (dynamic_cast<const FormatError*>(&error) != nullptr) return types.format_error;
  return types.error;
}

}  // namespace

void register_errors(py::module_& m) {
  const auto builtin = [](PyObject* type) { return py::reinterpret_borrow<py::object>(type); };
  error_types.call_once_and_store_result([&] {
    ErrorTypes types;
    types.error = make_type(m, "Error", "Root of gtlabel's exceptions; `code` is stable (docs/errors.md).",
                            ErrorCode::invalid_argument, py::make_tuple(builtin(PyExc_Exception)));
    const auto derive = [&](const char* name, const char* doc, ErrorCode code, auto... bases) {
      return make_type(m, name, doc, code, py::make_tuple(types.error, builtin(bases)...));
    };
    types.invalid_argument =
        derive("InvalidArgument", "A bad value, shape or index.", ErrorCode::invalid_argument, PyExc_ValueError);
    types.invalid_type = derive("InvalidType", "A value of a wrong type.", ErrorCode::invalid_type, PyExc_TypeError);
    types.unknown_class =
        derive("UnknownClass", "A class that the job does not have.", ErrorCode::unknown_class, PyExc_KeyError);
    types.not_fitted = derive("NotFitted", "A model used before it was attached or trained.", ErrorCode::not_fitted,
                              PyExc_ValueError, PyExc_AttributeError);
    types.invalid_state = derive("InvalidState", "A call that the object's state does not allow.",
                                 ErrorCode::invalid_state, PyExc_ValueError);
    types.model_error =
        derive("ModelError", "A model broke its contract.", ErrorCode::model_contract, PyExc_ValueError);
    types.archive_error =
        derive("ArchiveError", "A snapshot that cannot be read.", ErrorCode::archive_damaged, PyExc_ValueError);
    types.format_error = derive("FormatError", "A file of another system that is not in its format.",
                                ErrorCode::format_fault, PyExc_ValueError);
    return types;
  });
  py::register_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const Error& error) {
      raise(type_of(error_types.get_stored(), error), error);
    }
  });
}

}  // namespace gtlabel::python
