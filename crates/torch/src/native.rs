//! Functions of libtorch that tch lacks, and kernels for the CPU, through `native/umwelt.cpp`.

pub mod meta;
mod recompute;
mod row_products;

use std::ffi::{CStr, c_char, c_double, c_int, c_void};

use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};

pub use recompute::recomputed;
pub use row_products::{MOST_ROWS, row_products, takes_row_products};

type Handle = *const c_void;

unsafe extern "C" {
    fn umwelt_last_error() -> *const c_char;
    fn umwelt_compiled_version() -> *const c_char;
    fn umwelt_running_configuration() -> *const c_char;
    fn umwelt_clear_gradients(parameters: *const Handle, count: c_int) -> c_int;
    fn umwelt_lars_step(
        parameters: *const Handle,
        momenta: *const Handle,
        count: c_int,
        adapted: bool,
        lr: c_double,
        momentum: c_double,
        weight_decay: c_double,
        eta: c_double,
    ) -> c_int;
    fn umwelt_adam_step(
        parameters: *const Handle,
        first: *const Handle,
        second: *const Handle,
        steps: *const Handle,
        count: c_int,
        lr: c_double,
        beta1: c_double,
        beta2: c_double,
        epsilon: c_double,
        weight_decay: c_double,
        decoupled: bool,
    ) -> c_int;
    fn umwelt_clip_gradients(parameters: *const Handle, count: c_int, limit: c_double) -> c_int;
    fn umwelt_autocast(cuda: bool, on: bool) -> c_int;
    fn umwelt_autocast_on_cpu() -> bool;
    fn umwelt_relu_batch_norm(
        x: Handle,
        weight: Handle,
        bias: Handle,
        groups: i64,
        epsilon: c_double,
        relu_last: bool,
        out: *mut *mut c_void,
    ) -> c_int;
    fn umwelt_normals(
        like: Handle,
        shape: *const i64,
        dimensions: c_int,
        seed: u64,
        out: *mut *mut c_void,
    ) -> c_int;
    fn umwelt_bf16_conv(
        x: Handle,
        weight: Handle,
        bias: Handle,
        stride: i64,
        padding: i64,
        out: *mut *mut c_void,
    ) -> c_int;
    fn umwelt_patch_conv_transpose(
        x: Handle,
        weight: Handle,
        bias: Handle,
        stride: i64,
        padding: i64,
        out: *mut *mut c_void,
    ) -> c_int;
    fn umwelt_sigmoid_squared_error(x: Handle, target: Handle, out: *mut *mut c_void) -> c_int;
    fn umwelt_small_attention(
        query: Handle,
        key: Handle,
        value: Handle,
        heads: i64,
        scale: c_double,
        out: *mut *mut c_void,
    ) -> c_int;
    fn umwelt_relu_mlp(
        x: Handle,
        parameters: *const Handle,
        sources: *const i64,
        layers: c_int,
        out: *mut *mut c_void,
    ) -> c_int;
    fn umwelt_part_losses(
        outputs: Handle,
        targets: Handle,
        weights: Handle,
        parts: *const i64,
        numbers: c_int,
        out: *mut *mut c_void,
    ) -> c_int;
    fn umwelt_parallel_for(count: i64, work: extern "C" fn(*mut c_void, i64), data: *mut c_void) -> c_int;
    fn umwelt_keep_freed_memory();
    fn umwelt_deterministic(on: bool) -> c_int;
}

fn handles(tensors: &[Tensor]) -> Vec<Handle> {
    tensors.iter().map(|tensor| tensor.as_ptr() as Handle).collect()
}

