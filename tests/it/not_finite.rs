//! NaN and infinities pass through each of our kernels as through libtorch's unfused operations,
//! forward and backward. A kernel that turned them into numbers would hide a failed run.

use std::cell::Cell;

use tch::{Device, Kind, Tensor, no_grad};
use umwelt::native::{self, ReluPlace};
use umwelt::nn::{Parameters, UpsampledConv};
use umwelt::optim::{Adam, Lars, Optimiser, Rates};

const BROKEN: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

thread_local! {
    /// The number of tensors that this thread has drawn. Each test has a thread of its own.
    static DRAWN: Cell<u64> = const { Cell::new(0) };
}

/// Standard normal numbers, the same in every run.
fn randn(shape: &[i64], kind: Kind) -> Tensor {
    let seed = DRAWN.with(|drawn| drawn.replace(drawn.get() + 1));
    native::normals(shape, Device::Cpu, seed).to_kind(kind)
}

/// `x` with `value` at position `place`, counted along its dimensions or back from the end.
fn with(x: &Tensor, place: i64, value: f64) -> Tensor {
    let count = x.numel() as i64;
    let index = Tensor::arange(count, (Kind::Int64, Device::Cpu)).view_as(x);
    x.masked_fill(&index.eq(place.rem_euclid(count)), value)
}

type Operation<'a> = &'a dyn Fn(&[Tensor]) -> Tensor;

/// The result of `operation` on `inputs` and the gradients of the inputs, in float32. `pull` is the
/// gradient of the result.
fn passes(operation: Operation, inputs: &[Tensor], pull: &Tensor) -> Vec<Tensor> {
    let leaves: Vec<Tensor> = inputs.iter().map(|x| x.detach().set_requires_grad(true)).collect();
    let out = operation(&leaves);
    let loss = (&out * pull).sum(out.kind());
    let gradients = Tensor::run_backward(&[loss], &leaves.iter().collect::<Vec<_>>(), false, false);
    std::iter::once(out.detach()).chain(gradients).map(|x| x.to_kind(Kind::Float)).collect()
}

/// The allowed differences between a kernel and the unfused operations.
#[derive(Clone, Copy)]
struct Allowed {
    /// The largest difference, relative to the largest finite number.
    gap: f64,
    /// True if the kernel may have additional values that are not finite.
    spread: bool,
}

fn compare(what: &str, ours: &[Tensor], theirs: &[Tensor], allowed: Allowed) {
    for (result, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let (finite, expected) = (ours.isfinite(), theirs.isfinite());
        let count = |mask: Tensor| mask.sum(Kind::Int64).int64_value(&[]);
        let swallowed = count(finite.logical_and(&expected.logical_not()));
        let spread = count(expected.logical_and(&finite.logical_not()));
        assert_eq!(swallowed, 0, "{what}: result {result} has numbers in place of what is not finite");
        assert!(
            allowed.spread || spread == 0,
            "{what}: result {result} is not finite in {spread} more places"
        );
        let largest = |x: &Tensor| x.abs().where_scalarother(&finite, 0.0).max().double_value(&[]);
        let (gap, size) = (largest(&(ours - theirs)), largest(theirs));
        assert!(gap <= allowed.gap * size.max(1e-3), "{what}: result {result} is off by {gap} of {size}");
    }
}

/// Compares the operations on the inputs as given, and with each number of [`BROKEN`] at each of
/// `places`, in each input and in the gradient of the result.
fn agree(what: &str, [ours, theirs]: [Operation; 2], inputs: &[Tensor], places: &[i64], allowed: Allowed) {
    let result = no_grad(|| theirs(inputs));
    let pull = randn(&result.size(), result.kind());
    let check = |what: &str, inputs: &[Tensor], pull: &Tensor| {
        compare(what, &passes(ours, inputs, pull), &passes(theirs, inputs, pull), allowed);
    };
    check(what, inputs, &pull);
    for value in BROKEN {
        for &place in places {
            for broken in 0..inputs.len() {
                let mut inputs: Vec<Tensor> = inputs.iter().map(Tensor::shallow_clone).collect();
                inputs[broken] = with(&inputs[broken], place, value);
                check(&format!("{what}, {value} at {place} of input {broken}"), &inputs, &pull);
            }
            check(&format!("{what}, {value} at {place} of the gradient"), inputs, &with(&pull, place, value));
        }
    }
}

#[test]
fn relu_before_batch_normalisation() {
    relu_and_batch_normalisation(ReluPlace::Before);
}

#[test]
fn relu_after_batch_normalisation() {
    relu_and_batch_normalisation(ReluPlace::After);
}

