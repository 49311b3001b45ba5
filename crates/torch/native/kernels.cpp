// Kernels for the training step that libtorch has only in slower pieces: ReLU + BatchNorm in two
// passes over memory, the weight gradient of bfloat16 convolutions on AMX, and attention of a few
// tokens. Plain loops that the compiler vectorises; `HOT` makes a version per instruction set and
// picks one at load time.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/cpu/Utils.h>
#include <ATen/native/CPUBlas.h>
#include <torch/csrc/autograd/custom_function.h>
#include <cmath>
#include <cstring>

#include "vectors.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif
namespace umwelt {
using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;
using bf16 = uint16_t;  // the bits of a c10::BFloat16: shifts vectorise, its class does not always

INLINE float load(const float* p) { return *p; }
INLINE float load(const bf16* p) { return widened_one(*p); }
// One number, and kLanes of them side by side. (A template argument loses the alignment of `lanes`.)
struct One {
  using V = float;
  template <class T> INLINE V load(const T* p) { return umwelt::load(p); }
  INLINE void store(float* p, V v) { *p = v; }
};
struct Lanes {
  using V = lanes;
  INLINE V load(const float* p) { return *reinterpret_cast<const V*>(p); }
  INLINE V load(const bf16* p) { return widened(p); }
  INLINE void store(float* p, const V& v) { *reinterpret_cast<V*>(p) = v; }
};
INLINE void store(float* p, float v) { *p = v; }
INLINE void store(bf16* p, float v) {
  uint32_t u; std::memcpy(&u, &v, 4);
  const uint32_t nearest = (u + 0x7fff + ((u >> 16) & 1)) >> 16;  // ties to even
  *p = (u & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : nearest;          // rounding could make 0 or infinity of a NaN
}
INLINE float relu(float v) { return v <= 0 ? 0.f : v; }  // NaN stays NaN
INLINE lanes relu(const lanes& v) { return v <= 0 ? lanes{} : v; }

// ---- BatchNorm in training mode after or before ReLU, for each group of maps; channels vary fastest ----

// The ReLU before the normalisation `a x + b`: its input, and whether gradients pass.
struct ReluFirst {
  INLINE float in(float x) { return relu(x); }
  INLINE lanes in(const lanes& x) { return relu(x); }
  INLINE float out(float y) { return y; }
  INLINE float gradient(float g, float) { return g; }
  INLINE lanes gradient(const lanes& g, const lanes&) { return g; }
  INLINE float gradient_in(float g, float x) { return x <= 0 ? 0.f : g; }
};
// The ReLU after it.
struct ReluLast {
  INLINE float in(float x) { return x; }
  INLINE lanes in(const lanes& x) { return x; }
  INLINE float out(float y) { return relu(y); }
  INLINE float gradient(float g, float y) { return y <= 0 ? 0.f : g; }
  INLINE lanes gradient(const lanes& g, const lanes& y) { return y <= 0 ? lanes{} : g; }
  INLINE float gradient_in(float g, float) { return g; }
};

#define RELU_BN_LOOPS(T, R)                                                                                            \
  template <class W> INLINE void add_relu(R, const T* x, int64_t n, int64_t c, float* s, float* q) {                   \
    typename W::V sum = W::load(s), squares = W::load(q);                                                              \
    for (int64_t i = 0; i < n; ++i, x += c) {                                                                          \
      const typename W::V v = R::in(W::load(x));                                                                       \
      sum += v; squares += v * v;                                                                                      \
    }                                                                                                                  \
    W::store(s, sum); W::store(q, squares);                                                                            \
  }                                                                                                                    \
  HOT static void relu_sums(R r, const T* x, int64_t n, int64_t c, float* s, float* q) {                               \
    int64_t j = 0;                                                                                                     \
    for (; j + kLanes <= c; j += kLanes) add_relu<Lanes>(r, x + j, n, c, s + j, q + j);                                \
    for (; j < c; ++j) add_relu<One>(r, x + j, n, c, s + j, q + j);                                                    \
  }                                                                                                                    \
  HOT static void relu_scale(R, const T* x, T* y, int64_t n, int64_t c, const float* a, const float* b) {              \
    for (int64_t i = 0; i < n; ++i, x += c, y += c)                                                                    \
      for (int64_t j = 0; j < c; ++j) store(y + j, R::out(R::in(load(x + j)) * a[j] + b[j]));                          \
  }                                                                                                                    \
  template <class W> INLINE void add_gradient(R, const T* x, const T* g, int64_t n, int64_t c, const float* scale,     \
                                              const float* shift, const float* m, float* s, float* q) {                \
    const typename W::V a = W::load(scale), b = W::load(shift), mean = W::load(m);                                     \
    typename W::V sum = W::load(s), products = W::load(q);                                                             \
    for (int64_t i = 0; i < n; ++i, x += c, g += c) {                                                                  \
      const typename W::V v = R::in(W::load(x)), d = R::gradient(W::load(g), v * a + b);                               \
      sum += d; products += d * (v - mean);                                                                            \
    }                                                                                                                  \
    W::store(s, sum); W::store(q, products);                                                                           \
  }                                                                                                                    \
  HOT static void grad_sums(R r, const T* x, const T* g, int64_t n, int64_t c, const float* scale, const float* shift, \
                            const float* m, float* s, float* q) {                                                      \
    int64_t j = 0;                                                                                                     \
    for (; j + kLanes <= c; j += kLanes)                                                                               \
      add_gradient<Lanes>(r, x + j, g + j, n, c, scale + j, shift + j, m + j, s + j, q + j);                           \
    for (; j < c; ++j) add_gradient<One>(r, x + j, g + j, n, c, scale + j, shift + j, m + j, s + j, q + j);            \
  }                                                                                                                    \
  HOT static void grad_input(R, const T* x, const T* g, T* o, int64_t n, int64_t c, const float* scale,                \
                             const float* shift, const float* k, const float* a, const float* b) {                     \
    for (int64_t i = 0; i < n; ++i, x += c, g += c, o += c)                                                            \
      for (int64_t j = 0; j < c; ++j) {                                                                                \
        const float x_j = load(x + j), v = R::in(x_j), d = R::gradient(load(g + j), v * scale[j] + shift[j]);          \
        store(o + j, R::gradient_in(k[j] * d + a[j] * v + b[j], x_j));                                                 \
      }                                                                                                                \
  }
RELU_BN_LOOPS(float, ReluFirst)
RELU_BN_LOOPS(bf16, ReluFirst)
RELU_BN_LOOPS(float, ReluLast)
RELU_BN_LOOPS(bf16, ReluLast)

// Calls loop(first row, rows, two float sums a channel) on blocks of rows and adds the sums up in
// double, in the order of the blocks: float sums of 512 numbers lose nothing that matters, and the
// order never depends on threads.
template <class F> static std::vector<double> channel_sums(int64_t n, int64_t c, F loop) {
  constexpr int64_t kBlock = 512;
  const int64_t blocks = (n + kBlock - 1) / kBlock;
  std::vector<float> partial(blocks * 2 * c, 0.f);
  at::parallel_for(0, blocks, 4, [&](int64_t from, int64_t to) {
    for (int64_t b = from; b < to; ++b)
      loop(b * kBlock, std::min(kBlock, n - b * kBlock), &partial[b * 2 * c], &partial[b * 2 * c + c]);
  });
  std::vector<double> sums(2 * c, 0.0);
  for (int64_t b = 0; b < blocks; ++b) for (int64_t j = 0; j < 2 * c; ++j) sums[j] += partial[b * 2 * c + j];
  return sums;
}

static float* floats(const Tensor& t) { return static_cast<float*>(t.data_ptr()); }
static bool is_bf16(const Tensor& t) { return t.scalar_type() == at::kBFloat16; }
#define ANY_WIDTH(t, ...) if (is_bf16(t)) { using S = bf16; __VA_ARGS__; } else { using S = float; __VA_ARGS__; }

// `a x + b` of each channel.
struct ScaleShift {
  std::vector<float> a, b;
  explicit ScaleShift(int64_t c) : a(c), b(c) {}
  void set(int64_t j, float weight, float bias, double mean, double var, double eps) {
    a[j] = weight / std::sqrt(var + eps); b[j] = bias - mean * a[j];
  }
};

template <class R> struct ReluBatchNorm : Function<ReluBatchNorm<R>> {
  static variable_list forward(AutogradContext* ctx, Tensor x, Tensor weight, Tensor bias, int64_t groups, double eps) {
    x = x.contiguous(at::MemoryFormat::ChannelsLast);
    const int64_t c = x.size(1), n = x.numel() / c / groups;
    TORCH_CHECK((is_bf16(x) || x.scalar_type() == at::kFloat) && weight.scalar_type() == at::kFloat,
                "relu_batch_norm takes float32 or bfloat16 maps and float32 parameters");
    TORCH_CHECK(x.size(0) % groups == 0, "relu_batch_norm cannot split ", x.size(0), " maps into ", groups, " groups");
    Tensor y = at::empty_like(x), mean = at::empty({groups, c}, weight.options()), var = at::empty_like(mean);
    ScaleShift map(c);
    ANY_WIDTH(x, for (int64_t group = 0; group < groups; ++group) {
      const S* xs = static_cast<const S*>(x.data_ptr()) + group * n * c; S* ys = static_cast<S*>(y.data_ptr()) + group * n * c;
      float *means = floats(mean) + group * c, *vars = floats(var) + group * c;
      auto sums = channel_sums(n, c, [&](int64_t i, int64_t k, float* s, float* q) { relu_sums(R{}, xs + i * c, k, c, s, q); });
      for (int64_t j = 0; j < c; ++j) {
        const double m = sums[j] / n, v = std::max(sums[c + j] / n - m * m, 0.0);  // std::max keeps a NaN that comes first
        means[j] = m; vars[j] = v;
        map.set(j, floats(weight)[j], floats(bias)[j], m, vars[j], eps);
      }
      at::parallel_for(0, n, 2048, [&](int64_t i, int64_t e) {
        relu_scale(R{}, xs + i * c, ys + i * c, e - i, c, map.a.data(), map.b.data());
      });
    })
    ctx->save_for_backward({x, weight, bias, mean, var});
    ctx->saved_data["eps"] = eps; ctx->saved_data["groups"] = groups;
    ctx->mark_non_differentiable({mean, var});
    return {y, mean, var};
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &bias = saved[2], &mean = saved[3], &var = saved[4];
    const Tensor g = grads[0].contiguous(at::MemoryFormat::ChannelsLast);
    const int64_t groups = ctx->saved_data["groups"].toInt(), c = x.size(1), n = x.numel() / c / groups;
    const double eps = ctx->saved_data["eps"].toDouble();
    Tensor gx = at::empty_like(x), gw = at::zeros_like(weight), gb = at::zeros_like(weight);
    std::vector<float> k(c), a(c), b(c);
    ScaleShift map(c);
    ANY_WIDTH(x, for (int64_t group = 0; group < groups; ++group) {
      const int64_t from = group * n * c;
      const S *xs = static_cast<const S*>(x.data_ptr()) + from, *gs = static_cast<const S*>(g.data_ptr()) + from;
      S* os = static_cast<S*>(gx.data_ptr()) + from;
      const float *means = floats(mean) + group * c, *vars = floats(var) + group * c;
      for (int64_t j = 0; j < c; ++j) map.set(j, floats(weight)[j], floats(bias)[j], means[j], vars[j], eps);
      auto sums = channel_sums(n, c, [&](int64_t i, int64_t m, float* s, float* q) {
        grad_sums(R{}, xs + i * c, gs + i * c, m, c, map.a.data(), map.b.data(), means, s, q);
      });
      for (int64_t j = 0; j < c; ++j) {  // the gradient of the normalisation's input v is k dy + a v + b
        const double inv = 1 / std::sqrt(vars[j] + eps);
        floats(gb)[j] += sums[j]; floats(gw)[j] += sums[c + j] * inv;
        k[j] = floats(weight)[j] * inv; a[j] = -k[j] * inv * inv * sums[c + j] / n;
        b[j] = -k[j] * sums[j] / n - a[j] * means[j];
      }
      at::parallel_for(0, n, 2048, [&](int64_t i, int64_t e) {
        grad_input(R{}, xs + i * c, gs + i * c, os + i * c, e - i, c, map.a.data(), map.b.data(), k.data(), a.data(), b.data());
      });
    })
    return {gx, gw, gb, Tensor(), Tensor()};
  }
};

// ---- bfloat16 convolution: oneDNN forward and input gradient, own weight gradient on AMX ----

// Two patches of k rows of `span` numbers, as pairs.
HOT static void interleave(const bf16* a, const bf16* b, bf16* out, int64_t k, int64_t span, int64_t pitch) {
  uint32_t* o = reinterpret_cast<uint32_t*>(out);
  for (int64_t y = 0; y < k; ++y, a += pitch, b += pitch, o += span)
    for (int64_t j = 0; j < span; ++j) o[j] = uint32_t(a[j]) | uint32_t(b[j]) << 16;
}
HOT static void transpose(const bf16* g, int64_t rows, int64_t c, bf16* t, int64_t ld) {
  for (int64_t i = 0; i < rows; i += 32)
    for (int64_t j = 0; j < c; ++j)
      for (int64_t m = i; m < std::min(i + 32, rows); ++m) t[j * ld + m] = g[m * c + j];
}
HOT static void add_rows(const bf16* g, int64_t rows, int64_t c, float* sum) {
  for (int64_t i = 0; i < rows; ++i) for (int64_t j = 0; j < c; ++j) sum[j] += load(g + i * c + j);
}

// True if there are matrix units that oneDNN may use (see ONEDNN_MAX_CPU_ISA), as
// at::native::cpublas::brgemm does.
static bool has_amx() {
#if defined(__x86_64__) && defined(CPUBLAS_BRGEMM_BF16BF16F32)
  unsigned a, b, c, d = 0;
  static const bool yes = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1) && at::cpu::init_amx() &&
                          at::native::cpublas::could_pack(at::kBFloat16);
  return yes;
#else
  return false;
#endif
}

// The kind that bfloat16 numbers are convolved in. Where oneDNN has no bfloat16 (before AVX-512),
// libtorch's own convolution takes many times as long as oneDNN's of the same numbers in float32,
// and its sums in bfloat16 are off by 2 to 5 roundings.
static at::ScalarType conv_kind() {
  static const bool has_bf16 = [] {
    const auto known = c10::Dispatcher::singleton().findSchema({"mkldnn::_is_mkldnn_bf16_supported", ""});
    return !known || known->typed<bool()>().call();
  }();
  return has_bf16 ? at::kBFloat16 : at::kFloat;
}

// The gradients [O, k, k, I] and [O] of a square convolution's weight and bias, x [N, H, W, I], g
// [N, h, w, O]. oneDNN's own takes twice as long. dW = g^T im2col(x), summed over chunks of images
// whose im2col, written straight in the pair-of-rows layout that AMX wants, stays in the
// second-level cache.
static std::pair<Tensor, Tensor> conv_weight_grad(const Tensor& x, const Tensor& g, int64_t k, int64_t stride, int64_t pad) {
  constexpr int64_t kImages = 8;
  const int64_t N = x.size(0), C = x.size(1), H = x.size(2), W = x.size(3), O = g.size(1), h = g.size(2), w = g.size(3);
  const int64_t cols = k * k * C, span = k * C, Wp = W + 2 * pad, Hp = H + 2 * pad;
  const int64_t rows = (kImages * h * w + 31) / 32 * 32, chunks = (N + kImages - 1) / kImages;
  const int64_t threads = std::min<int64_t>(at::get_num_threads(), chunks);
  Tensor dw = at::zeros({threads, O, cols}, at::kFloat), db = at::zeros({threads, O}, at::kFloat);
  const bf16 *xs = static_cast<const bf16*>(x.data_ptr()), *gs = static_cast<const bf16*>(g.data_ptr());
  at::parallel_for(0, threads, 1, [&](int64_t from, int64_t to) {
    std::vector<bf16> padded(kImages * Hp * Wp * C, 0), gt(O * rows), none(Hp * Wp * C, 0);
    Tensor packed = at::zeros({rows * cols}, at::kBFloat16);
    bf16* p = static_cast<bf16*>(packed.data_ptr());
    for (int64_t t = from; t < to; ++t)
      for (int64_t chunk = t * chunks / threads; chunk < (t + 1) * chunks / threads; ++chunk) {
        const int64_t first = chunk * kImages, count = std::min(kImages, N - first), used = count * h * w;
        for (int64_t i = 0; i < count * H; ++i)
          std::memcpy(&padded[((i / H * Hp + i % H + pad) * Wp + pad) * C], xs + (first * H + i) * W * C, W * C * sizeof(bf16));
        auto patch = [&](int64_t r) { return &padded[((r / (h * w) * Hp + r / w % h * stride) * Wp + r % w * stride) * C]; };
        std::fill(gt.begin(), gt.end(), 0);  // rows beyond the last image weigh nothing
        for (int64_t r = 0; r + 1 < used; r += 2) interleave(patch(r), patch(r + 1), p + r * cols, k, span, Wp * C);
        if (used % 2) interleave(patch(used - 1), none.data(), p + (used - 1) * cols, k, span, Wp * C);
        if (count < kImages) std::fill(p + (used + 1) / 2 * 2 * cols, p + rows * cols, 0);  // 0 times infinity is not 0
        transpose(gs + first * h * w * O, used, O, gt.data(), rows);
        add_rows(gs + first * h * w * O, used, O, floats(db) + t * O);
        at::native::cpublas::brgemm(O, cols, rows, rows, cols, cols, true, reinterpret_cast<c10::BFloat16*>(gt.data()),
                                    reinterpret_cast<c10::BFloat16*>(p), floats(dw) + t * O * cols);
      }
    at::native::cpublas::brgemm_release();
  });
  return {dw.sum(0).view({O, k, k, C}).permute({0, 3, 1, 2}), db.sum(0)};
}

struct Bf16Conv : Function<Bf16Conv> {
  static Tensor forward(AutogradContext* ctx, Tensor x, Tensor weight, Tensor bias, int64_t stride, int64_t pad) {
    x = x.to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast);
    Tensor w = weight.to(at::kBFloat16);
    ctx->save_for_backward({x, w});
    ctx->saved_data["stride"] = stride; ctx->saved_data["pad"] = pad;
    const auto kind = conv_kind();
    const Tensor b = bias.to(at::kBFloat16).to(kind);
    return at::conv2d(x.to(kind), w.to(kind), b, {stride, stride}, {pad, pad}).to(at::kBFloat16);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &w = saved[1];
    const Tensor g = grads[0].contiguous(at::MemoryFormat::ChannelsLast);
    const int64_t s = ctx->saved_data["stride"].toInt(), p = ctx->saved_data["pad"].toInt();
    const bool own = has_amx(), need = ctx->needs_input_grad(0);
    Tensor gx, gw, gb;
    if (need || !own) {
      const auto kind = conv_kind();
      std::tie(gx, gw, gb) =
          at::convolution_backward(g.to(kind), x.to(kind), w.to(kind), at::IntArrayRef{w.size(0)}, {s, s}, {p, p}, {1, 1},
                                   false, {0, 0}, 1, {need, !own, !own});
      if (need) gx = gx.to(at::kBFloat16);
    }
    if (own) std::tie(gw, gb) = conv_weight_grad(x, g, w.size(2), s, p);
    return {gx, gw.to(at::kFloat), gb.to(at::kFloat), Tensor(), Tensor()};
  }
};