fn text(pointer: *const c_char) -> String {
    // SAFETY: the C++ side returns NUL-terminated text that outlives the call.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

fn checked(code: c_int) {
    // A failure is a bug in the caller (wrong shapes, a freed tensor). It panics, as a failed tch
    // call does.
    assert!(
        code == 0,
        "libtorch: {}",
        text(unsafe { umwelt_last_error() }).lines().next().unwrap_or_default()
    );
}

/// Wraps a call that returns a tensor through an out-pointer.
fn from_out(call: impl FnOnce(*mut *mut c_void) -> c_int) -> Tensor {
    let mut out = std::ptr::null_mut();
    checked(call(&mut out));
    // SAFETY: the call returned a new tensor that we own.
    unsafe { Tensor::from_ptr(out.cast()) }
}

/// The version of libtorch that this binary was compiled against.
pub fn compiled_version() -> String {
    text(unsafe { umwelt_compiled_version() })
}

/// The version of libtorch that was loaded.
pub fn running_version() -> String {
    let configuration = running_configuration();
    let version =
        configuration.split("TORCH_VERSION=").nth(1).and_then(|rest| rest.split([',', '\n', ' ']).next());
    version.unwrap_or("unknown").to_owned()
}

/// libtorch's description of its build and of the CPU kernels it uses.
pub fn running_configuration() -> String {
    text(unsafe { umwelt_running_configuration() })
}

/// Checks that the loaded libtorch is the one that `native/` was compiled against; class layouts
/// differ between versions.
///
/// # Errors
/// Names both versions and the command that rebuilds.
pub fn check_version() -> Result<()> {
    let (compiled, running) = (compiled_version(), running_version());
    let release = |version: &str| version.split('+').next().map(str::to_owned);
    ensure!(
        release(&compiled) == release(&running),
        "umwelt was compiled against libtorch {compiled}, but {running} was loaded; run `make setup build`"
    );
    Ok(())
}

/// Clears the gradients, so that the next backward pass writes instead of adding to them.
pub fn clear_gradients(parameters: &[Tensor]) {
    let handles = handles(parameters);
    checked(unsafe { umwelt_clear_gradients(handles.as_ptr(), handles.len() as c_int) });
}

/// Scales all gradients by one factor so that their common norm is at most `limit`.
pub fn clip_gradients(parameters: &[Tensor], limit: f64) {
    let handles = handles(parameters);
    checked(unsafe { umwelt_clip_gradients(handles.as_ptr(), handles.len() as c_int, limit) });
}

/// The constants of a LARS step.
#[derive(Clone, Copy, Debug)]
pub struct LarsStep {
    pub adapted: bool,
    pub lr: f64,
    pub momentum: f64,
    pub weight_decay: f64,
    pub eta: f64,
}

/// One LARS step of all parameters that have a gradient, with their `momenta` in the same order.
pub fn lars_step(parameters: &[Tensor], momenta: &[Tensor], step: LarsStep) {
    assert_eq!(parameters.len(), momenta.len());
    let (p, m) = (handles(parameters), handles(momenta));
    let LarsStep { adapted, lr, momentum, weight_decay, eta } = step;
    let count = p.len() as c_int;
    checked(unsafe {
        umwelt_lars_step(p.as_ptr(), m.as_ptr(), count, adapted, lr, momentum, weight_decay, eta)
    });
}

/// The state of Adam: one tensor of each kind for each parameter. Step counts are float scalars.
pub struct AdamState<'a> {
    pub first: &'a [Tensor],
    pub second: &'a [Tensor],
    pub steps: &'a [Tensor],
}

/// The constants of a step of Adam.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep {
    pub lr: f64,
    pub betas: (f64, f64),
    pub epsilon: f64,
    pub decay: WeightDecay,
}

/// The weight decay of Adam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WeightDecay {
    /// Each step shrinks a weight by this factor times the learning rate (AdamW).
    Decoupled(f64),
    /// The gradient of this factor times half the squared weights is added to the gradient.
    L2(f64),
}

