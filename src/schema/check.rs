//! What no run can be made with, refused before anything is built.

use super::{ModelType, RunSettings};
use umwelt_base::threads;

use crate::settings::check::{MOST, Refusal, at_least, at_most, finite, not_negative, refuse, within};
use crate::settings::{Schema, differences};
use crate::worlds::dots::data::DatasetType;

impl Schema for RunSettings {
    const REQUIRED: &'static [(&'static str, &'static [&'static str])] =
        &[("model_type", &["VICReg", "SimCLR", "RSSM", "CoMo"])];

    fn check(&self) -> Result<(), Refusal> {
        self.check_dataset()?;
        self.check_run()?;
        self.check_model()?;
        within("probing_cfg", self.probing_cfg.check())?;
        within("vicreg", self.vicreg.check())?;
        within("simclr", self.simclr.check())?;
        within("rssm", self.rssm.check())?;
        within("como", self.como.check())
    }

    fn affects_results(&self, key: &str) -> bool {
        let section = key.split_once('.').map(|(section, _)| section);
        let model = section.and_then(|section| MODELS.iter().find(|(_, own)| *own == section));
        !NO_RESULT.contains(&key) && model.is_none_or(|(model_type, _)| *model_type == self.model_type)
    }
}

/// Labels, places and mirrors of a run, and how the machine works on it.
const NO_RESULT: [&str; 7] =
    ["output_path", "run_name", "run_group", "wandb", "tensorboard", "threads", "safe_every_n_epochs"];

/// The models, each with the section of its settings.
const MODELS: [(ModelType, &str); 4] = [
    (ModelType::VICReg, "vicreg"),
    (ModelType::SimCLR, "simclr"),
    (ModelType::RSSM, "rssm"),
    (ModelType::CoMo, "como"),
];

/// No batch has more images of one channel: one copy of them takes 50 GB.
const MOST_IMAGES: usize = 1 << 24;
/// No evaluation plans more often.
const MOST_PLANS: usize = 100_000;
/// Above this the margin of two standard deviations on each side leaves a dot no room in 28 pixels.
const LARGEST_DOT_STD: f64 = 6.75;

impl RunSettings {
    fn check_dataset(&self) -> Result<(), Refusal> {
        let batch = self.dataset_batch_size;
        at_least(2, &[("n_steps", self.n_steps), ("val_n_steps", self.val_n_steps)])?;
        at_least(2, &[("dataset_batch_size", batch)])?;
        for (key, size) in [("dataset_size", self.dataset_size), ("val_dataset_size", self.val_dataset_size)]
        {
            if size < batch {
                return refuse(key, format!("must be at least dataset_batch_size, {batch}, but is {size}"));
            }
            at_most(MOST, &[(key, size)])?;
        }
        self.check_batch()?;
        not_negative(&[
            ("dataset_noise", self.dataset_noise),
            ("dataset_static_noise", self.dataset_static_noise),
        ])?;
        finite(&[("dataset_static_noise_speed", self.dataset_static_noise_speed)])?;
        let std = self.dataset_dot_std;
        if !(std > 0.0 && std < LARGEST_DOT_STD) {
            let allowed = format!("must be above 0 and below {LARGEST_DOT_STD}, but is {std}");
            return refuse("dataset_dot_std", allowed);
        }
        Ok(())
    }

    /// Refuses batches that no memory holds.
    fn check_batch(&self) -> Result<(), Refusal> {
        let (batch, channels) = (self.dataset_batch_size, self.world_model().map_or(1, |model| model.1));
        let frames = [("n_steps", self.n_steps), ("val_n_steps", self.val_n_steps)];
        let (key, frames) = frames.into_iter().max_by_key(|(_, frames)| *frames).unwrap_or(("n_steps", 1));
        let images = batch.saturating_mul(frames).saturating_mul(channels);
        if images <= MOST_IMAGES {
            return Ok(());
        }
        let (key, value) = if frames > batch { (key, frames) } else { ("dataset_batch_size", batch) };
        let sizes = format!("{batch} sequences of {frames} frames and {channels} channels");
        refuse(
            key,
            format!("must be less than {value}: a batch has at most {MOST_IMAGES} images, not {sizes}"),
        )
    }