// ---- attention of few tokens: one image and head at a time, all within the first-level cache ----

// c [n, w] = a b, where a(i, k) is at a[i * row + k * column]; n is a multiple of kRows, w of
// kLanes.
HOT static void product(int64_t n, int64_t depth, int64_t w, const float* a, int64_t row, int64_t column, const float* b,
                        float* c) {
  for (int64_t i = 0; i < n; i += kRows, a += kRows * row, c += kRows * w)
    for (int64_t j = 0; j < w; j += kLanes) {
      lanes sums[kRows] = {};
      for (int64_t k = 0; k < depth; ++k) {
        const lanes x = *reinterpret_cast<const lanes*>(b + k * w + j);
        for (int64_t r = 0; r < kRows; ++r) sums[r] += a[r * row + k * column] * x;
      }
      for (int64_t r = 0; r < kRows; ++r) *reinterpret_cast<lanes*>(c + r * w + j) = sums[r];
    }
}

// Each row's first m of w numbers become their softmax, the others 0.
HOT static void softmax(float* s, int64_t n, int64_t m, int64_t w) {
  for (int64_t i = 0; i < n; ++i, s += w) {
    for (int64_t j = m; j < w; ++j) s[j] = -INFINITY;
    lanes tops = *reinterpret_cast<lanes*>(s), sums = {};
    for (int64_t j = kLanes; j < w; j += kLanes) {
      const lanes x = *reinterpret_cast<lanes*>(s + j);
      tops = x > tops ? x : tops;
    }
    float top = tops[0], total = 0;
    for (int64_t j = 1; j < kLanes; ++j) top = tops[j] > top ? tops[j] : top;
    for (int64_t j = 0; j < w; j += kLanes) {
      lanes& x = *reinterpret_cast<lanes*>(s + j);
      x = exponential(x - top);
      sums += x;
    }
    for (int64_t j = 0; j < kLanes; ++j) total += sums[j];
    for (int64_t j = 0; j < w; ++j) s[j] /= total;
    for (int64_t j = m; j < w; ++j) s[j] = 0;  // not quite 0 yet
  }
}

