// What tch leaves out of libtorch: fused optimiser steps, gradients by reference, CPU autocast, the
// deterministic switch, the version that is really running; and the doors to the kernels beside
// this file. Every function returns 0, or -1 with umwelt_last_error() set. Besides, how OpenMP's
// threads wait.
#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/autocast_mode.h>
#include <torch/version.h>

#ifdef __linux__
#include <alloca.h>
#include <malloc.h>
#include <sys/auxv.h>
#include <unistd.h>
#endif

#include <climits>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

namespace umwelt {
std::vector<at::Tensor> relu_batch_norm(at::Tensor x, at::Tensor weight, at::Tensor bias, int64_t groups, double epsilon,
                                        bool relu_last);
at::Tensor bf16_conv(at::Tensor x, at::Tensor weight, at::Tensor bias, int64_t stride, int64_t padding);
at::Tensor small_attention(at::Tensor query, at::Tensor key, at::Tensor value, int64_t heads, double scale);
at::Tensor patch_conv_transpose(at::Tensor x, at::Tensor weight, at::Tensor bias, int64_t stride, int64_t padding);
at::Tensor sigmoid_squared_error(at::Tensor x, at::Tensor target);
at::Tensor relu_mlp(const at::Tensor& x, at::TensorList parameters, at::IntArrayRef sources);
std::vector<at::Tensor> part_losses(const at::Tensor& outputs, const at::Tensor& targets, const at::Tensor& weights,
                                    at::IntArrayRef parts);
at::Tensor recomputed(at::TensorList tensors, int64_t count, void* data, int (*call)(void*, at::Tensor**, int, at::Tensor**),
                      void (*release)(void*));
at::Tensor row_products(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);
}  // namespace umwelt

namespace {

thread_local std::string last_error;

template <typename Action>
int guarded(Action action) {
  try {
    action();
    return 0;
  } catch (const std::exception& error) {
    last_error = error.what();
    return -1;
  }
}

// Parameters that a loss reached, with their gradients and the optimiser's state for them. A
// parameter without a gradient (a head whose coefficient is 0) is left as it is.
struct Reached {
  std::vector<at::Tensor> parameters, gradients, first, second, steps;
};

Reached reached(at::Tensor** parameters, at::Tensor** first, at::Tensor** second, at::Tensor** steps, int count) {
  Reached found;
  for (int i = 0; i < count; ++i) {
    const at::Tensor& gradient = parameters[i]->grad();
    if (!gradient.defined()) continue;
    found.parameters.push_back(*parameters[i]);
    found.gradients.push_back(gradient);
    if (first) found.first.push_back(*first[i]);
    if (second) found.second.push_back(*second[i]);
    if (steps) found.steps.push_back(*steps[i]);
  }
  return found;
}

// LARS' adaptation, eta |p| / |g| (1 where a norm is 0), per tensor and without asking the device
// for a value.
std::vector<at::Tensor> adaptation(const std::vector<at::Tensor>& parameters, const std::vector<at::Tensor>& gradients,
                                   double eta) {
  auto weights = at::stack(at::_foreach_norm(parameters));
  auto slopes = at::stack(at::_foreach_norm(gradients));
  auto ratio = at::where((weights > 0).logical_and(slopes > 0), eta * weights / slopes, at::ones_like(weights));
  return ratio.unbind(0);
}

#if defined(__linux__) && defined(__GLIBC__)
// A thread of libgomp that has nothing to do spins 300,000 times before it sleeps, and so takes the
// processor from the very thread that it waits for where other processes work too. This many spins
// outlast the usual pause within a training step.
char spin_count[] = "GOMP_SPINCOUNT=1000";

bool is_set(char** environment, const char* name) {
  for (const size_t length = std::strlen(name); *environment; ++environment)
    if (!std::strncmp(*environment, name, length) && (*environment)[length] == '=') return true;
  return false;
}

// Starts the program anew with that setting in its environment, unless the user has one. libgomp
// reads it when it is loaded, and the C library keeps no change of the environment that is made
// before: of all code only the loader has run by now, which takes some milliseconds. Process,
// arguments, files and ignored signals stay. Where it cannot be done, libgomp spins.
void bound_spinning(int, char** arguments, char** environment) {
  if (is_set(environment, "GOMP_SPINCOUNT") || is_set(environment, "OMP_WAIT_POLICY") || getauxval(AT_SECURE)) return;
  size_t count = 0;
  while (environment[count]) ++count;
  auto extended = static_cast<char**>(alloca((count + 2) * sizeof(char*)));
  std::memcpy(extended, environment, count * sizeof(char*));
  extended[count] = spin_count;
  extended[count + 1] = nullptr;
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length > 0) {
    path[length] = 0;
    execve(path, arguments, extended);
  }
  execve("/proc/self/exe", arguments, extended);  // replaced or removed meanwhile
}

