// libtorch for Node: the module's entry. What each part does stands at the head of its file.
#include "node.h"

static napi_value init(napi_env env, napi_value exports) {
  medssl::define_operators(env, exports);
  medssl::define_autograd(env, exports);
  medssl::define_memory(env, exports);
  medssl::define_devices(env, exports);
  return exports;
}

NAPI_MODULE(NODE_GYP_MODULE_NAME, init)