/// One step of Adam of all parameters that have a gradient.
pub fn adam_step(parameters: &[Tensor], state: &AdamState, step: AdamStep) {
    assert!([state.first, state.second, state.steps].iter().all(|tensors| tensors.len() == parameters.len()));
    let [p, first, second, steps] = [parameters, state.first, state.second, state.steps].map(handles);
    let (p, first, second, steps) = (&p, first.as_ptr(), second.as_ptr(), steps.as_ptr());
    let count = p.len() as c_int;
    let AdamStep { lr, betas: (beta1, beta2), epsilon, decay } = step;
    let (decay, decoupled) = match decay {
        WeightDecay::Decoupled(decay) => (decay, true),
        WeightDecay::L2(decay) => (decay, false),
    };
    checked(unsafe {
        umwelt_adam_step(p.as_ptr(), first, second, steps, count, lr, beta1, beta2, epsilon, decay, decoupled)
    });
}

/// Runs `action` with matrix products and convolutions in bfloat16, on the CPU or CUDA.
pub fn autocast<T>(device: Device, action: impl FnOnce() -> T) -> T {
    let cuda = matches!(device, Device::Cuda(_));
    struct Leave(bool);
    impl Drop for Leave {
        fn drop(&mut self) {
            checked(unsafe { umwelt_autocast(self.0, false) });
        }
    }
    checked(unsafe { umwelt_autocast(cuda, true) });
    let _leave = Leave(cuda);
    action()
}

/// True if this thread is inside [`autocast`] on the CPU.
pub fn autocast_on_cpu() -> bool {
    unsafe { umwelt_autocast_on_cpu() }
}

/// The place of the ReLU beside a batch normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReluPlace {
    Before,
    After,
}

/// Batch normalisation of `x` `[G * N, C, H, W]` with a ReLU before or after it, and with
/// statistics of each of G groups. Returns the output, and the means and biased variances `[G, C]`
/// of what is normalised, `relu(x)` or `x`.
///
/// On the CPU, in float32 or bfloat16, with sums in float64. libtorch's channels-last batch
/// normalisation takes twice as long and loses two digits of the gradient.
pub fn relu_batch_norm(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    groups: i64,
    epsilon: f64,
    relu: ReluPlace,
) -> (Tensor, Tensor, Tensor) {
    let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.as_ptr() as Handle);
    let mut out = [std::ptr::null_mut(); 3];
    let last = relu == ReluPlace::After;
    checked(unsafe { umwelt_relu_batch_norm(x, weight, bias, groups, epsilon, last, out.as_mut_ptr()) });
    // SAFETY: each is a new tensor that we own.
    let [y, mean, variance] = out.map(|tensor| unsafe { Tensor::from_ptr(tensor.cast()) });
    (y, mean, variance)
}

/// A square convolution on the CPU in bfloat16, with float32 parameters and gradients. On CPUs with
/// bfloat16 matrix units the weight's gradient takes half the time of oneDNN's, and is not rounded.
pub fn bf16_conv(x: &Tensor, weight: &Tensor, bias: &Tensor, stride: i64, padding: i64) -> Tensor {
    let [x, weight, bias] = [x, weight, bias].map(|tensor| tensor.as_ptr() as Handle);
    from_out(|out| unsafe { umwelt_bf16_conv(x, weight, bias, stride, padding, out) })
}

/// A square transposed convolution on the CPU in float32, as matrix products of patches: `x`
/// `[N, I, h, w]` and `weight` `[I, O, k, k]` -> `[N, O, H, W]`, channels-last.
///
/// For 3 to 16 outputs, oneDNN takes about twice as long.
pub fn patch_conv_transpose(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    stride: i64,
    padding: i64,
) -> Tensor {
    let [x, weight] = [x, weight].map(|tensor| tensor.as_ptr() as Handle);
    let bias = bias.map_or(std::ptr::null(), |bias| bias.as_ptr() as Handle);
    from_out(|out| unsafe { umwelt_patch_conv_transpose(x, weight, bias, stride, padding, out) })
}

/// The sum of the squared differences between `sigmoid(x)` and `target`, of one shape with a
/// multiple of 16 numbers, on the CPU in float32. One pass computes the gradient of `x` too.
pub fn sigmoid_squared_error(x: &Tensor, target: &Tensor) -> Tensor {
    let [x, target] = [x, target].map(|tensor| tensor.as_ptr() as Handle);
    from_out(|out| unsafe { umwelt_sigmoid_squared_error(x, target, out) })
}