// The loader calls these before it initialises the first library.
__attribute__((section(".preinit_array"), used)) void (*before_all_libraries)(int, char**, char**) = bound_spinning;
#endif

}  // namespace

extern "C" {

const char* umwelt_last_error() { return last_error.c_str(); }

const char* umwelt_compiled_version() { return TORCH_VERSION; }

// libtorch's own description of its build, which names the version that is loaded.
const char* umwelt_running_configuration() {
  static const std::string text = at::show_config();
  return text.c_str();
}

int umwelt_clear_gradients(at::Tensor** parameters, int count) {
  return guarded([&] {
    for (int i = 0; i < count; ++i) parameters[i]->mutable_grad().reset();
  });
}

// Scales all gradients so that their common norm is at most `limit`.
int umwelt_clip_gradients(at::Tensor** parameters, int count, double limit) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto gradients = reached(parameters, nullptr, nullptr, nullptr, count).gradients;
    if (gradients.empty()) return;
    auto norm = at::stack(at::_foreach_norm(gradients)).norm();
    at::_foreach_mul_(gradients, at::clamp_max(limit / (norm + 1e-6), 1.0));
  });
}

// One LARS step over `count` parameters, all adapted (matrices) or none (vectors).
int umwelt_lars_step(at::Tensor** parameters, at::Tensor** momenta, int count, bool adapted, double lr,
                     double momentum, double weight_decay, double eta) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto found = reached(parameters, momenta, nullptr, nullptr, count);
    if (found.parameters.empty()) return;
    auto directions = found.gradients;
    if (adapted) {
      directions = at::_foreach_add(directions, found.parameters, weight_decay);
      at::_foreach_mul_(directions, adaptation(found.parameters, directions, eta));
    }
    at::_foreach_mul_(found.first, momentum);
    at::_foreach_add_(found.first, directions);
    at::_foreach_add_(found.parameters, found.first, -lr);
  });
}

int umwelt_adam_step(at::Tensor** parameters, at::Tensor** first, at::Tensor** second, at::Tensor** steps, int count,
                     double lr, double beta1, double beta2, double epsilon, double weight_decay, bool decoupled) {
  return guarded([&] {
    at::NoGradGuard no_grad;
    auto found = reached(parameters, first, second, steps, count);
    if (found.parameters.empty()) return;
    at::_foreach_add_(found.steps, 1.0);
    const auto step = decoupled ? &at::_ops::_fused_adamw_::call : &at::_ops::_fused_adam_::call;
    step(found.parameters, found.gradients, found.first, found.second, {}, found.steps, lr, beta1, beta2, weight_decay,
         epsilon, false, false, std::nullopt, std::nullopt);
  });
}

// Enters (on) or leaves autocast to bfloat16 on the CPU or CUDA; leaving forgets the cached
// low-precision weights.
int umwelt_autocast(bool cuda, bool on) {
  return guarded([&] {
    const auto device = cuda ? at::kCUDA : at::kCPU;
    if (on) {
      at::autocast::increment_nesting();
      at::autocast::set_autocast_dtype(device, at::kBFloat16);
    } else if (at::autocast::decrement_nesting() == 0) {
      at::autocast::clear_cache();
    }
    at::autocast::set_autocast_enabled(device, on);
  });
}

bool umwelt_autocast_on_cpu() { return at::autocast::is_autocast_enabled(at::kCPU); }

// Puts relu(x), each of `groups` normalised over its batch, into out[0], and the means and biased
// variances of relu(x) into out[1] and out[2]. With `relu_last`, the ReLU follows the
// normalisation.
int umwelt_relu_batch_norm(at::Tensor* x, at::Tensor* weight, at::Tensor* bias, int64_t groups, double epsilon,
                           bool relu_last, at::Tensor** out) {
  return guarded([&] {
    auto results = umwelt::relu_batch_norm(*x, *weight, *bias, groups, epsilon, relu_last);
    for (int i = 0; i < 3; ++i) out[i] = new at::Tensor(results[i]);
  });
}