    fn check_run(&self) -> Result<(), Refusal> {
        at_least(
            1,
            &[
                ("safe_every_n_epochs", self.safe_every_n_epochs),
                ("eval_every_n_epochs", self.eval_every_n_epochs),
                ("log_every", self.log_every),
            ],
        )?;
        at_least(usize::from(self.probe_mpc), &[("eval_mpcs", self.eval_mpcs)])?;
        at_most(MOST_PLANS, &[("eval_mpcs", self.eval_mpcs)])?;
        threads::check(0, self.threads).or_else(|reason| refuse("threads", reason))?;
        if is_device(&self.device) {
            return Ok(());
        }
        refuse(
            "device",
            format!("must be auto, cpu, cuda, cuda:N (cuda:0, ...) or mps, but is `{}`", self.device),
        )
    }

    fn check_model(&self) -> Result<(), Refusal> {
        let Some((section, channels, action_dim)) = self.world_model() else { return self.check_no_dots() };
        if action_dim != 2 {
            return refuse(&format!("{section}.action_dim"), format!("must be 2, but is {action_dim}"));
        }
        let (allowed, most) = match self.dataset_type {
            DatasetType::Single => ("1 with dataset_type Single", 1),
            DatasetType::Multiple => ("1 or 3 with dataset_type Multiple", 3),
        };
        if channels != 1 && channels != most {
            return refuse(&format!("{section}.channels"), format!("must be {allowed}, but is {channels}"));
        }
        Ok(())
    }
}

/// Keys of the moving dots, besides those under `dataset_` and `probing_cfg`.
const OF_DOTS: [&str; 5] = ["n_steps", "val_n_steps", "val_dataset_size", "eval_mpcs", "probe_mpc"];

impl RunSettings {
    /// A model without dots refuses what is set for them.
    fn check_no_dots(&self) -> Result<(), Refusal> {
        let of_dots = |key: &str| {
            let section = key.starts_with("dataset_") && key != "dataset_batch_size";
            section || key.starts_with("probing_cfg.") || OF_DOTS.contains(&key)
        };
        match differences(&Self::default(), self).into_iter().find(|changed| of_dots(&changed.key)) {
            Some(changed) => {
                let reason = format!(
                    "must be left at {} with model_type CoMo, which sees no moving dots",
                    changed.left
                );
                refuse(&changed.key, reason)
            }
            None => Ok(()),
        }
    }
}