// The gradient of scores, into g, from that of their softmax p.
HOT static void softmax_gradient(const float* p, float* g, int64_t n, int64_t w) {
  for (int64_t i = 0; i < n; ++i, p += w, g += w) {
    lanes sums = {};
    float total = 0;
    for (int64_t j = 0; j < w; j += kLanes)
      sums += *reinterpret_cast<const lanes*>(p + j) * *reinterpret_cast<const lanes*>(g + j);
    for (int64_t j = 0; j < kLanes; ++j) total += sums[j];
    for (int64_t j = 0; j < w; ++j) g[j] = p[j] * (g[j] - total);
  }
}

// Rows of numbers of either width in memory, to and from float rows of w, upright or turned.
#define ROW_LOOPS(T)                                                                                                   \
  HOT static void read_rows(const T* x, int64_t n, int64_t d, int64_t pitch, float scale, float* out, int64_t w) {     \
    for (int64_t i = 0; i < n; ++i) for (int64_t j = 0; j < d; ++j) out[i * w + j] = scale * load(x + i * pitch + j);  \
  }                                                                                                                    \
  HOT static void turn_rows(const T* x, int64_t n, int64_t d, int64_t pitch, float* out, int64_t w) {                  \
    for (int64_t i = 0; i < n; ++i) for (int64_t j = 0; j < d; ++j) out[j * w + i] = load(x + i * pitch + j);          \
  }                                                                                                                    \
  HOT static void write_rows(const float* x, int64_t n, int64_t d, int64_t w, float scale, T* out, int64_t pitch) {    \
    for (int64_t i = 0; i < n; ++i) for (int64_t j = 0; j < d; ++j) store(out + i * pitch + j, scale * x[i * w + j]);  \
  }