int umwelt_bf16_conv(at::Tensor* x, at::Tensor* weight, at::Tensor* bias, int64_t stride, int64_t padding,
                       at::Tensor** out) {
  return guarded([&] { *out = new at::Tensor(umwelt::bf16_conv(*x, *weight, *bias, stride, padding)); });
}

// `bias` may be null.
int umwelt_patch_conv_transpose(at::Tensor* x, at::Tensor* weight, at::Tensor* bias, int64_t stride, int64_t padding,
                                at::Tensor** out) {
  return guarded([&] {
    const at::Tensor start = bias ? *bias : at::empty({0}, x->options());
    *out = new at::Tensor(umwelt::patch_conv_transpose(*x, *weight, start, stride, padding));
  });
}

int umwelt_sigmoid_squared_error(at::Tensor* x, at::Tensor* target, at::Tensor** out) {
  return guarded([&] { *out = new at::Tensor(umwelt::sigmoid_squared_error(*x, *target)); });
}

int umwelt_small_attention(at::Tensor* query, at::Tensor* key, at::Tensor* value, int64_t heads, double scale, at::Tensor** out) {
  return guarded([&] { *out = new at::Tensor(umwelt::small_attention(*query, *key, *value, heads, scale)); });
}

int umwelt_relu_mlp(at::Tensor* x, at::Tensor** parameters, const int64_t* sources, int layers, at::Tensor** out) {
  return guarded([&] {
    std::vector<at::Tensor> all;
    for (int p = 0; p < 2 * layers; ++p) all.push_back(*parameters[p]);
    *out = new at::Tensor(umwelt::relu_mlp(*x, all, {sources, size_t(layers)}));
  });
}

// Puts the adapted outputs into out[0], and the terms into out[1]; parts holds `numbers` numbers.
int umwelt_part_losses(at::Tensor* outputs, at::Tensor* targets, at::Tensor* weights, const int64_t* parts, int numbers,
                       at::Tensor** out) {
  return guarded([&] {
    auto results = umwelt::part_losses(*outputs, *targets, *weights, {parts, size_t(numbers)});
    for (int i = 0; i < 2; ++i) out[i] = new at::Tensor(results[i]);
  });
}

// The function call(data, ..) of the first `inputs` tensors; the backward pass calls it again. It
// holds the other tensors itself. `data` is released with the graph.
int umwelt_recomputed(at::Tensor** tensors, int count, int inputs, void* data, int (*call)(void*, at::Tensor**, int, at::Tensor**),
                      void (*release)(void*), at::Tensor** out) {
  return guarded([&] {
    std::vector<at::Tensor> all;
    for (int i = 0; i < count; ++i) all.push_back(*tensors[i]);
    *out = new at::Tensor(umwelt::recomputed(all, inputs, data, call, release));
  });
}

// `bias` may be null.
int umwelt_row_products(at::Tensor* x, at::Tensor* weight, at::Tensor* bias, at::Tensor** out) {
  return guarded([&] {
    *out = new at::Tensor(umwelt::row_products(*x, *weight, bias ? *bias : at::Tensor()));
  });
}

// Calls work(data, i) for every i below count, each on a thread of libtorch's own, where libtorch
// shares out nothing further.
int umwelt_parallel_for(int64_t count, void (*work)(void*, int64_t), void* data) {
  return guarded([&] {
    at::parallel_for(0, count, 1, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) work(data, i);
    });
  });
}

// Standard normal draws from a generator of their own, which starts at `seed`. On the meta device
// nothing is drawn.
int umwelt_normals(at::Tensor* like, const int64_t* shape, int dimensions, uint64_t seed, at::Tensor** out) {
  return guarded([&] {
    std::optional<at::Generator> generator;
    if (!like->is_meta()) {
      generator = at::globalContext().defaultGenerator(like->device()).clone();
      generator->set_current_seed(seed);
    }
    *out = new at::Tensor(at::randn({shape, size_t(dimensions)}, generator, like->options()));
  });
}

// Lets freed memory stay with the process: a step's buffers are then reused instead of faulted in
// anew each time.
void umwelt_keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

int umwelt_deterministic(bool on) {
  return guarded([&] {
    at::globalContext().setDeterministicAlgorithms(on, /*warn_only=*/true);
    at::globalContext().setDeterministicCuDNN(on);
    // Nothing here reads memory that was not written; filling all of it took an eighth of a
    // training step.
    at::globalContext().setDeterministicFillUninitializedMemory(false);
  });
}

}  // extern "C"
