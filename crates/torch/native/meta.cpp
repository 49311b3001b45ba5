// A device without memory, to see without a GPU what a program does on one: libtorch's meta device,
// which computes shapes and no numbers. torch-sys has no name for it, but calls tensors of an
// unknown device `mps`; so here making a tensor on `mps` makes it on `meta`. Operations whose
// shapes libtorch knows in Python alone are computed of zeros on the CPU. Only tests use this file,
// and only they are linked with it.
#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <set>
#include <string>

namespace {

thread_local std::set<std::string> mixed, copied;

at::Tensor empty(c10::SymIntArrayRef size, std::optional<at::ScalarType> kind, std::optional<at::Layout> layout,
                 std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::empty_symint(size, kind, layout, at::Device(at::kMeta), std::nullopt, format);
}

at::Tensor empty_strided(c10::SymIntArrayRef size, c10::SymIntArrayRef stride, std::optional<at::ScalarType> kind,
                         std::optional<at::Layout> layout, std::optional<at::Device>, std::optional<bool>) {
  return at::empty_strided_symint(size, stride, kind, layout, at::Device(at::kMeta), std::nullopt);
}

at::Tensor zeros(const at::Tensor& meta) {
  return meta.is_meta() ? at::empty_strided(meta.sizes(), meta.strides(), meta.options().device(at::kCPU)).zero_() : meta;
}

at::Tensor shape_only(const at::Tensor& host) {
  return host.defined() ? at::empty_strided(host.sizes(), host.strides(), host.options().device(at::kMeta)) : host;
}

c10::IValue on_host(const c10::IValue& value) {
  if (value.isTensor()) return value.toTensor().defined() ? c10::IValue(zeros(value.toTensor())) : value;
  if (value.isTensorList()) {
    c10::List<at::Tensor> tensors;
    for (const at::Tensor& tensor : value.toTensorVector()) tensors.push_back(zeros(tensor));
    return tensors;
  }
  return value;
}

// The argument that this result is, where the operation changes and returns one; or the number of
// arguments.
size_t changed_argument(const c10::FunctionSchema& schema, size_t result) {
  const auto* alias = schema.returns()[result].alias_info();
  size_t i = alias ? 0 : schema.arguments().size();
  for (; i < schema.arguments().size(); ++i)
    if (const auto* own = schema.arguments()[i].alias_info(); own && own->beforeSets() == alias->beforeSets()) break;
  return i;
}

void compute_of_zeros(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
  const auto& schema = operation.schema();
  TORCH_CHECK(!operation.hasTag(at::Tag::data_dependent_output) && !operation.hasTag(at::Tag::dynamic_output_shape),
              schema.name(), " reads numbers, for which the host would wait");
  const at::AutoDispatchBelowADInplaceOrView below;
  const size_t first = stack->size() - schema.arguments().size();
  const std::vector<c10::IValue> arguments(stack->begin() + first, stack->end());
  for (size_t i = first; i < stack->size(); ++i) (*stack)[i] = on_host((*stack)[i]);
  operation.callBoxed(stack);
  for (size_t i = 0; i < schema.returns().size(); ++i) {
    c10::IValue& result = (*stack)[first + i];
    if (!result.isTensor()) continue;
    const size_t argument = changed_argument(schema, i);
    if (argument == arguments.size()) {
      result = shape_only(result.toTensor());
    } else {
      const at::Tensor own = arguments[argument].toTensor();
      if (own.sizes() != result.toTensor().sizes()) own.resize_(result.toTensor().sizes());
      result = own;
    }
  }
}

// Whether the operation has a kernel for the CPU, but none for meta. Convolution has one that
// fails.
bool has_no_shapes(const c10::OperatorHandle& operation) {
  using c10::DispatchKey;
  const auto has = [&](DispatchKey key) { return operation.hasKernelForDispatchKey(key); };
  const auto& name = operation.operator_name().name;
  if (name == "aten::convolution" || name == "aten::convolution_backward") return operation.operator_name().overload_name.empty();
  return has(DispatchKey::CPU) && !has(DispatchKey::Meta) && !has(DispatchKey::CompositeImplicitAutograd) &&
         !has(DispatchKey::CompositeExplicitAutograd) && !has(DispatchKey::CompositeExplicitAutogradNonFunctional);
}

// Numbers without dimensions may come from the CPU: they are passed to a device's kernels by value.
void look(const at::Tensor& tensor, bool& device, bool& host) {
  if (!tensor.defined()) return;
  device |= tensor.is_meta();
  host |= tensor.is_cpu() && tensor.dim() > 0;
}

// An operation on tensors of both devices fails on CUDA, but not on meta; a copy from the host
// makes the host wait.
std::unique_ptr<at::ObserverContext> observe(const at::RecordFunction& call) {
  bool device = false, host = false;
  for (const c10::IValue& input : call.inputs()) {
    if (input.isTensor()) look(input.toTensor(), device, host);
    if (input.isTensorList()) for (const at::Tensor& tensor : input.toTensorVector()) look(tensor, device, host);
  }
  if (device && host) (std::strcmp(call.name(), "aten::copy_") ? mixed : copied).insert(call.name());
  return nullptr;
}

std::string taken(std::set<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : " ") + name;
  names.clear();
  return text;
}

}  // namespace

extern "C" {

// Lets meta stand in for mps, once and for all of this process.
void umwelt_meta_stands_in() noexcept {
  static const c10::impl::DeviceGuardImplRegistrar guard(at::kMPS, new c10::impl::NoOpDeviceGuardImpl<at::kMPS>());
  static torch::Library library(torch::Library::IMPL, "aten", c10::DispatchKey::MPS, __FILE__, __LINE__);
  library.impl("empty.memory_format", TORCH_FN(empty));
  library.impl("empty_strided", TORCH_FN(empty_strided));
  static torch::Library shapes(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__);
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames())
    if (name.getNamespace() == "aten" && has_no_shapes(*c10::Dispatcher::singleton().findOp(name)))
      shapes.impl(c10::toString(name).c_str(), torch::CppFunction::makeFromBoxedFunction<&compute_of_zeros>());
  at::addGlobalCallback(at::RecordFunctionCallback(observe).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
}

// The operations of this thread since the last call that took tensors of the CPU and of the other
// device, with spaces between them.
const char* umwelt_meta_mixed() {
  static thread_local std::string text;
  return (text = taken(mixed)).c_str();
}

// Whether this thread copied tensors from the CPU to the other device since the last call.
bool umwelt_meta_copied() { return !taken(copied).empty(); }

}  // extern "C"
