// One boxed call for every ATen operator.
//
// JavaScript asks once for an operator's schema and gets an index. A call then writes its arguments into the call buffer
// as doubles, each a tag and its payload, and passes the index; the dispatcher does the rest (autograd and autocast
// included). The words of the tags are the ones of src/operator.ts.
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/List.h>
#include <cmath>
#include <sstream>
#include "handles.h"
#include "node.h"

namespace medssl {
namespace {

enum Tag { kDefault = 0, kNone, kTensor, kInt, kDouble, kBool, kNumbers, kTensors, kString, kDevice };

struct Operator {
  c10::OperatorHandle handle;
  // Index of the argument that the operator changes and returns (add_, out=), or -1.
  int returned_argument;
  // Of the arguments, the lists of tensors that it changes.
  std::vector<size_t> changed_lists;
};

std::vector<Operator>& operators() {
  static auto* list = new std::vector<Operator>();
  return *list;
}

std::vector<std::string>& strings() {
  static auto* list = new std::vector<std::string>();
  return *list;
}

std::string quoted(const std::string& text) {
  std::ostringstream out;
  out << '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out << '\\';
    out << c;
  }
  out << '"';
  return out.str();
}

int returned_argument(const c10::FunctionSchema& schema) {
  if (schema.returns().size() != 1 || !schema.returns()[0].alias_info()) return -1;
  const auto* info = schema.returns()[0].alias_info();
  if (!info->isWrite()) return -1;
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    const auto* argument = schema.arguments()[i].alias_info();
    if (argument && argument->isWrite() && argument->beforeSets() == info->beforeSets()) return static_cast<int>(i);
  }
  return -1;
}

std::vector<size_t> changed_lists(const c10::FunctionSchema& schema) {
  std::vector<size_t> lists;
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    const auto* info = schema.arguments()[i].alias_info();
    if (info && info->isWrite() && schema.arguments()[i].type()->isSubtypeOf(*c10::ListType::ofTensors())) lists.push_back(i);
  }
  return lists;
}

// libtorch's fused optimizers do not say that they change tensors, which PackedWeights (linear.cc) and autograd rely on.
void bump_versions(const Operator& op, const torch::jit::Stack& stack) {
  for (const auto i : op.changed_lists) {
    for (const auto& element : stack[i].toListRef()) {
      const auto& tensor = element.toTensor();
      if (!tensor.is_inference()) tensor.unsafeGetTensorImpl()->bump_version();
    }
  }
}

// findOperator(name, overload) -> JSON: {index, returned, arguments: [{name, type}]}, or "" if unknown.
napi_value find_operator(napi_env env, const Args& args) {
  const auto handle = c10::Dispatcher::singleton().findSchema({args.string(0), args.string(1)});
  if (!handle) return text(env, "");
  const auto& schema = handle->schema();
  operators().push_back({*handle, returned_argument(schema), changed_lists(schema)});
  std::ostringstream json;
  json << "{\"index\":" << operators().size() - 1 << ",\"returned\":" << operators().back().returned_argument
       << ",\"arguments\":[";
  const char* comma = "";
  for (const auto& argument : schema.arguments()) {
    json << comma << "{\"name\":" << quoted(argument.name()) << ",\"type\":" << quoted(argument.real_type()->str()) << "}";
    comma = ",";
  }
  json << "]}";
  return text(env, json.str());
}

// stringId(text) -> the number that stands for it in a call.
napi_value string_id(napi_env env, const Args& args) {
  strings().push_back(args.string(0));
  return number(env, static_cast<double>(strings().size() - 1));
}

const c10::TypePtr& without_optional(const c10::TypePtr& type) {
  return type->kind() == c10::TypeKind::OptionalType ? type->castRaw<c10::OptionalType>()->getElementType() : type;
}

at::Tensor wrapped_number(const c10::Scalar& scalar) {
  auto tensor = at::scalar_to_tensor(scalar);
  tensor.unsafeGetTensorImpl()->set_wrapped_number(true);
  return tensor;
}

class Decoder {
 public:
  explicit Decoder(const c10::FunctionSchema& schema) : schema_(schema), next_(call_buffer()) {}

  void push_all(torch::jit::Stack& stack) {
    for (const auto& argument : schema_.arguments()) stack.push_back(value(argument));
  }

