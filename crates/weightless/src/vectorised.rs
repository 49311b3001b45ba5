//! Functions that are compiled for several generations of processors.

/// Defines a function that runs in the version for the widest vectors that the processor has. All
/// versions compute the same bits: the compiler fuses and reorders no floating-point operations.
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident$(<const $n:ident: usize>)?(
        $($arg:ident: $type:ty),* $(,)?
    ) $(-> $out:ty)? $body:block) => {
        $(#[$meta])*
        $vis fn $name$(<const $n: usize>)?($($arg: $type),*) $(-> $out)? {
            #[inline(always)]
            #[allow(clippy::too_many_arguments, reason = "they are those of the function itself")]
            fn portable$(<const $n: usize>)?($($arg: $type),*) $(-> $out)? $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq,popcnt,bmi2")]
                #[allow(clippy::too_many_arguments, reason = "they are those of the function itself")]
                fn with_avx512$(<const $n: usize>)?($($arg: $type),*) $(-> $out)? {
                    portable$(::<$n>)?($($arg),*)
                }
                #[target_feature(enable = "avx2,popcnt,bmi2")]
                #[allow(clippy::too_many_arguments, reason = "they are those of the function itself")]
                fn with_avx2$(<const $n: usize>)?($($arg: $type),*) $(-> $out)? {
                    portable$(::<$n>)?($($arg),*)
                }
                match $crate::vectorised::level() {
                    // SAFETY: the processor has the instructions of this level.
                    2 => return unsafe { with_avx512$(::<$n>)?($($arg),*) },
                    // SAFETY: as above.
                    1 => return unsafe { with_avx2$(::<$n>)?($($arg),*) },
                    _ => {}
                }
            }
            portable$(::<$n>)?($($arg),*)
        }
    };
}

pub(crate) use vectorised;

/// The instructions of this processor: 2 with AVX-512, 1 with AVX2, 0 otherwise.
#[cfg(target_arch = "x86_64")]
pub fn level() -> u8 {
    use std::sync::OnceLock;
    static LEVEL: OnceLock<u8> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let has_avx2 = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("bmi2");
        let has_avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vpopcntdq");
        match (has_avx2, has_avx512) {
            (true, true) => 2,
            (true, false) => 1,
            _ => 0,
        }
    })
}

/// Asks the processor to bring `values[index]` into its cache.
#[inline(always)]
pub fn prefetch<T>(values: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(value) = values.get(index) {
        // SAFETY: the address is that of a value, and prefetching reads nothing.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(
                std::ptr::from_ref(value).cast(),
            );
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, index);
}

#[cfg(test)]
mod tests {
    vectorised! {
        fn sum<const N: usize>(values: &[[f32; N]]) -> [f32; N] {
            values.iter().fold([0.0; N], |sum, row| std::array::from_fn(|i| sum[i] + row[i]))
        }
    }

    #[test]
    fn every_version_computes_the_same_bits() {
        let rows: Vec<[f32; 16]> =
            (0..300).map(|i| std::array::from_fn(|j| ((i * 16 + j) as f32 * 0.7).sin())).collect();
        let plain = (0..16).map(|j| rows.iter().fold(0.0f32, |sum, row| sum + row[j]).to_bits());
        assert!(sum(&rows).map(f32::to_bits).into_iter().eq(plain));
    }
}
