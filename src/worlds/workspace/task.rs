//! The training of a workspace, `model_type: GW`.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tch::{Device, Tensor};

use super::Settings;
use super::alignment::{Alignment, Batches, GroupItems};
use super::data::{ShapeSet, Split};
use super::domains::attributes::AttributeDomain;
use super::domains::text::TextDomain;
use super::domains::vision::VisionDomain;
use super::domains::{Domain, ImportedDomain, Items};
use super::evaluation::{Evaluator, KnownItems, ScoreTable, Specialist};
use super::figures;
use super::models::{LatentBatch, LossSet, Workspace};
use super::probes;
use super::settings::{ATTRIBUTES, TEXT, VISION};
use crate::charts::Figure;
use crate::nn::Parameters;
use crate::runs::{Inputs, Progress};
use crate::training::{Evaluated, GradientDescent, Plan, Prefetch, RunKeys, Step, Task, object};
use umwelt_base::stop::Stop;

/// Training and evaluation of a workspace.
pub struct WorkspaceTask {
    settings: Settings,
    run: RunKeys,
    workspace: Workspace,
    batches: Arc<Batches>,
    evaluator: Evaluator,
    descent: GradientDescent,
}

/// Figures with the names of their files.
type Figures = Vec<(&'static str, Figure)>;

impl WorkspaceTask {
    /// The task of these settings, with all items encoded.
    ///
    /// # Errors
    /// When a stage does not fit its settings, data are missing, or quotas do not fit.
    pub fn new(settings: &Settings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        let gw = &settings.gw;
        let set = Arc::new(ShapeSet::new(&settings.shapes, &settings.ood, run.seed)?);
        let alignment = alignment(settings, &set)?;
        let specialist = |name: &String| Ok(Specialist::new(domain(settings, name, device, inputs)?));
        let specialists: Vec<Specialist> = gw.domains.iter().map(specialist).collect::<Result<_>>()?;
        let known = |items| KnownItems::encode(&specialists, items, &Stop::default());
        let of_split = |split| known(Items::new(&set, run.seed, split));
        let training = of_split(Split::Training)?;
        let scored = |split| {
            separated(&set, split, of_split(split)?, || {
                Items::synthesised(&set, run.seed, split).map(known).transpose()
            })
        };
        let ((validation, outside), (test, outside_test)) =
            (scored(Split::Validation)?, scored(Split::Test)?);
        let items = [training, validation, test];
        let outside = outside.zip(outside_test).map(|(validation, test)| [validation, test]);
        let layouts = specialists.iter().map(|specialist| specialist.layout.clone()).collect();
        let workspace = Workspace::new(Parameters::new(device, run.seed), layouts, gw);
        let batches = Batches::new(&alignment, gw.batch, gw.batch_size, run.seed);
        let factor = |name: &str| if name.contains("decoder") { gw.lr_factor_of_decoders() } else { 1.0 };
        let descent =
            GradientDescent::with_factors(&workspace.parameters, &gw.recipe(), gw.batch_size, 1, factor);
        let matched = Tensor::from_slice(alignment.matched()).to_device(device);
        Ok(Self {
            evaluator: Evaluator::new(specialists, matched, items, outside, gw.coefs.contrastive, run.seed),
            batches: Arc::new(batches),
            settings: settings.clone(),
            run: run.clone(),
            workspace,
            descent,
        })
    }

    /// The tables and figures of the probes.
    fn probe(&self, progress: &dyn Progress) -> Result<(Vec<ScoreTable>, Figures)> {
        let (evaluator, workspace) = (&self.evaluator, &self.workspace);
        let Settings { odd_one_out, attention, attr, gw, .. } = &self.settings;
        let mut tables = vec![probes::class_transfer(evaluator, workspace, progress)?];
        let mut figures = vec![];
        if attr.use_unpaired && gw.makes("attr") {
            tables.push(probes::unpaired(evaluator, workspace, progress)?);
        }
        if odd_one_out.enabled {
            tables.extend(probes::odd_one_out(evaluator, workspace, odd_one_out, progress)?);
        }
        if attention.enabled {
            let (table, figure) = probes::corrupted(evaluator, workspace, attention, progress)?;
            tables.push(table);
            figures.push(("corrupted", figure));
        }
        Ok((tables, figures))
    }

    fn epoch(&self, step: u64) -> usize {
        (step / self.batches.steps_per_epoch()) as usize
    }
}

/// The items of each group: matched ones are in distribution, the others belong to `ood.domain`.
fn alignment(settings: &Settings, set: &ShapeSet) -> Result<Alignment> {
    let alignment = Alignment::new(&settings.gw, &set.inside(Split::Training))?;
    let outside = settings.ood.domain.as_ref().map(|name| {
        settings.gw.domains.iter().position(|domain| domain == name).expect("ood.domain is checked")
    });
    Ok(match outside {
        Some(domain) => alignment.with_unmatched(domain, &set.outside(Split::Training)),
        None => alignment,
    })
}

/// The items of a split that are in distribution, and those that are not: where a rule says which,
/// the items that `synthesised` makes, or else those of the split.
///
/// # Errors
/// When no item of the split is out of distribution, and the errors of `synthesised`.
fn separated(
    set: &ShapeSet,
    split: Split,
    items: KnownItems,
    synthesised: impl Fn() -> Result<Option<KnownItems>>,
) -> Result<(KnownItems, Option<KnownItems>)> {
    if !set.has_rule() {
        return Ok((items, None));
    }
    let outside = match synthesised()? {
        Some(outside) => outside,
        None => items.select(&set.outside(split)),
    };
    ensure!(
        !outside.shapes().is_empty(),
        "no item of the split {} is out of distribution by ood.rule; set ood.synthesise=true, or lower \
         ood.attributes",
        split.name()
    );
    Ok((items.select(&set.inside(split)), Some(outside)))
}

/// The domain `name`, from its stage if it has one.
///
/// # Errors
/// When a stage does not fit its settings, or its data are missing.
pub(super) fn domain(
    settings: &Settings,
    name: &str,
    device: Device,
    inputs: &Inputs,
) -> Result<Box<dyn Domain>> {
    if let Some(folder) = settings.gw.latents.as_ref().and_then(|latents| latents.get(name)) {
        let folder = Path::new(folder);
        return Ok(Box::new(ImportedDomain::read(name, folder, &settings.shapes, device)?));
    }
    let checkpoint = |key| inputs.checkpoint(key).with_context(|| format!("{key} names no checkpoint"));
    Ok(match name {
        "v" => Box::new(VisionDomain::load(&settings.vision, checkpoint(VISION)?, device).context(VISION)?),
        "t" => Box::new(TextDomain::load(&settings.text, checkpoint(TEXT)?, device).context(TEXT)?),
        _ => {
            let (attr, unpaired) = (&settings.attr, settings.shapes.unpaired_dim);
            match inputs.checkpoint(ATTRIBUTES) {
                Some(path) => {
                    Box::new(AttributeDomain::load(attr, unpaired, path, device).context(ATTRIBUTES)?)
                }
                None => Box::new(AttributeDomain::plain(attr, unpaired, device)),
            }
        }
    })
}

impl Task for WorkspaceTask {
    /// The items of each group of domains.
    type Batch = Vec<GroupItems>;

    /// An epoch is a pass over the training items.
    fn plan(&self) -> Plan {
        let gw = &self.settings.gw;
        let plan = Plan::of_steps(&self.run, gw.steps as u64, self.batches.steps_per_epoch());
        Plan { patience: gw.patience, ..plan }
    }

    fn title(&self) -> String {
        let gw = &self.settings.gw;
        let losses = gw.losses.unwrap_or_else(|| LossSet::of_coefs(&gw.coefs));
        let matched = self.evaluator.matched.numel();
        format!("workspace of {}, {matched} matched items, losses {losses}", gw.domains.join(", "))
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<Vec<GroupItems>> {
        let batches = self.batches.clone();
        Prefetch::new(steps, move |step| batches.rows(step))
    }

    fn batch_size(&self) -> usize {
        self.settings.gw.batch_size
    }

    fn step(&mut self, step: u64, batch: Vec<GroupItems>, _observe: bool) -> Result<Step> {
        let batch = LatentBatch::gather(&self.evaluator.training.latents, &batch)?;
        let epoch = self.epoch(step);
        self.descent.descend(step, || Ok(self.workspace.loss(&batch, step, epoch)))
    }

    fn parameters(&self) -> &Parameters {
        &self.workspace.parameters
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, epoch: f64, progress: &dyn Progress) -> Result<Evaluated> {
        let (evaluator, workspace) = (&self.evaluator, &self.workspace);
        let is_last = epoch >= self.plan().epoch(self.plan().steps);
        let (probes, probe_figures) = if is_last { self.probe(progress)? } else { Default::default() };
        let scores = evaluator.validate(workspace, probes, progress)?;
        let mut report = object(&scores)?;
        report.insert("epoch".into(), epoch.into());
        if is_last {
            report.insert("test".into(), evaluator.test(workspace, progress)?.card().numbers().into());
        }
        let figures = [figures::all(evaluator, workspace, self.run.seed)?, probe_figures].concat();
        Ok(Evaluated { card: scores.card(), report, table: scores.table(&self.title()), figures })
    }
}