/// `softmax(scale * query key') value` in each of `heads` heads: query `[B, N, D]`, key and value
/// `[B, M, D]` -> `[B, N, D]`.
///
/// On the CPU, in float32 or bfloat16 (computed in float32). For few tokens libtorch takes several
/// times as long.
pub fn small_attention(query: &Tensor, key: &Tensor, value: &Tensor, heads: i64, scale: f64) -> Tensor {
    let [query, key, value] = [query, key, value].map(|tensor| tensor.as_ptr() as Handle);
    from_out(|out| unsafe { umwelt_small_attention(query, key, value, heads, scale, out) })
}

/// The outputs `[N, O]` of a tree of linear layers on `x` `[N, I]`, in float32 on the CPU. Layer l
/// has the parameters `2 l` (weight) and `2 l + 1` (bias), and reads the ReLU of layer `sources[l]`,
/// or `x` where that is -1. The outputs of layers that no layer reads are side by side.
///
/// One pass forward and one backward take the place of an operation for each product, bias and ReLU.
pub fn relu_mlp(x: &Tensor, parameters: &[&Tensor], sources: &[i64]) -> Tensor {
    let parameters: Vec<Handle> = parameters.iter().map(|tensor| tensor.as_ptr() as Handle).collect();
    assert_eq!(parameters.len(), 2 * sources.len());
    let (x, layers) = (x.as_ptr() as Handle, sources.len() as c_int);
    from_out(|out| unsafe { umwelt_relu_mlp(x, parameters.as_ptr(), sources.as_ptr(), layers, out) })
}

/// One part of the outputs of a decoder.
#[derive(Clone, Copy, Debug)]
pub struct OutputPart {
    pub width: i64,
    pub activation: OutputActivation,
    pub loss: RowLoss,
}

/// The activation of a part.
#[derive(Clone, Copy, Debug)]
pub enum OutputActivation {
    Identity,
    Tanh,
    LogSoftmax,
    /// sign(x) log2(1 + |x|).
    Symlog,
}

/// The loss of a row of a part.
#[derive(Clone, Copy, Debug)]
pub enum RowLoss {
    /// The mean squared error.
    Squared,
    /// The negative log-likelihood of the largest entry of the target.
    Likelihood,
}

/// Sums of the losses of rows of `outputs` against `targets`, both `[N, W]`, with `weights`
/// `[K, N]`: `[K, parts]`. They come behind the outputs `[N, W]` under their activations, with
/// probabilities in place of log-probabilities. All are float32 on the CPU.
pub fn part_losses(
    outputs: &Tensor,
    targets: &Tensor,
    weights: &Tensor,
    parts: &[OutputPart],
) -> (Tensor, Tensor) {
    let numbers = parts.iter().flat_map(|part| [part.width, part.activation as i64, part.loss as i64]);
    let numbers: Vec<i64> = numbers.collect();
    let [outputs, targets, weights] = [outputs, targets, weights].map(|tensor| tensor.as_ptr() as Handle);
    let (mut out, count) = ([std::ptr::null_mut(); 2], numbers.len() as c_int);
    checked(unsafe {
        umwelt_part_losses(outputs, targets, weights, numbers.as_ptr(), count, out.as_mut_ptr())
    });
    // SAFETY: each is a new tensor that we own.
    let [adapted, terms] = out.map(|tensor| unsafe { Tensor::from_ptr(tensor.cast()) });
    (adapted, terms)
}

/// Standard normal float32 draws of this shape; a function of `seed` and the kind of device only.
pub fn normals(shape: &[i64], device: Device, seed: u64) -> Tensor {
    let like = Tensor::empty([0], (Kind::Float, device));
    let (like, dimensions) = (like.as_ptr() as Handle, shape.len() as c_int);
    from_out(|out| unsafe { umwelt_normals(like, shape.as_ptr(), dimensions, seed, out) })
}

