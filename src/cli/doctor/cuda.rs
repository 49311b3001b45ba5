//! CUDA in libtorch and on this machine.

use std::path::Path;

/// The flavour of libtorch, its devices and the driver.
#[derive(Clone, Copy, Debug)]
pub struct Cuda {
    /// True if libtorch_cuda is loaded, with or without a driver.
    built: bool,
    /// The number of GPUs that libtorch can use.
    devices: i64,
    /// True if an NVIDIA driver is loaded.
    driver: bool,
}

impl Cuda {
    /// CUDA as this process finds it.
    pub fn here() -> Self {
        Self {
            built: tch::utils::has_cudart(),
            devices: tch::Cuda::device_count(),
            driver: ["/proc/driver/nvidia/version", "/dev/nvidia0"].iter().any(|at| Path::new(at).exists()),
        }
    }

    /// The flavour of libtorch.
    pub fn flavour(self) -> &'static str {
        if self.built { "CUDA flavour" } else { "CPU flavour" }
    }

    /// The number of devices, with a reason if it is 0.
    pub fn found(self) -> String {
        let reason = match self {
            Self { devices: 1.., .. } => "",
            Self { built: false, .. } => " (libtorch is the CPU flavour)",
            Self { driver: false, .. } => " (no NVIDIA driver was found)",
            Self { driver: true, .. } => " (the driver offers no GPU)",
        };
        format!("{}{reason}", self.devices)
    }

    /// Advice if the flavour of libtorch does not fit the machine.
    pub fn advice(self) -> Option<&'static str> {
        match self {
            Self { built: true, devices: 1.., .. } | Self { built: false, driver: false, .. } => None,
            Self { built: true, driver: false, .. } => Some(
                "libtorch is the CUDA flavour, but no NVIDIA driver and no GPU were found: training uses the CPU. \
                 Run `make setup build` for the smaller CPU flavour, or install a driver (CUDA 13 needs 580 or later)",
            ),
            Self { built: true, driver: true, .. } => Some(
                "libtorch is the CUDA flavour and there is an NVIDIA driver, but no GPU that libtorch can use: check \
                 `nvidia-smi` (CUDA 13 needs driver 580 or later) and CUDA_VISIBLE_DEVICES",
            ),
            Self { built: false, driver: true, .. } => Some(
                "there is an NVIDIA driver but libtorch is the CPU flavour: run `make setup build DEVICE=cuda`",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(built: bool, driver: bool, devices: i64) -> (&'static str, String, Option<&'static str>) {
        let cuda = Cuda { built, devices, driver };
        (cuda.flavour(), cuda.found(), cuda.advice())
    }

    #[test]
    fn the_flavour_is_that_of_libtorch_whatever_the_machine_has() {
        let (flavour, found, advice) = report(true, false, 0);
        assert_eq!((flavour, found.as_str()), ("CUDA flavour", "0 (no NVIDIA driver was found)"));
        assert!(advice.unwrap().contains("no NVIDIA driver and no GPU were found"));
        let (flavour, found, advice) = report(true, true, 0);
        assert_eq!((flavour, found.as_str()), ("CUDA flavour", "0 (the driver offers no GPU)"));
        assert!(advice.unwrap().contains("CUDA_VISIBLE_DEVICES"));
    }

    #[test]
    fn advice_is_given_only_if_flavour_and_machine_differ() {
        assert_eq!(report(true, true, 2), ("CUDA flavour", "2".into(), None));
        let nothing = "0 (libtorch is the CPU flavour)";
        assert_eq!(report(false, false, 0), ("CPU flavour", nothing.into(), None));
        let (flavour, found, advice) = report(false, true, 0);
        assert_eq!((flavour, found.as_str()), ("CPU flavour", nothing));
        assert!(advice.unwrap().contains("DEVICE=cuda"));
    }
}