 private:
  c10::IValue value(const c10::Argument& argument) {
    const auto& type = without_optional(argument.type());
    const auto tag = static_cast<Tag>(static_cast<int>(*next_++));
    switch (tag) {
      case kDefault:
        TORCH_CHECK(argument.default_value(), "missing argument '", argument.name(), "' (", argument.type()->str(), ")");
        return *argument.default_value();
      case kNone:
        expect(argument.type()->kind() == c10::TypeKind::OptionalType, argument, "none");
        return c10::IValue();
      case kTensor: {
        const auto& tensor = handles().tensor(static_cast<Handle>(*next_++));
        if (element_kind(type) == c10::TypeKind::TensorType) return c10::List<at::Tensor>({tensor});
        expect(type->kind() == c10::TypeKind::TensorType, argument, "a tensor");
        return tensor;
      }
      case kInt:
        return integer(static_cast<int64_t>(*next_++), type, argument);
      case kDouble:
        return real(*next_++, type, argument);
      case kBool: {
        const bool flag = *next_++ != 0;
        if (type->kind() == c10::TypeKind::NumberType) return c10::IValue(c10::Scalar(flag));
        expect(type->kind() == c10::TypeKind::BoolType, argument, "a boolean");
        return flag;
      }
      case kNumbers:
      case kTensors:
        return list(tag, type, argument);
      case kString:
        expect(type->kind() == c10::TypeKind::StringType, argument, "a string");
        return strings()[static_cast<size_t>(*next_++)];
      case kDevice: {
        const auto kind = static_cast<c10::DeviceType>(static_cast<int>(*next_++));
        return c10::Device(kind, static_cast<c10::DeviceIndex>(*next_++));
      }
    }
    TORCH_CHECK(false, "unknown tag ", static_cast<int>(tag), " for argument '", argument.name(), "'");
  }

  static void expect(bool matches, const c10::Argument& argument, const char* got) {
    TORCH_CHECK(matches, "argument '", argument.name(), "': expected ", argument.type()->str(), ", got ", got);
  }

  // What a list type holds; AnyType for what is no list.
  static c10::TypeKind element_kind(const c10::TypePtr& type) {
    if (type->kind() != c10::TypeKind::ListType) return c10::TypeKind::AnyType;
    return type->castRaw<c10::ListType>()->getElementType()->kind();
  }

  static c10::IValue integer(int64_t value, const c10::TypePtr& type, const c10::Argument& argument) {
    switch (type->kind()) {
      case c10::TypeKind::IntType:
      case c10::TypeKind::NumberType:
        return value;
      case c10::TypeKind::FloatType:
        return static_cast<double>(value);
      case c10::TypeKind::TensorType:
        return wrapped_number(value);
      default: {  // int[2] may be given as one number
        expect(element_kind(type) == c10::TypeKind::IntType, argument, "a number");
        std::vector<int64_t> values(std::max<int32_t>(argument.N().value_or(1), 1), value);
        return c10::IValue(values);
      }
    }
  }

  static c10::IValue real(double value, const c10::TypePtr& type, const c10::Argument& argument) {
    if (type->kind() == c10::TypeKind::TensorType) return wrapped_number(value);
    expect(type->kind() == c10::TypeKind::FloatType || type->kind() == c10::TypeKind::NumberType, argument,
           "a number that is no integer");
    return value;
  }

  c10::IValue list(Tag tag, const c10::TypePtr& type, const c10::Argument& argument) {
    const auto count = static_cast<size_t>(*next_++);
    const double* words = next_;
    next_ += count;
    const auto element = element_kind(type);
    const bool wants_tensors = element == c10::TypeKind::TensorType || element == c10::TypeKind::OptionalType;
    expect(count == 0 || (tag == kTensors) == wants_tensors, argument,
           tag == kTensors ? "a list of tensors" : "a list of numbers");
    switch (element) {
      case c10::TypeKind::TensorType: {
        std::vector<at::Tensor> values(count);
        for (size_t i = 0; i < count; ++i) values[i] = handles().tensor(static_cast<Handle>(words[i]));
        return c10::IValue(std::move(values));
      }
      case c10::TypeKind::OptionalType: {  // Tensor?[]
        c10::List<std::optional<at::Tensor>> values;
        for (size_t i = 0; i < count; ++i) {
          const auto handle = static_cast<Handle>(words[i]);
          values.push_back(handle ? std::make_optional(handles().tensor(handle)) : std::nullopt);
        }
        return c10::IValue(std::move(values));
      }
      case c10::TypeKind::FloatType:
        return c10::IValue(std::vector<double>(words, words + count));
      case c10::TypeKind::BoolType: {
        c10::List<bool> values;
        for (size_t i = 0; i < count; ++i) values.push_back(words[i] != 0);
        return c10::IValue(std::move(values));
      }
      case c10::TypeKind::NumberType: {
        c10::List<c10::Scalar> values;
        for (size_t i = 0; i < count; ++i) values.push_back(words[i]);
        return c10::IValue(std::move(values));
      }
      default: {
        expect(element == c10::TypeKind::IntType, argument, "a list");
        std::vector<int64_t> values(count);
        for (size_t i = 0; i < count; ++i) {
          expect(std::abs(words[i]) <= kLargestInteger && words[i] == std::trunc(words[i]), argument,
                 "a list with a number that is no integer");
          values[i] = static_cast<int64_t>(words[i]);
        }
        return c10::IValue(std::move(values));
      }
    }
  }

