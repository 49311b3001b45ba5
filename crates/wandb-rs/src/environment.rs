//! The environment of a run: machine, program, repository and Slurm job.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::clock::timestamp;
use crate::folder::new_uuid;
use crate::messages::{Environment, Git};

/// The environment of this process, whose run started at `start` (since 1970).
pub(crate) fn environment(vars: &BTreeMap<String, String>, start: Duration) -> Environment {
    let path = |path: std::io::Result<std::path::PathBuf>| {
        path.map_or(String::new(), |path| path.to_string_lossy().into_owned())
    };
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let processors = std::thread::available_parallelism().map_or(0, |count| count.get() as u32);
    Environment {
        os: output("uname", &["-srm"]).unwrap_or_else(|| std::env::consts::OS.into()),
        started_at: Some(timestamp(start)),
        program: arguments.next().unwrap_or_default(),
        args: arguments.collect(),
        git: git(vars),
        root: path(std::env::current_dir()),
        host: output("uname", &["-n"]).unwrap_or_default(),
        username: vars.get("USER").or(vars.get("LOGNAME")).cloned().unwrap_or_default(),
        executable: path(std::env::current_exe()),
        cpu_count: crate::stats::physical_processors().unwrap_or(processors),
        cpu_count_logical: processors,
        memory: crate::stats::memory(),
        slurm: slurm(vars),
        writer_id: new_uuid(),
    }
}

/// Commit and remote of the current folder's repository.
fn git(vars: &BTreeMap<String, String>) -> Option<Git> {
    if vars.get("WANDB_DISABLE_GIT").is_some_and(|word| word != "false" && word != "0") {
        return None;
    }
    let commit = output("git", &["rev-parse", "--verify", "HEAD"])?;
    let remote = output("git", &["config", "--get", "remote.origin.url"]).unwrap_or_default();
    Some(Git { remote_url: without_password(&remote), commit })
}

/// An address without its user information (before `@`), which may hold a token.
fn without_password(url: &str) -> String {
    match url.split_once("://").map(|(scheme, rest)| (scheme, rest.split_once('@'))) {
        Some((scheme, Some((user, rest)))) if !user.contains('/') => format!("{scheme}://{rest}"),
        _ => url.to_owned(),
    }
}

/// The job's variables, named as W&B names them: `SLURM_JOB_ID` is `job_id`.
fn slurm(vars: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    if !vars.contains_key("SLURM_JOB_ID") {
        return BTreeMap::new();
    }
    let named = |(name, value): (&String, &String)| {
        Some((name.strip_prefix("SLURM_")?.to_lowercase(), value.clone()))
    };
    vars.iter().filter_map(named).collect()
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let answer = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    (answer.status.success() && !text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_is_told_without_its_token() {
        assert_eq!(without_password("https://me:token@host/a.git"), "https://host/a.git");
        for same in ["git@host:a.git", "https://host/a@b.git", "/srv/a.git", ""] {
            assert_eq!(without_password(same), same);
        }
    }

    #[test]
    fn slurms_variables_are_told_inside_a_job_only() {
        let vars = [("SLURM_JOB_ID", "17"), ("SLURM_JOB_NAME", "dots"), ("HOME", "/home/me")];
        let mut vars = BTreeMap::from(vars.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let told: Vec<_> = slurm(&vars).into_iter().collect();
        assert_eq!(told, [("job_id".into(), "17".into()), ("job_name".into(), "dots".into())]);
        vars.remove("SLURM_JOB_ID");
        assert!(slurm(&vars).is_empty());
    }
}
