//! The batch script of a job array.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::Submission;
use crate::registry::quoted;
use crate::sweeps::file::safe_name;
use crate::sweeps::folder::SweepFolder;

/// The options for Slurm, passed to `sbatch` unchanged.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Slurm")]
pub struct SlurmOptions {
    /// Submit the runs to Slurm as one job array instead of running them here
    #[arg(long)]
    pub slurm: bool,
    /// Partition of the cluster
    #[arg(long, requires = "slurm")]
    pub partition: Option<String>,
    /// Generic resources of each task, such as gpu:1
    #[arg(long, requires = "slurm")]
    pub gres: Option<String>,
    /// Time limit of a task; before it ends the run leaves a checkpoint and is queued again
    #[arg(long, requires = "slurm")]
    pub time: Option<String>,
    /// CPU cores of each task
    #[arg(long, requires = "slurm", value_name = "N", value_parser = positive)]
    pub cpus_per_task: Option<usize>,
    /// Memory of each task, such as 8G
    #[arg(long, requires = "slurm")]
    pub mem: Option<String>,
    /// Account to charge
    #[arg(long, requires = "slurm")]
    pub account: Option<String>,
    /// Quality of service
    #[arg(long, requires = "slurm")]
    pub qos: Option<String>,
    /// Seconds before the time limit at which the run is warned
    #[arg(long, requires = "slurm", value_name = "SECONDS", default_value_t = 120)]
    pub grace: u32,
    /// Anything else for sbatch, such as --slurm-option=--constraint=a100
    #[arg(long, requires = "slurm", value_name = "OPTION", allow_hyphen_values = true)]
    pub slurm_option: Vec<String>,
    /// Runs of each task, one after another; more where the cluster's array limit demands it
    #[arg(long, requires = "slurm", value_name = "N", default_value_t = 1, value_parser = positive)]
    pub runs_per_task: usize,
}

/// Reads a count of 1 or more.
///
/// # Errors
/// Any other text.
pub fn positive(text: &str) -> Result<usize, String> {
    let count = text.parse().map_err(|_| "expected a whole number, 1 or more".to_owned())?;
    if count == 0 { Err("must be 1 or more".into()) } else { Ok(count) }
}

impl SlurmOptions {
    /// Checks that every option fits on one line of a batch script.
    ///
    /// # Errors
    /// An option with a line break or another control character.
    pub fn check(&self) -> Result<(), String> {
        let named = self.named().into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let others = self.slurm_option.iter().map(|option| ("slurm-option", option));
        match named.chain(others).find(|(_, value)| value.contains(char::is_control)) {
            Some((name, value)) => {
                Err(format!("--{name}: {value:?} has a line break or another control character"))
            }
            None => Ok(()),
        }
    }

