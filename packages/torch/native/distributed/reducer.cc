// Gradients averaged over the ranks in buckets, while backward still computes the earlier layers': c10d's Reducer, the
// engine of PyTorch's DistributedDataParallel.
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/distributed/c10d/reducer.hpp>
#include "../handles.h"
#include "group.h"

namespace medssl {
namespace {

// A first small bucket, so that the network begins early; the sizes that PyTorch takes.
constexpr int64_t kFirstBucketBytes = c10d::kDefaultFirstBucketBytes;
constexpr int64_t kBucketBytes = c10d::kDefaultBucketBytesCap;
constexpr size_t kBroadcastBytes = 250 << 20;

// Says nothing when every parameter is used: that some may not be is no fault of the caller's.
class WithoutUnusedWarning : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override {
    if (warning.msg().find("find_unused_parameters") == std::string::npos) c10::WarningHandler::process(warning);
  }
};

// Never destroyed at exit, as the group.
auto& reducers = *new std::vector<std::unique_ptr<c10d::Reducer>>();

// createReducer(count): parameters in the call buffer -> index. Every rank's parameters become rank 0's.
napi_value create_reducer(napi_env env, const Args& args) {
  std::vector<at::Tensor> parameters;
  for (uint32_t i = 0; i < args.index(0); ++i) {
    parameters.push_back(handles().tensor(static_cast<Handle>(call_buffer()[i])));
  }
  communicate([&] {
    const auto& ranks = group().collectives;
    c10d::verify_params_across_processes(ranks, parameters, {});
    std::vector<at::Tensor> values;
    for (const auto& parameter : parameters) values.push_back(parameter.detach());
    c10d::broadcast_coalesced(ranks, values, kBroadcastBytes);
    const std::vector<bool> expect_sparse(parameters.size(), false);
    auto [buckets, limits] =
        c10d::compute_bucket_assignment_by_size(parameters, {kFirstBucketBytes, kBucketBytes}, expect_sparse);
    std::reverse(buckets.begin(), buckets.end());  // gradients come in the reverse of the parameters' order
    reducers.push_back(std::make_unique<c10d::Reducer>(
        parameters, buckets, ranks, expect_sparse, kBucketBytes, /*find_unused_parameters=*/true,
        /*gradient_as_bucket_view=*/true, std::unordered_map<size_t, std::string>(), kFirstBucketBytes,
        /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false, std::vector<int64_t>()));
  });
  return number(env, static_cast<double>(reducers.size() - 1));
}

// reducedBackward(reducer, loss, isReduced): backward from a scalar; gradients are averaged over the ranks where
// `isReduced`, else only added to this rank's own.
napi_value reduced_backward(napi_env env, const Args& args) {
  auto& reducer = *reducers.at(args.index(0));
  const auto& loss = handles().tensor(args.index(1));
  WithoutUnusedWarning handler;
  const c10::WarningUtils::WarningHandlerGuard quiet(&handler);
  communicate([&] {
    if (args.boolean(2)) {
      reducer.prepare_for_forward();
      reducer.rebuild_buckets();
      reducer.prepare_for_backward({loss});
    }
    torch::autograd::backward({loss});
  });
  return undefined(env);
}

// disposeReducer(reducer): takes its hooks off the parameters.
napi_value dispose_reducer(napi_env env, const Args& args) {
  reducers.at(args.index(0)).reset();
  return undefined(env);
}

}  // namespace

void define_reducer(napi_env env, napi_value exports) {
  define<communicating<create_reducer>>(env, exports, "createReducer");
  define<communicating<reduced_backward>>(env, exports, "reducedBackward");
  define<dispose_reducer>(env, exports, "disposeReducer");
}

}  // namespace medssl