fn relu_and_batch_normalisation(place: ReluPlace) {
    let groups = 2;
    let unfused = |inputs: &[Tensor]| {
        let [x, weight, bias] = inputs else { unreachable!() };
        let normal = |x: Tensor| {
            let none = None::<Tensor>;
            x.batch_norm(Some(weight), Some(bias), none.as_ref(), none.as_ref(), true, 0.1, 1e-5, false)
        };
        let [first, last] = [ReluPlace::Before, ReluPlace::After].map(|relu| relu == place);
        let relu = |x: Tensor, here: bool| if here { x.relu() } else { x };
        let parts = relu(x.to_kind(Kind::Float), first).chunk(groups, 0);
        relu(Tensor::cat(&parts.into_iter().map(normal).collect::<Vec<_>>(), 0), last).to_kind(x.kind())
    };
    let fused = |inputs: &[Tensor]| {
        native::relu_batch_norm(&inputs[0], &inputs[1], &inputs[2], groups, 1e-5, place).0
    };
    // One channel, a few channels, a vector of 16, and two vectors with a rest.
    for channels in [1, 6, 16, 35] {
        for (kind, gap) in [(Kind::Float, 1e-4), (Kind::BFloat16, 0.02)] {
            let x = randn(&[6, channels, 3, 2], kind);
            let inputs = [x, randn(&[channels], Kind::Float), randn(&[channels], Kind::Float)];
            let what = format!("{channels} channels, {kind:?}");
            agree(&what, [&fused, &unfused], &inputs, &[0, -1], Allowed { gap, spread: false });
        }
    }
}

#[test]
fn statistics_of_a_channel_that_is_not_finite_are_not_finite() {
    for value in [f64::NAN, f64::INFINITY] {
        let x = with(&randn(&[4, 2, 3, 3], Kind::Float), 0, value);
        let one = Tensor::ones([2], (Kind::Float, Device::Cpu));
        let (_, mean, variance) = native::relu_batch_norm(&x, &one, &one, 1, 1e-5, ReluPlace::Before);
        for statistic in [mean, variance] {
            assert_eq!(Vec::<bool>::try_from(statistic.isfinite().flatten(0, -1)).unwrap(), [false, true]);
        }
    }
}

#[test]
fn every_nan_of_float32_is_nan_in_bfloat16() {
    // Rounded like numbers, these NaNs would become 0, -0 and two infinities.
    for bits in [0xffff_ffffu32, 0x7fff_ffff, 0x7f80_0001, 0xff80_0001] {
        let bias = Tensor::from_slice(&[f32::from_bits(bits), 1.0]);
        let x = randn(&[4, 2, 3, 3], Kind::BFloat16);
        let y = native::relu_batch_norm(&x, &bias.ones_like(), &bias, 1, 1e-5, ReluPlace::Before).0;
        let broken = y.isnan().sum_dim_intlist([0i64, 2, 3].as_slice(), false, Kind::Int64);
        assert_eq!(Vec::<i64>::try_from(broken).unwrap(), [4 * 3 * 3, 0], "{bits:x}");
    }
}

#[test]
fn small_attention() {
    for (n, m, features, heads) in [(5, 3, 12, 2), (4, 33, 40, 2), (1, 17, 21, 3)] {
        let in_heads =
            |x: &Tensor| x.to_kind(Kind::Float).view([3, -1, heads, features / heads]).transpose(1, 2);
        let unfused = |inputs: &[Tensor]| {
            let [query, key, value] = [0, 1, 2].map(|i| in_heads(&inputs[i]));
            let weights = (query.matmul(&key.transpose(2, 3)) * 0.3).softmax(-1, Kind::Float);
            weights.matmul(&value).transpose(1, 2).flatten(2, 3).to_kind(inputs[0].kind())
        };
        let fused =
            |inputs: &[Tensor]| native::small_attention(&inputs[0], &inputs[1], &inputs[2], heads, 0.3);
        for (kind, gap) in [(Kind::Float, 1e-4), (Kind::BFloat16, 0.03)] {
            let inputs = [n, m, m].map(|tokens| randn(&[3, tokens, features], kind));
            let what = format!("{n} and {m} tokens, {kind:?}");
            agree(&what, [&fused, &unfused], &inputs, &[0, 7, -1], Allowed { gap, spread: false });
        }
    }
}

