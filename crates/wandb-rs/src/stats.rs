//! The machine's load, logged every few seconds from a thread of its own.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sysinfo::{Disks, Networks, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::journal::Journal;
use crate::messages::Memory;
use crate::warnings::lock;

const MIB: f64 = (1 << 20) as f64;
const GIB: f64 = (1 << 30) as f64;
/// The first sample comes early, so that short runs have one.
const FIRST: Duration = Duration::from_secs(1);

pub(crate) fn physical_processors() -> Option<u32> {
    System::physical_core_count().ok().map(|count| count as u32)
}

pub(crate) fn memory() -> Option<Memory> {
    let mut system = System::new().ok()?;
    system.refresh_memory();
    Some(Memory { total: system.total_memory() })
}

/// A thread that measures the machine's load. Dropping this ends the thread without waiting for it,
/// because a query of a network disk may take long.
pub(crate) struct Sampler {
    _open: Sender<()>,
}

impl Sampler {
    pub fn start(journal: Arc<Mutex<Option<Journal>>>, interval: Duration) -> Self {
        let (open, closing) = channel();
        let work = move || {
            let Some(mut machine) = Machine::new() else { return };
            let mut wait = interval.min(FIRST);
            while closing.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                let measured = machine.measure();
                lock(&journal).iter_mut().for_each(|journal| journal.stats(&measured));
                wait = interval;
            }
        };
        // If the thread cannot start, the run has no load records.
        let _ = std::thread::Builder::new().name("wandb-stats".into()).spawn(work);
        Self { _open: open }
    }
}

struct Machine {
    system: System,
    disks: Disks,
    networks: Networks,
    pid: Pid,
    /// Bytes sent and received when the run began.
    traffic: (u64, u64),
}

impl Machine {
    /// None if the system does not allow measurements.
    fn new() -> Option<Self> {
        let mut machine = Self {
            system: System::new().ok()?,
            disks: Disks::new_with_refreshed_list().ok()?,
            networks: Networks::new_with_refreshed_list().ok()?,
            pid: Pid::from_u32(std::process::id()),
            traffic: (0, 0),
        };
        machine.traffic = machine.traffic();
        machine.refresh();
        Some(machine)
    }

    fn refresh(&mut self) {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        let kind = ProcessRefreshKind::nothing().with_memory().with_cpu();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), false, kind);
        self.disks.refresh(false);
        self.networks.refresh(false);
    }

    /// The load with W&B's names and units: percent, MiB and GiB, and bytes sent and received since
    /// the run began.
    fn measure(&mut self) -> Vec<(String, f64)> {
        self.refresh();
        let system = &self.system;
        let (total, available) = (system.total_memory() as f64, system.available_memory() as f64);
        let mut measured = vec![
            ("cpu".to_owned(), system.global_cpu_usage().into()),
            ("memory_percent".to_owned(), 100.0 * (1.0 - available / total)),
            ("proc.memory.availableMB".to_owned(), available / MIB),
        ];
        if let Some(process) = system.process(self.pid) {
            let resident = process.memory() as f64;
            measured.push(("proc.memory.rssMB".into(), resident / MIB));
            measured.push(("proc.memory.percent".into(), 100.0 * resident / total));
        }
        if let Some(root) = self.disks.iter().find(|disk| disk.mount_point() == Path::new("/")) {
            let used = (root.total_space() - root.available_space()) as f64;
            measured.push(("disk./.usagePercent".into(), 100.0 * used / root.total_space() as f64));
            measured.push(("disk./.usageGB".into(), used / GIB));
        }
        let (sent, received) = self.traffic();
        measured.push(("network.sent".into(), sent.saturating_sub(self.traffic.0) as f64));
        measured.push(("network.recv".into(), received.saturating_sub(self.traffic.1) as f64));
        measured
    }

    /// Bytes sent and received since the machine started.
    fn traffic(&self) -> (u64, u64) {
        self.networks.values().fold((0, 0), |(sent, received), network| {
            (sent + network.total_transmitted(), received + network.total_received())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_holds_64_mib_is_seen_to_hold_them() {
        let held = vec![1_u8; 64 << 20];
        let measured = Machine::new().unwrap().measure();
        let of =
            |name: &str| measured.iter().find(|(key, _)| key == name).map(|(_, number)| *number).unwrap();
        assert!(of("proc.memory.rssMB") > (held.len() >> 20) as f64, "{measured:?}");
        for percent in ["cpu", "memory_percent", "proc.memory.percent", "disk./.usagePercent"] {
            assert!((0.0..=100.0).contains(&of(percent)), "{measured:?}");
        }
    }
}