ROW_LOOPS(float)
ROW_LOOPS(bf16)

// A head's part of [B, N, heads * d], whose last dimension lies close.
template <class S> struct HeadRows {
  S* numbers; int64_t image, pitch;
  explicit HeadRows(const Tensor& t) : numbers(static_cast<S*>(t.data_ptr())), image(t.stride(0)), pitch(t.stride(1)) {}
  S* at(int64_t b, int64_t offset) const { return numbers + b * image + offset; }
};

struct SmallAttention : Function<SmallAttention> {
  struct Sizes {
    int64_t images, n, m, heads, d, n4, m4, wm, wd;  // padded to rows of 4 and to 16 numbers
    Sizes(const Tensor& q, const Tensor& k, int64_t heads)
        : images(q.size(0)), n(q.size(1)), m(k.size(1)), heads(heads), d(q.size(2) / heads), n4(up_to(n, kRows)),
          m4(up_to(m, kRows)), wm(up_to(m, kLanes)), wd(up_to(d, kLanes)) {}
    int64_t rows() const { return std::max(n4, std::max(wm, wd)); }
    int64_t area() const { return rows() * std::max(wm, wd); }
  };
  // Calls work(image, offset of the head, `count` matrices of zeros to begin with) for each head of
  // each image.
  template <class F> static void each_head(const Sizes& z, int count, F work) {
    at::parallel_for(0, z.images, 4, [&](int64_t from, int64_t to) {
      std::vector<float> memory(count * z.area(), 0.f);
      std::vector<float*> matrices(count);
      for (int i = 0; i < count; ++i) matrices[i] = memory.data() + i * z.area();
      for (int64_t b = from; b < to; ++b)
        for (int64_t h = 0; h < z.heads; ++h) work(b, h * z.d, matrices.data());
    });
  }