#[test]
fn bfloat16_convolution() {
    let rounded = |x: &Tensor| x.to_kind(Kind::BFloat16).to_kind(Kind::Float);
    let unfused = |inputs: &[Tensor]| {
        let [x, weight, bias] = [0, 1, 2].map(|i| rounded(&inputs[i]));
        x.conv2d(&weight, Some(&bias), [2, 2], [1, 1], [1, 1], 1).to_kind(Kind::BFloat16)
    };
    let ours = |inputs: &[Tensor]| native::bf16_conv(&inputs[0], &inputs[1], &inputs[2], 2, 1);
    // 9 images of 5 x 5: the last one is a chunk of its own, with an odd number of pixels.
    let inputs = [randn(&[9, 5, 9, 9], Kind::Float), randn(&[16, 5, 3, 3], Kind::Float)];
    let inputs = inputs.into_iter().chain([randn(&[16], Kind::Float)]).collect::<Vec<_>>();
    // Our kernel multiplies padding by numbers that are not finite; libtorch leaves padding out.
    agree("convolution", [&ours, &unfused], &inputs, &[0, 100, -1], Allowed { gap: 0.03, spread: true });
}

#[test]
fn enlarging_and_convolving() {
    let parameters = Parameters::new(Device::Cpu, 1);
    let conv = UpsampledConv::new(&parameters.root(), 3, 2, 5, 3);
    let weight = parameters.trainable().remove(0).1;
    let unfused = |inputs: &[Tensor]| {
        let large = inputs[0].upsample_nearest2d([12, 15], None, None);
        large.conv2d(&weight, None::<Tensor>, [1, 1], [2, 2], [1, 1], 1)
    };
    let ours = |inputs: &[Tensor]| conv.forward(&inputs[0]);
    let x = randn(&[2, 3, 4, 5], Kind::Float);
    // Our kernel multiplies taps that a pixel does not use by 0, which makes more pixels NaN.
    let allowed = Allowed { gap: 1e-4, spread: true };
    agree("broken images", [&ours, &unfused], &[x.shallow_clone()], &[0, 27, -1], allowed);
    for (value, place) in BROKEN.into_iter().flat_map(|value| [(value, 0), (value, 62), (value, -1)]) {
        let whole = weight.detach().copy();
        no_grad(|| weight.shallow_clone().copy_(&with(&whole, place, value)));
        let pull = randn(&[2, 2, 12, 15], Kind::Float);
        let [ours, theirs] =
            [&ours as Operation, &unfused].map(|pass| passes(pass, &[x.shallow_clone()], &pull));
        compare(&format!("{value} at {place} of the weight"), &ours, &theirs, allowed);
        no_grad(|| weight.shallow_clone().copy_(&whole));
    }
}

type MakeOptimiser = fn(Vec<(String, Tensor)>) -> Box<dyn Optimiser>;

#[test]
fn clipped_gradients_and_the_steps_they_make() {
    for value in BROKEN {
        let parameters = || -> Vec<(String, Tensor)> {
            let named = [("matrix", [2i64, 2].as_slice()), ("vector", &[3])];
            named.map(|(name, shape)| (name.into(), randn(shape, Kind::Float).set_requires_grad(true))).into()
        };
        let optimisers: [MakeOptimiser; 2] =
            [|all| Box::new(Lars::new(all)), |all| Box::new(Adam::new(all, 1e-8))];
        for make in optimisers {
            let named = parameters();
            let all: Vec<Tensor> = named.iter().map(|(_, x)| x.shallow_clone()).collect();
            let mut optimiser = make(named);
            all.iter().for_each(|x| (x * with(&x.ones_like(), 1, value)).sum(Kind::Float).backward());
            native::clip_gradients(&all, 1.0);
            // As in torch.nn.utils.clip_grad_norm_: a NaN norm makes every gradient NaN; an
            // infinite norm makes finite gradients 0 and infinite ones NaN.
            let finite = |x: &Tensor| Vec::<bool>::try_from(x.isfinite().flatten(0, -1)).unwrap();
            let expected = [!value.is_nan(), false, !value.is_nan()];
            assert_eq!(finite(&all[1].grad()), expected, "{value}");
            optimiser.step(Rates::constant(0.1));
            for x in &all {
                assert!(!finite(x)[1], "{value} is lost in a step");
            }
        }
    }
}

#[test]
fn a_run_whose_weights_or_statistics_are_lost_ends_before_it_keeps_them() {
    for (noise, expected) in [
        // Frames with some infinite pixels.
        ("dataset_noise=1e38", "error: loss term `repr` became NaN at step 0"),
        // Finite losses, from feature maps whose variance is too large for float32.
        ("dataset_noise=1e20", "running_var` of the model became infinite by step 3"),
    ] {
        let at = tempfile::tempdir().unwrap();
        let values = [noise, "dataset_normalize=false", "output_path=run"];
        let printed = crate::common::fails(crate::common::train(at.path(), &values), 1);
        assert!(printed.contains(expected), "{printed}");
        let checkpoints = std::fs::read_dir(at.path().join("run/checkpoints"));
        assert_eq!(checkpoints.map_or(0, Iterator::count), 0, "{noise}");
    }
}