/// Calls `work(i)` for each i from 0 to `count` on libtorch's threads, one call per thread at a
/// time.
pub fn parallel_for<F: Fn(usize) + Sync>(count: usize, work: &F) {
    extern "C" fn call<F: Fn(usize)>(work: *mut c_void, i: i64) {
        // SAFETY: the pointer is to `work` below, which outlives the call.
        unsafe { (*work.cast::<F>())(i as usize) }
    }
    let data = std::ptr::from_ref(work).cast_mut().cast();
    checked(unsafe { umwelt_parallel_for(count as i64, call::<F>, data) });
}

/// Keeps freed memory in the process, since every training step allocates the same buffers (glibc
/// only).
pub fn keep_freed_memory() {
    unsafe { umwelt_keep_freed_memory() }
}

/// Makes libtorch use deterministic algorithms where it has them.
pub fn deterministic() {
    checked(unsafe { umwelt_deterministic(true) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_libtorch_that_runs_is_the_one_compiled_against() {
        assert!(running_version().starts_with("2."), "{}", running_version());
        check_version().expect("versions agree");
    }

    #[test]
    fn autocast_is_on_inside_and_off_outside() {
        let x = Tensor::ones([2, 2], (Kind::Float, Device::Cpu));
        let inside = autocast(Device::Cpu, || x.matmul(&x).kind());
        assert_eq!((inside, x.matmul(&x).kind()), (Kind::BFloat16, Kind::Float));
    }

    #[test]
    fn draws_are_standard_normal_and_a_function_of_their_seed() {
        let draws = |seed| normals(&[30, 30], Device::Cpu, seed);
        let (once, other) = (draws(7), draws(8));
        assert_eq!(once, draws(7));
        assert!((&once * &other).mean(Kind::Float).double_value(&[]).abs() < 0.15);
        assert!(other.mean(Kind::Float).double_value(&[]).abs() < 0.15);
        assert!((other.std(true).double_value(&[]) - 1.0).abs() < 0.1);
    }

    #[test]
    fn the_error_of_a_sigmoid_and_its_gradient_agree_with_float64() {
        let [x, target] = [1, 2].map(|seed| normals(&[5, 3, 32, 32], Device::Cpu, seed) * 8.0);
        let extremes = Tensor::from_slice(&[200f32, -200.0, 0.0, -0.0]).repeat([4]);
        x.flatten(0, -1).narrow(0, 0, 16).copy_(&extremes);
        let passes = [Kind::Float, Kind::Double].map(|kind| {
            let x = x.to_kind(kind).copy().set_requires_grad(true);
            let error = match kind {
                Kind::Float => sigmoid_squared_error(&x, &target),
                _ => (x.sigmoid() - target.to_kind(kind)).square().sum(kind),
            };
            (&error * 3.0).backward();
            (error.double_value(&[]), x.grad().to_kind(Kind::Double))
        });
        let [(ours, gradient), (expected, exact)] = passes;
        assert!((ours / expected - 1.0).abs() < 1e-6, "{ours} {expected}");
        assert!(
            (gradient - &exact).abs().max().double_value(&[]) < 1e-6 * exact.abs().max().double_value(&[])
        );
    }

    #[test]
    fn clipping_scales_the_common_norm_down_and_never_up() {
        let parameters: Vec<Tensor> = [3.0f32, 4.0]
            .iter()
            .map(|grad| {
                let x = Tensor::ones([1], (Kind::Float, Device::Cpu)).set_requires_grad(true);
                (&x * f64::from(*grad)).sum(Kind::Float).backward();
                x
            })
            .collect();
        clip_gradients(&parameters, 10.0);
        assert_eq!(parameters[1].grad().double_value(&[0]), 4.0);
        clip_gradients(&parameters, 1.0);
        assert!((parameters[0].grad().double_value(&[0]) - 0.6).abs() < 1e-5);
        clear_gradients(&parameters);
        assert!(!parameters[0].grad().defined());
    }
}