  static Tensor forward(AutogradContext* ctx, Tensor q, Tensor k, Tensor v, int64_t heads, double scale) {
    const Sizes z(q, k, heads);
    TORCH_CHECK(q.scalar_type() == k.scalar_type() && q.scalar_type() == v.scalar_type() &&
                (is_bf16(q) || q.scalar_type() == at::kFloat), "small_attention takes float32 or bfloat16, all of one kind");
    TORCH_CHECK(q.stride(2) == 1 && k.stride(2) == 1 && v.stride(2) == 1, "small_attention takes numbers that lie close");
    Tensor out = at::empty({z.images, z.n, z.heads * z.d}, q.options());
    ANY_WIDTH(q, const HeadRows<S> qs(q), ks(k), vs(v), os(out);
      each_head(z, 5, [&](int64_t b, int64_t at, float** own) {
        read_rows(qs.at(b, at), z.n, z.d, qs.pitch, scale, own[0], z.wd);
        turn_rows(ks.at(b, at), z.m, z.d, ks.pitch, own[1], z.wm);
        read_rows(vs.at(b, at), z.m, z.d, vs.pitch, 1.f, own[2], z.wd);
        product(z.n4, z.d, z.wm, own[0], z.wd, 1, own[1], own[3]);
        softmax(own[3], z.n, z.m, z.wm);
        product(z.n4, z.m, z.wd, own[3], z.wm, 1, own[2], own[4]);
        write_rows(own[4], z.n, z.d, z.wd, 1.f, os.at(b, at), os.pitch);
      }))
    ctx->save_for_backward({q, k, v});
    ctx->saved_data["heads"] = heads; ctx->saved_data["scale"] = scale;
    return out;
  }
  // With p = softmax(scale q k'), o = p v and ds = p (do v' - sum of p do v'): dv = p' do, dq =
  // scale ds k, dk = scale ds' q.
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    auto saved = ctx->get_saved_variables();
    const Tensor &q = saved[0], &k = saved[1], &v = saved[2], g = grads[0].contiguous();
    const Sizes z(q, k, ctx->saved_data["heads"].toInt());
    const float scale = ctx->saved_data["scale"].toDouble();
    Tensor gq = at::empty(q.sizes(), q.options()), gk = at::empty(k.sizes(), k.options()), gv = at::empty(v.sizes(), v.options());
    ANY_WIDTH(q, const HeadRows<S> qs(q), ks(k), vs(v), gs(g), gqs(gq), gks(gk), gvs(gv);
      each_head(z, 8, [&](int64_t b, int64_t at, float** own) {
        read_rows(qs.at(b, at), z.n, z.d, qs.pitch, scale, own[0], z.wd);
        read_rows(ks.at(b, at), z.m, z.d, ks.pitch, 1.f, own[1], z.wd);
        read_rows(gs.at(b, at), z.n, z.d, gs.pitch, 1.f, own[2], z.wd);
        turn_rows(ks.at(b, at), z.m, z.d, ks.pitch, own[3], z.wm);
        turn_rows(vs.at(b, at), z.m, z.d, vs.pitch, own[4], z.wm);
        product(z.n4, z.d, z.wm, own[0], z.wd, 1, own[3], own[5]);
        softmax(own[5], z.n, z.m, z.wm);
        product(z.n4, z.d, z.wm, own[2], z.wd, 1, own[4], own[6]);
        softmax_gradient(own[5], own[6], z.n, z.wm);
        product(z.m4, z.n, z.wd, own[5], 1, z.wm, own[2], own[7]);
        write_rows(own[7], z.m, z.d, z.wd, 1.f, gvs.at(b, at), gvs.pitch);
        product(z.n4, z.m, z.wd, own[6], z.wm, 1, own[1], own[7]);
        write_rows(own[7], z.n, z.d, z.wd, scale, gqs.at(b, at), gqs.pitch);
        product(z.m4, z.n, z.wd, own[6], 1, z.wm, own[0], own[7]);  // own[0] is scaled already
        write_rows(own[7], z.m, z.d, z.wd, 1.f, gks.at(b, at), gks.pitch);
      }))
    return {gq, gk, gv, Tensor(), Tensor()};
  }
};

// Returns y and, for the running statistics, the means and biased variances [groups, C] of what is
// normalised: relu(x) [groups * N, C, H, W], or x itself with the ReLU last.
variable_list relu_batch_norm(Tensor x, Tensor w, Tensor b, int64_t groups, double eps, bool relu_last) {
  return relu_last ? ReluBatchNorm<ReluLast>::apply(x, w, b, groups, eps) : ReluBatchNorm<ReluFirst>::apply(x, w, b, groups, eps);
}
// x and the result [N, C, H, W] in bfloat16 and channels-last; weight, bias and their gradients in
// float32.
Tensor bf16_conv(Tensor x, Tensor w, Tensor b, int64_t stride, int64_t pad) { return Bf16Conv::apply(x, w, b, stride, pad); }
// softmax(scale q k') v in each head, q [B, N, D], k and v [B, M, D].
Tensor small_attention(Tensor q, Tensor k, Tensor v, int64_t heads, double scale) { return SmallAttention::apply(q, k, v, heads, scale); }
}  // namespace umwelt
