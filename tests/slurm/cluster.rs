//! A Slurm cluster of one node, for one test.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The cluster's daemons. They end when this is dropped.
pub struct Cluster {
    folder: tempfile::TempDir,
    daemons: Vec<Child>,
}

impl Cluster {
    /// Starts a cluster whose arrays have at most `tasks` tasks.
    pub fn start(tasks: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path());
        let mut cluster = Self { folder, daemons: vec![] };
        cluster.start_munge();
        cluster.write_configuration(tasks + 1);
        cluster.daemon(Command::new("slurmctld").args(["-D", "-f"]).arg(cluster.configuration()));
        cluster.daemon(Command::new("slurmd").args(["-D", "-N", "node", "-f"]).arg(cluster.configuration()));
        cluster.wait("an idle node", |cluster| {
            cluster.try_run("sinfo", &["-h", "-o", "%T"]).trim().ends_with("idle")
        });
        cluster
    }

    pub fn environment(&self) -> [(&'static str, String); 1] {
        [("SLURM_CONF", self.configuration())]
    }

    /// Runs one of Slurm's commands and returns what it prints.
    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(program).args(arguments).envs(self.environment()).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a command that may fail, and returns its output.
    pub fn try_run(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(program).args(arguments).envs(self.environment()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn configuration(&self) -> String {
        self.path("slurm.conf")
    }

    /// Starts munged, which requires its own user and files that only this user can access.
    fn start_munge(&mut self) {
        let (uid, gid) = user("munge");
        let folder = self.folder.path().join("munge");
        fs::create_dir(&folder).unwrap();
        let key = folder.join("key");
        let draws = umwelt_base::random::Stream::new(std::process::id().into(), "munge");
        let bytes = (0..128).flat_map(|index| draws.at(&[index]).bits().to_le_bytes());
        fs::write(&key, bytes.collect::<Vec<u8>>()).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o400)).unwrap();
        for path in [&key, &folder] {
            chown(path, Some(uid), Some(gid)).unwrap();
        }
        open(&folder);
        let option = |name: &str, file: &str| format!("--{name}={}", self.path(&format!("munge/{file}")));
        let options = [("key-file", "key"), ("socket", "socket"), ("pid-file", "pid"), ("log-file", "log")];
        let options = options.map(|(name, file)| option(name, file));
        let seed = option("seed-file", "seed");
        let mut munged = Command::new("munged");
        munged.arg("--foreground").args(options).arg(seed).uid(uid).gid(gid);
        self.daemon(&mut munged);
        self.wait("munge", |cluster| Path::new(&cluster.path("munge/socket")).exists());
    }

    fn write_configuration(&self, array: usize) {
        let host = Command::new("hostname").arg("-s").output().unwrap().stdout;
        let host = String::from_utf8_lossy(&host).trim().to_owned();
        let [controller, node] = free_ports();
        let text = [
            "ClusterName=test".into(),
            format!("SlurmctldHost={host}(127.0.0.1)"),
            "SlurmUser=root\nSlurmdUser=root".into(),
            "AuthType=auth/munge\nCredType=cred/munge".into(),
            format!("AuthInfo=socket={}", self.path("munge/socket")),
            format!("SlurmctldPort={controller}\nSlurmdPort={node}"),
            format!("StateSaveLocation={}", self.path("state")),
            format!("SlurmdSpoolDir={}", self.path("spool")),
            format!(
                "SlurmctldPidFile={}\nSlurmdPidFile={}",
                self.path("slurmctld.pid"),
                self.path("slurmd.pid")
            ),
            format!(
                "SlurmctldLogFile={}\nSlurmdLogFile={}",
                self.path("slurmctld.log"),
                self.path("slurmd.log")
            ),
            // No cgroups and no database, so that the cluster runs on any machine.
            "ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none".into(),
            "JobAcctGatherType=jobacct_gather/none\nAccountingStorageType=accounting_storage/none".into(),
            "SelectType=select/cons_tres\nSelectTypeParameters=CR_Core".into(),
            "SwitchType=switch/none\nMpiDefault=none\nReturnToService=2\nKillWait=5".into(),
            format!("MaxArraySize={array}\nSlurmdParameters=config_overrides"),
            "SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,sched_interval=1,bf_interval=1".into(),
            format!("NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=2000"),
            "PartitionName=ci Nodes=node Default=YES MaxTime=INFINITE State=UP\n".into(),
        ];
        fs::create_dir(self.folder.path().join("state")).unwrap();
        fs::write(self.configuration(), text.join("\n")).unwrap();
    }

    fn daemon(&mut self, command: &mut Command) {
        command.envs(self.environment());
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let name = command.get_program().display();
        self.daemons
            .push(started.unwrap_or_else(|error| panic!("{name}: {error}; `make test-slurm` installs it")));
    }

    /// The processes that daemons left behind, such as a preempted step that waits for a
    /// controller.
    fn steps(&self) -> impl Iterator<Item = String> {
        let own = format!("SLURM_CONF={}", self.configuration());
        let inherited =
            move |environment: &[u8]| environment.split(|byte| *byte == 0).any(|v| v == own.as_bytes());
        let processes = fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter(move |process| {
                fs::read(process.path().join("environ")).is_ok_and(|environment| inherited(&environment))
            })
            .map(|process| process.file_name().to_string_lossy().into_owned())
    }

    fn wait(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !done(self) {
            let log = fs::read_to_string(self.path("slurmctld.log")).unwrap_or_default();
            assert!(started.elapsed() < Duration::from_secs(30), "waited too long for {what}\n{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for daemon in self.daemons.iter_mut().rev() {
            let _ = Command::new("kill").arg(daemon.id().to_string()).status();
            let _ = daemon.wait();
        }
        self.steps().for_each(|step| drop(Command::new("kill").args(["-KILL", &step]).status()));
    }
}

/// Lets all users enter a folder, for example munge.
fn open(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

fn user(name: &str) -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.split(':').next() == Some(name));
    let fields: Vec<&str> = line.unwrap_or_else(|| panic!("no user {name}")).split(':').collect();
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}

/// Two unused ports.
fn free_ports() -> [u16; 2] {
    let listeners = [0, 0].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
