// The little of Node-API that the binding uses, with C++ exceptions turned into JavaScript ones in one place.
#pragma once
#include <c10/util/Exception.h>
#include <node_api.h>
#include <string>

namespace medssl {

// Arguments of one call from JavaScript.
class Args {
 public:
  Args(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = kMax;
    void* name = nullptr;
    check(napi_get_cb_info(env, info, &count, values_, nullptr, &name));
    name_ = static_cast<const char*>(name);
  }
  // Name of the function that was called.
  const char* name() const { return name_; }
  napi_value operator[](size_t i) const { return values_[i]; }
  double number(size_t i) const {
    double value = 0;
    check(napi_get_value_double(env_, values_[i], &value));
    return value;
  }
  uint32_t index(size_t i) const {
    uint32_t value = 0;
    check(napi_get_value_uint32(env_, values_[i], &value));
    return value;
  }
  bool boolean(size_t i) const {
    bool value = false;
    check(napi_get_value_bool(env_, values_[i], &value));
    return value;
  }
  std::string string(size_t i) const {
    size_t length = 0;
    check(napi_get_value_string_utf8(env_, values_[i], nullptr, 0, &length));
    std::string text(length, '\0');
    check(napi_get_value_string_utf8(env_, values_[i], text.data(), length + 1, &length));
    return text;
  }

 private:
  static constexpr size_t kMax = 6;
  static void check(napi_status status) { TORCH_CHECK(status == napi_ok, "wrong argument from JavaScript"); }
  napi_env env_;
  const char* name_;
  napi_value values_[kMax];
};

inline napi_value number(napi_env env, double value) {
  napi_value result;
  napi_create_double(env, value, &result);
  return result;
}

inline napi_value boolean(napi_env env, bool value) {
  napi_value result;
  napi_get_boolean(env, value, &result);
  return result;
}

inline napi_value text(napi_env env, const std::string& value) {
  napi_value result;
  napi_create_string_utf8(env, value.data(), value.size(), &result);
  return result;
}

inline napi_value undefined(napi_env env) {
  napi_value result;
  napi_get_undefined(env, &result);
  return result;
}

using Function = napi_value (*)(napi_env, const Args&);

// PyTorch's own sentence, without its C++ backtrace.
inline std::string message_of(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  std::string sentence = torch_error ? torch_error->what_without_backtrace() : error.what();
  while (!sentence.empty() && (sentence.back() == '\n' || sentence.back() == '.')) sentence.pop_back();
  return sentence;
}

// Calls `function`; what it throws becomes a JavaScript Error.
template <Function function>
napi_value guarded(napi_env env, napi_callback_info info) {
  const Args args(env, info);
  try {
    return function(env, args);
  } catch (const std::exception& error) {
    napi_throw_error(env, "ERR_TORCH", (args.name() + (": " + message_of(error))).c_str());
  }
  return nullptr;
}

template <Function function>
void define(napi_env env, napi_value exports, const char* name) {
  napi_value value;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, guarded<function>, const_cast<char*>(name), &value);
  napi_set_named_property(env, exports, name, value);
}

// Each file of the binding adds its functions to the module.
void define_operators(napi_env env, napi_value exports);
void define_autograd(napi_env env, napi_value exports);
void define_memory(napi_env env, napi_value exports);
void define_devices(napi_env env, napi_value exports);
// Null where set-up could not build that part.
__attribute__((weak)) void define_distributed(napi_env env, napi_value exports);

}  // namespace medssl