fn is_device(name: &str) -> bool {
    let index =
        name.strip_prefix("cuda:").map(|index| index.parse::<u8>().is_ok_and(|n| n.to_string() == index));
    index.unwrap_or_else(|| ["auto", "cpu", "cuda", "mps"].contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;

    fn refused(model_type: &str, argument: &str) -> Option<String> {
        let values = [format!("model_type={model_type}"), argument.to_owned()];
        settings::load::<RunSettings>(&[], &values).err().map(|error| error.to_string())
    }

    #[test]
    fn the_defaults_of_each_model_are_accepted() {
        for model_type in ["VICReg", "SimCLR", "RSSM", "CoMo"] {
            assert_eq!(refused(model_type, "seed=1"), None);
        }
    }

    #[test]
    fn what_no_run_can_be_made_with_is_refused_with_its_key() {
        let impossible = [
            "n_steps=1",
            "val_n_steps=1",
            "dataset_batch_size=1",
            "dataset_size=127",
            "val_dataset_size=127",
            "dataset_noise=-0.1",
            "dataset_static_noise=.inf",
            "dataset_static_noise_speed=.nan",
            "dataset_dot_std=0",
            "dataset_dot_std=6.75",
            "safe_every_n_epochs=0",
            "log_every=0",
            "eval_mpcs=100001",
            "n_steps=131073",
            "val_n_steps=1000000000000",
            "threads=100000",
            "threads=18446744073709551615",
            "device=gpu",
            "device='cuda:'",
            "device=cuda:01",
            "vicreg.action_dim=3",
            "vicreg.channels=3",
            "vicreg.epochs=0",
            "vicreg.epochs=1000000001",
            "vicreg.embedding_size=65537",
            "vicreg.rnn_layers=1025",
            "vicreg.rnn_burnin=1000000000000",
            "vicreg.sigreg_directions=65537",
            "vicreg.backbone_width_factor=257",
            "simclr.epochs=18446744073709551615",
            "simclr.embedding_size=65537",
            "rssm.epochs=1000000001",
            "rssm.embedding_size=65537",
            "rssm.backbone_width_factor=257",
            "como.epochs=1000000001",
            "como.encoding_dim=65544",
            "como.state_size=65537",
            "como.num_heads=1025",
            "como.collab_message_size=65537",
            "como.collab_dec_depth=1025",
            "probing_cfg.epochs=1000000001",
            "probing_cfg.ridge_sequences=1000000001",
            "vicreg.embedding_size=0",
            "vicreg.rnn_layers=0",
            "vicreg.backbone_width_factor=0",
            "vicreg.base_lr=0",
            "vicreg.std_coeff=-1",
            "vicreg.rnn_burnin=2",
            "simclr.rnn_burnin=0",
            "simclr.loss_temp=0",
            "rssm.learning_rate=.nan",
            "rssm.min_var=-1",
            "rssm.rssm_adam_epsilon=0",
            "probing_cfg.epochs=0",
            "probing_cfg.epochs_enc=0",
            "probing_cfg.lr=0",
            "probing_cfg.ridge_sequences=1",
            "probing_cfg.schedule=cosine",
        ];
        for argument in impossible {
            let key = argument.split('=').next().unwrap();
            let message = refused("VICReg", argument).unwrap_or_else(|| panic!("{argument} was accepted"));
            assert!(message.starts_with(&format!("--values {argument}: {key}: must be ")), "{message}");
        }
    }

    #[test]
    fn a_batch_that_no_memory_holds_is_refused_at_its_larger_side() {
        let of = |values: &[&str]| {
            let values: Vec<String> = values.iter().map(ToString::to_string).collect();
            settings::load::<RunSettings>(&[], &values).err().map(|error| error.to_string())
        };
        let sequences = ["dataset_size=1000000000", "val_dataset_size=1000000000"];
        let message =
            of(&[&["model_type=RSSM", "dataset_batch_size=1000000"], &sequences[..]].concat()).unwrap();
        assert_eq!(
            message,
            "--values dataset_batch_size=1000000: dataset_batch_size: must be less than 1000000: a batch has at most \
             16777216 images, not 1000000 sequences of 17 frames and 1 channels"
        );
        assert_eq!(of(&[&["model_type=RSSM", "dataset_batch_size=986895"], &sequences[..]].concat()), None);
        assert!(
            of(&["model_type=RSSM", "dataset_size=1000000001"])
                .unwrap()
                .ends_with("must be 1000000000 or less, but is 1000000001")
        );
        // Whoever means never may write any number.
        assert_eq!(of(&["model_type=RSSM", "safe_every_n_epochs=18446744073709551615"]), None);
    }

    #[test]
    fn a_model_without_dots_refuses_what_is_set_for_them() {
        for argument in ["n_steps=5", "dataset_noise=1", "probing_cfg.epochs=9", "probe_mpc=true"] {
            let message = refused("CoMo", argument).unwrap_or_else(|| panic!("{argument} was accepted"));
            assert!(message.contains("must be left at") && message.contains("CoMo"), "{message}");
        }
        for argument in ["dataset_batch_size=32", "diagnostics=false", "vicreg.epochs=3"] {
            assert_eq!(refused("CoMo", argument), None);
        }
    }

    #[test]
    fn the_least_possible_is_accepted() {
        for argument in
            ["n_steps=2", "dataset_dot_std=6.7", "dataset_size=128", "rssm.min_var=0", "eval_mpcs=0"]
        {
            assert_eq!(refused("VICReg", argument), None);
        }
        for device in ["auto", "cpu", "cuda", "cuda:0", "cuda:12", "mps"] {
            assert_eq!(refused("VICReg", &format!("device={device}")), None);
        }
    }

    #[test]
    fn only_the_model_that_is_trained_must_fit_the_data() {
        assert_eq!(refused("VICReg", "simclr.channels=3"), None);
        assert_eq!(refused("RSSM", "vicreg.channels=3"), None);
        let values = ["model_type=SimCLR", "dataset_type=Multiple", "simclr.channels=3"].map(String::from);
        assert!(settings::load::<RunSettings>(&[], &values).is_ok());
    }

    #[test]
    fn a_canonical_backbone_pools_to_a_square() {
        for (size, fits) in [(64, true), (256, true), (576, true), (128, false), (63, false), (1, false)] {
            let values = [
                "model_type=VICReg".to_owned(),
                "vicreg.arch=canonical".to_owned(),
                format!("vicreg.embedding_size={size}"),
            ];
            assert_eq!(settings::load::<RunSettings>(&[], &values).is_ok(), fits, "{size}");
        }
    }
}