  static constexpr double kLargestInteger = 9007199254740991;  // a double holds every integer up to it
  const c10::FunctionSchema& schema_;
  const double* next_;
};

std::string described(const c10::IValue& value) {
  std::ostringstream out;
  if (value.isTensor()) {
    const auto& tensor = value.toTensor();
    if (!tensor.defined()) return "none";
    out << c10::toString(tensor.scalar_type()) << tensor.sizes();
    if (!tensor.is_cpu()) out << "@" << tensor.device();
  } else if (value.isTensorList()) {
    out << value.toTensorList().size() << " tensors";
  } else if (value.isNone()) {
    out << "none";
  } else {
    out << value;
  }
  return out.str();
}

// "aten::mm: mat1 and mat2 shapes cannot be multiplied ... (self: Float[2, 3], mat2: Float[2, 3])"
std::string failure(const Operator& op, const std::exception& error, const torch::jit::Stack& inputs) {
  std::ostringstream out;
  const auto& schema = op.handle.schema();
  out << schema.operator_name() << ": " << message_of(error);
  for (size_t i = 0; i < inputs.size(); ++i) {
    out << (i ? ", " : " (") << schema.arguments()[i].name() << ": " << described(inputs[i]);
  }
  if (!inputs.empty()) out << ")";
  return out.str();
}

void write_value(const c10::IValue& value, std::vector<double>& out) {
  if (value.isTensor()) {
    const auto& tensor = value.toTensor();
    out.push_back(tensor.defined() ? kTensor : kNone);
    if (tensor.defined()) out.push_back(handles().add(value));
  } else if (value.isInt()) {
    out.insert(out.end(), {kInt, static_cast<double>(value.toInt())});
  } else if (value.isSymInt()) {
    out.insert(out.end(), {kInt, static_cast<double>(value.toSymInt().guard_int(__FILE__, __LINE__))});
  } else if (value.isDouble()) {
    out.insert(out.end(), {kDouble, value.toDouble()});
  } else if (value.isBool()) {
    out.insert(out.end(), {kBool, value.toBool() ? 1.0 : 0.0});
  } else if (value.isList()) {
    const auto elements = value.toListRef();
    out.insert(out.end(), {kTensors, static_cast<double>(elements.size())});
    for (const auto& element : elements) write_value(element, out);
  } else {
    TORCH_CHECK(value.isNone(), "a result of type ", value.tagKind(), " cannot be passed to JavaScript");
    out.push_back(kNone);
  }
}

// Results of the last call that takeResults has not fetched: [count, values...].
std::vector<double>& results() {
  static auto* words = new std::vector<double>();
  return *words;
}

// invoke(index) -> a handle > 0 for one tensor; 0 when the changed argument is the result; else -n, with n words waiting
// for takeResults.
napi_value invoke(napi_env env, const Args& args) {
  const auto& op = operators()[args.index(0)];
  torch::jit::Stack stack;
  stack.reserve(op.handle.schema().arguments().size());
  try {
    Decoder(op.handle.schema()).push_all(stack);
    bump_versions(op, stack);
    op.handle.callBoxed(stack);
  } catch (const std::exception& error) {
    // The stack is consumed by a call that failed; the arguments are still in the buffer.
    torch::jit::Stack inputs;
    try {
      Decoder(op.handle.schema()).push_all(inputs);
    } catch (const std::exception&) {  // the arguments themselves were wrong: show those before the wrong one
    }
    napi_throw_error(env, "ERR_TORCH", failure(op, error, inputs).c_str());
    return nullptr;
  }
  if (op.returned_argument >= 0) return number(env, 0);
  if (stack.size() == 1 && stack[0].isTensor() && stack[0].toTensor().defined()) {
    return number(env, handles().add(std::move(stack[0])));
  }
  results() = {static_cast<double>(stack.size())};
  for (const auto& value : stack) write_value(value, results());
  return number(env, -static_cast<double>(results().size()));
}

// takeResults(): into the call buffer, which JavaScript made large enough.
napi_value take_results(napi_env env, const Args&) {
  std::copy(results().begin(), results().end(), call_buffer());
  return undefined(env);
}

// setCallBuffer(Float64Array): kept alive by JavaScript.
napi_value set_call_buffer(napi_env env, const Args& args) {
  void* data = nullptr;
  TORCH_CHECK(napi_get_typedarray_info(env, args[0], nullptr, nullptr, &data, nullptr, nullptr) == napi_ok);
  call_buffer() = static_cast<double*>(data);
  return undefined(env);
}

}  // namespace

void define_operators(napi_env env, napi_value exports) {
  define<find_operator>(env, exports, "findOperator");
  define<string_id>(env, exports, "stringId");
  define<invoke>(env, exports, "invoke");
  define<take_results>(env, exports, "takeResults");
  define<set_call_buffer>(env, exports, "setCallBuffer");
}

}  // namespace medssl
