// Parts of a network that keep only their inputs for the backward pass, which computes the rest
// again (Chen et al., arXiv 1604.06174).
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/core/ivalue.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <vector>

namespace umwelt {
using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// A function of tensors of the caller. `call` puts a new tensor into its last argument and returns
// 0, `release` frees `data`.
struct Part : torch::CustomClassHolder {
  using Call = int (*)(void* data, Tensor** inputs, int count, Tensor** out);
  using Release = void (*)(void* data);
  Part(void* data, Call call, Release release) : data(data), call(call), release(release) {}
  ~Part() override { release(data); }
  Tensor operator()(variable_list& inputs) const {
    std::vector<Tensor*> handles;
    for (Tensor& input : inputs) handles.push_back(&input);
    Tensor* out = nullptr;
    TORCH_CHECK(call(data, handles.data(), int(handles.size()), &out) == 0, "a recomputed part failed");
    Tensor result = std::move(*out);
    delete out;
    return result;
  }
  void* data;
  Call call;
  Release release;
};

struct Recompute : Function<Recompute> {
  // The first `count` tensors are arguments of the part; it holds the others itself.
  static Tensor forward(AutogradContext* ctx, at::TensorList tensors, int64_t count, const c10::intrusive_ptr<Part>& part) {
    ctx->save_for_backward(tensors.vec());
    ctx->saved_data["count"] = count;
    ctx->saved_data["part"] = c10::IValue::make_capsule(part);
    variable_list inputs(tensors.begin(), tensors.begin() + count);
    return (*part)(inputs);
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    at::AutoGradMode on(true);
    variable_list tensors = ctx->get_saved_variables(), inputs, wanted;
    const size_t count = ctx->saved_data["count"].toInt();
    for (size_t i = 0; i < tensors.size(); ++i) {
      const bool needed = ctx->needs_input_grad(i);
      if (i < count) {
        tensors[i] = tensors[i].detach();
        if (needed) tensors[i].set_requires_grad(true);
        inputs.push_back(tensors[i]);
      }
      if (needed) wanted.push_back(tensors[i]);
    }
    const auto part = c10::static_intrusive_pointer_cast<Part>(ctx->saved_data["part"].toCapsule());
    const Tensor out = (*part)(inputs);
    const variable_list found = torch::autograd::grad({out}, wanted, {grads[0]}, false, false, true);
    variable_list result(tensors.size() + 2);
    for (size_t i = 0, next = 0; i < tensors.size(); ++i)
      if (ctx->needs_input_grad(i)) result[i] = found[next++];
    return result;
  }
};

Tensor recomputed(at::TensorList tensors, int64_t count, void* data, Part::Call call, Part::Release release) {
  return Recompute::apply(tensors, count, c10::make_intrusive<Part>(data, call, release));
}
}  // namespace umwelt