    /// The options that `sbatch` takes under the same name.
    fn named(&self) -> [(&'static str, &Option<String>); 6] {
        [
            ("partition", &self.partition),
            ("gres", &self.gres),
            ("time", &self.time),
            ("mem", &self.mem),
            ("account", &self.account),
            ("qos", &self.qos),
        ]
    }
}

/// The script for `sbatch`: an array with a task for each list of trials, at most `jobs` at a time.
///
/// The shell replaces itself by `umwelt` (`exec`), so that Slurm's warning signal reaches it.
///
/// # Errors
/// A path that does not fit on one line of the script.
pub fn script(
    folder: &SweepFolder,
    submission: &Submission,
    options: &SlurmOptions,
    jobs: Option<usize>,
) -> Result<String> {
    let plan = std::path::absolute(submission.path(folder))?;
    let here = std::env::current_dir()?;
    let throttle = jobs.map_or(String::new(), |jobs| format!("%{jobs}"));
    let mut lines = vec![
        directive("job-name", &safe_name(&folder.file.name)),
        directive("array", &format!("0-{}{throttle}", submission.tasks.len() - 1)),
    ];
    lines.extend(places(&plan, &here)?);
    lines.extend(resources(options));
    let header: String = lines.iter().map(|line| format!("#SBATCH {line}\n")).collect();
    let program = text(&std::env::current_exe()?)?.to_owned();
    let command = quoted(&[program, "sweep".into(), "--task".into(), text(&plan)?.into()]);
    Ok(format!(
        "#!/bin/bash\n{header}\nexport OMP_NUM_THREADS=\"${{SLURM_CPUS_PER_TASK:-1}}\"\nexec {command}\n"
    ))
}

/// The directives for the tasks' working directory and for their logs, in the folder of `plan`.
fn places(plan: &Path, here: &Path) -> Result<[String; 2]> {
    let folder = text(plan.parent().unwrap_or(Path::new("/")))?;
    ensure!(!folder.contains('\\'), "{folder}: Slurm names no log files in a folder with a backslash");
    // Slurm replaces % and the letter behind it.
    let logs = format!("{}/%A_%a.log", folder.replace('%', "%%"));
    Ok([directive("output", &logs), directive("chdir", text(here)?)])
}

fn resources(options: &SlurmOptions) -> Vec<String> {
    let mut lines = vec!["--open-mode=append".into(), "--requeue".into()];
    lines.push(directive("signal", &format!("B:USR1@{}", options.grace)));
    lines.push(directive("cpus-per-task", &options.cpus_per_task.unwrap_or(1).to_string()));
    let named =
        options.named().into_iter().filter_map(|(name, value)| Some(directive(name, value.as_ref()?)));
    lines.extend(named);
    lines.extend(options.slurm_option.iter().map(|option| any_directive(option)));
    lines
}

/// A path as text that fits on one line.
fn text(path: &Path) -> Result<&str> {
    let text = path.to_str().filter(|text| !text.contains(char::is_control));
    text.with_context(|| format!("{path:?} cannot be written in a batch script; use a path of plain text"))
}

fn directive(name: &str, value: &str) -> String {
    format!("--{name}={}", word(value))
}

/// An option of `sbatch` in any form: `--name=value`, or words such as `-C a100`.
fn any_directive(option: &str) -> String {
    match option.split_once('=') {
        Some((name, value)) if !name.contains(char::is_whitespace) => format!("{name}={}", word(value)),
        _ => option.split_whitespace().map(word).collect::<Vec<_>>().join(" "),
    }
}

/// A word quoted for sbatch, which otherwise splits at spaces and `#` and removes quotes and
/// backslashes.
fn word(text: &str) -> String {
    if !text.contains(|c: char| c.is_whitespace() || "\"'\\#".contains(c)) {
        return text.to_owned();
    }
    let escape = |c: char| ("\"\\#".contains(c).then_some('\\'), c);
    let escaped: String =
        text.chars().map(escape).flat_map(|(sign, c)| sign.into_iter().chain([c])).collect();
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use umwelt_settings::example::RunSettings;

    /// The options that sbatch takes from a script, by the rules of its own reader.
    fn read_as_sbatch(script: &str) -> Vec<String> {
        let lines = script.lines().take_while(|line| line.starts_with('#'));
        let directives = lines.filter_map(|line| line.strip_prefix("#SBATCH"));
        directives.flat_map(words).collect()
    }

    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => word.extend(chars.next()),
                c if Some(c) == quote => quote = None,
                '"' | '\'' if quote.is_none() => quote = Some(c),
                '#' if quote.is_none() => break,
                c if c.is_whitespace() && quote.is_none() => words.push(std::mem::take(&mut word)),
                c => word.push(c),
            }
        }
        assert_eq!(quote, None, "unmatched quote in {line}");
        words.push(word);
        words.into_iter().filter(|word| !word.is_empty()).collect()
    }

    fn sweep(name: &str, at: &Path) -> SweepFolder {
        let file = at.join("sweep.yaml");
        let values = "values: {model_type: VICReg}\nparameters: {dataset_noise: [1, 2]}";
        std::fs::write(&file, format!("name: {name}\n{values}\n")).unwrap();
        SweepFolder::open::<RunSettings>(&file, &[], Some(at), None).unwrap()
    }

    fn script_of(name: &str, at: &Path, options: &SlurmOptions) -> Result<String> {
        let folder = sweep(name, at);
        let submission = Submission::plan(&folder, folder.trials()?, (1, 1000))?;
        script(&folder, &submission, options, Some(3))
    }

    #[test]
    fn sbatch_reads_every_option_as_it_was_meant() {
        let at = tempfile::tempdir().unwrap();
        let folder = at.path().join("x\"y %j 'z' #1");
        std::fs::create_dir(&folder).unwrap();
        let slurm_option =
            ["--comment=it's \"so\" #1\\", "-C a100", "--exclusive", "--mail-user a@b"].map(String::from);
        let account = Some("a b;c".to_owned());
        let options =
            SlurmOptions { account, grace: 60, slurm_option: slurm_option.into(), ..Default::default() };
        let script = script_of("\"a\\necho injected\"", &folder, &options).unwrap();
        let logs = folder.join("slurm").display().to_string().replace('%', "%%");
        let here = std::env::current_dir().unwrap();
        let expected = [
            "--job-name=a-echo-injected",
            "--array=0-1%3",
            &format!("--output={logs}/%A_%a.log"),
            &format!("--chdir={}", here.display()),
            "--open-mode=append",
            "--requeue",
            "--signal=B:USR1@60",
            "--cpus-per-task=1",
            "--account=a b;c",
            "--comment=it's \"so\" #1\\",
            "-C",
            "a100",
            "--exclusive",
            "--mail-user",
            "a@b",
        ];
        assert_eq!(read_as_sbatch(&script), expected);
        let body: Vec<&str> = script.lines().skip_while(|line| line.starts_with('#')).collect();
        assert_eq!(body.len(), 3, "{script}");
        assert!(body[2].ends_with(r#"/x"y %j '\''z'\'' #1/slurm/submission-1.json'"#), "{script}");
    }

    #[test]
    fn what_no_line_can_hold_is_refused_by_its_name() {
        let account = SlurmOptions { account: Some("a\nb".into()), ..Default::default() };
        let expected = "--account: \"a\\nb\" has a line break or another control character";
        assert_eq!(account.check().unwrap_err(), expected);
        let option = SlurmOptions { slurm_option: vec!["--x=1\necho".into()], ..Default::default() };
        assert!(option.check().unwrap_err().starts_with("--slurm-option: "));
        let at = tempfile::tempdir().unwrap();
        for (name, reason) in [("a\nb", "cannot be written in a batch script"), ("a\\b", "with a backslash")]
        {
            let folder = at.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            let refused = script_of("s", &folder, &SlurmOptions::default()).unwrap_err().to_string();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
