//! `airlock-node` processes on loopback: four validators, and a full node for each simulator.

use crate::{
	client::Client,
	wires::{Wire, Wires},
};
use anyhow::{anyhow, bail, ensure, Context, Result};
use std::{
	fs::{File, OpenOptions},
	io::Write,
	net::TcpListener,
	os::unix::process::CommandExt,
	path::{Path, PathBuf},
	process::{Child, Command, Stdio},
	sync::{
		atomic::{AtomicUsize, Ordering},
		Mutex, PoisonError,
	},
	time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long a node may take until its RPC answers. Two cores compile seven runtimes at once.
const STARTUP: Duration = Duration::from_secs(120);
/// How long a node may take to stop by itself.
const SHUTDOWN: Duration = Duration::from_secs(30);
/// Names of the validators, as the `local` preset has them.
pub const VALIDATORS: [&str; 4] = ["alice", "bob", "charlie", "dave"];
/// Name of the file with the chain's specification, beside the nodes' data.
const SPEC: &str = "local.json";
/// Where a node keeps compiled code, among its data.
const COMPILED: &str = "chains/airlock_local/compiled";
/// Full nodes of simulators.
pub const SIMULATORS: usize = 3;

/// One node: a process that can be stopped and started again on the same data.
pub struct Node {
	/// Its name.
	pub name: String,
	binary: PathBuf,
	args: Vec<String>,
	spec: PathBuf,
	base_path: PathBuf,
	log: PathBuf,
	rpc_port: u16,
	outlives: bool,
	starts: AtomicUsize,
	child: Mutex<Option<Child>>,
	client: tokio::sync::Mutex<Option<Client>>,
}

impl Node {
	/// Where its RPC listens.
	pub fn url(&self) -> String {
		format!("ws://127.0.0.1:{}", self.rpc_port)
	}

	/// Its data.
	pub fn base_path(&self) -> &Path {
		&self.base_path
	}

	/// The chain specification it runs on.
	pub fn spec(&self) -> &Path {
		&self.spec
	}

	/// Forgets a process that has ended, and the connection to it, so that another one can be started.
	pub async fn forget(&self) {
		if !self.runs() {
			self.client.lock().await.take();
			self.child().take();
		}
	}

	/// Its log.
	pub fn log(&self) -> &Path {
		&self.log
	}

	/// The binary it runs.
	pub fn binary(&self) -> &Path {
		&self.binary
	}

	/// Process number, if it runs.
	pub fn pid(&self) -> Option<u32> {
		self.child().as_ref().map(Child::id)
	}

	fn child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
		self.child.lock().unwrap_or_else(PoisonError::into_inner)
	}

	/// However this program ends, the node ends with it, unless it shall outlive it.
	fn command(&self) -> Command {
		if self.outlives {
			return Command::new(&self.binary);
		}
		let mut command = Command::new("setpriv");
		command.args(["--pdeathsig", "KILL"]).arg(&self.binary);
		command
	}

	/// Starts the process. Does not wait for it.
	///
	/// # Errors
	/// If it runs already, or the binary cannot be started.
	pub fn start(&self) -> Result<()> {
		self.spawn(&[], &[])
	}

	/// Starts the process with more options.
	///
	/// # Errors
	/// As [`Self::start`].
	pub fn start_as(&self, options: &[String]) -> Result<()> {
		self.spawn(&[], options)
	}

	/// Starts the process with more in its environment.
	///
	/// # Errors
	/// As [`Self::start`].
	pub fn start_with(&self, environment: &[(&str, String)]) -> Result<()> {
		self.spawn(environment, &[])
	}

	fn spawn(&self, environment: &[(&str, String)], options: &[String]) -> Result<()> {
		let mut child = self.child();
		ensure!(child.is_none(), "{} runs already", self.name);
		let log = OpenOptions::new()
			.create(true)
			.append(true)
			.open(&self.log)?;
		let process = self
			.command()
			.args(&self.args)
			.args(options)
			.envs(environment.iter().map(|(name, value)| (name, value)))
			.stdin(Stdio::null())
			.stdout(log.try_clone()?)
			.stderr(log)
			// Its own group: an interrupt of the demo is the demo's to handle.
			.process_group(0)
			.spawn()
			.with_context(|| format!("{} does not start", self.binary.display()))?;
		*child = Some(process);
		self.starts.fetch_add(1, Ordering::Relaxed);
		Ok(())
	}

	/// How often it was started.
	pub fn starts(&self) -> usize {
		self.starts.load(Ordering::Relaxed)
	}

	/// True if its process has not ended.
	pub fn runs(&self) -> bool {
		let mut child = self.child();
		child
			.as_mut()
			.is_some_and(|process| matches!(process.try_wait(), Ok(None)))
	}

	/// Asks the process to stop and waits until it has.
	///
	/// # Errors
	/// If it does not stop in time; then it was killed, and its data may be damaged.
	pub async fn stop(&self) -> Result<()> {
		self.client.lock().await.take();
		let Some(mut process) = self.child().take() else {
			return Ok(());
		};
		signal(process.id(), "TERM")?;
		let until = Instant::now() + SHUTDOWN;
		while Instant::now() < until {
			if process.try_wait()?.is_some() {
				return Ok(());
			}
			tokio::time::sleep(Duration::from_millis(50)).await;
		}
		process.kill()?;
		process.wait()?;
		bail!(
			"{} did not stop within {} s and was killed",
			self.name,
			SHUTDOWN.as_secs()
		)
	}

	/// A client of this node, once its RPC answers.
	///
	/// # Errors
	/// If the process ends, or does not answer in time; the end of its log is in the error.
	pub async fn client(&self) -> Result<Client> {
		let mut slot = self.client.lock().await;
		if let Some(client) = slot.as_ref() {
			return Ok(client.clone());
		}
		let until = Instant::now() + STARTUP;
		loop {
			if let Ok(client) = Client::connect(&self.url()).await {
				*slot = Some(client.clone());
				return Ok(client);
			}
			let exit = self
				.child()
				.as_mut()
				.map(Child::try_wait)
				.transpose()?
				.flatten();
			if let Some(status) = exit {
				bail!(
					"{} ended ({status}); end of its log:\n{}",
					self.name,
					self.log_tail()
				);
			}
			if Instant::now() > until {
				bail!(
					"the RPC of {} did not answer within {} s; end of its log:\n{}",
					self.name,
					STARTUP.as_secs(),
					self.log_tail()
				);
			}
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
	}

	/// The last lines of its log.
	pub fn log_tail(&self) -> String {
		tail(&self.log)
	}

	/// Sends a signal to its process, by its name without SIG.
	///
	/// # Errors
	/// If it does not run.
	pub fn signal(&self, name: &str) -> Result<()> {
		let pid = self
			.pid()
			.with_context(|| format!("{} does not run", self.name))?;
		signal(pid, name)
	}

	/// Kills the process without waiting for anything but its end.
	pub fn kill(&self) {
		self.client.try_lock().map(|mut client| client.take()).ok();
		if let Some(mut process) = self.child().take() {
			let killed = process.kill().and_then(|()| process.wait());
			if let Err(error) = killed {
				eprintln!(
					"process {} of {} was not removed: {error}",
					process.id(),
					self.name
				);
			}
		}
	}
}

/// Sends a signal to a process, or with a minus before it to a group, by the shell's own `kill`, which every system has.
fn signal(target: impl std::fmt::Display, name: &str) -> Result<()> {
	let status = Command::new("sh")
		.args(["-c", "kill -s \"$1\" -- \"$0\"", &target.to_string(), name])
		.status()?;
	ensure!(
		status.success(),
		"no signal could be sent to process {target}"
	);
	Ok(())
}

/// A group of processes, named by its first one. Dropped, all that are left of it are killed.
pub struct Group(Option<u32>);

impl Group {
	/// The group of a process that began one and has not ended.
	pub fn of(child: &tokio::process::Child) -> Self {
		Self(child.id())
	}

	/// Its first process has ended, and nobody is left.
	pub fn ended(mut self) {
		self.0 = None;
	}
}

impl Drop for Group {
	fn drop(&mut self) {
		if let Some(group) = self.0 {
			drop(signal(format!("-{group}"), "KILL"));
		}
	}
}

/// What to start.
#[derive(Clone, Debug, Default)]
pub struct Options {
	/// The node's binary.
	pub binary: PathBuf,
	/// Validators that are never started: the last ones.
	pub validators_down: usize,
	/// Full nodes for simulators.
	pub simulators: usize,
	/// Full nodes that are started later, by [`Network::join`]: the first executes all blocks, the second syncs by warp, and so on.
	pub late: usize,
	/// One node that has another binary.
	pub other_binary: Option<(usize, PathBuf)>,
	/// One node whose data lie on a disk of so many bytes, which root can make.
	pub small_disk: Option<(usize, u64)>,
	/// True if nodes reach each other over [`wires`](crate::wires), those between the first half of the validators and the
	/// others of which can be cut.
	pub wired: bool,
	/// What differs from the genesis of the preset `local`, as JSON that is merged into it.
	pub genesis: serde_json::Value,
	/// Files of a chain with the same genesis, as [`Network::leave`] leaves them: nothing of it is compiled again.
	pub prepared: Option<PathBuf>,
	/// The nodes may go on when this program ends: see [`Network::keep`].
	pub outlives: bool,
}

/// A running network. Dropping it kills the processes and removes their data.
pub struct Network {
	nodes: Vec<Node>,
	late: Vec<Node>,
	validators: usize,
	kept: bool,
	wires: Option<Wires>,
	disk: Option<PathBuf>,
	dir: Option<TempDir>,
	path: PathBuf,
}

impl Network {
	/// Starts all nodes and waits until each answers.
	///
	/// # Errors
	/// If the binary is missing, or a node does not come up.
	pub async fn start(options: &Options) -> Result<Self> {
		ensure!(
			options.binary.is_file(),
			"there is no node at {}; build it with `cargo build --release -p airlock-node`",
			options.binary.display()
		);
		ensure!(
			options.validators_down < VALIDATORS.len(),
			"no validator would run"
		);
		let network = Self::layout(options)?;
		match &options.prepared {
			Some(from) => network.take(from)?,
			None => export_spec(&options.binary, &network.path, options)?,
		}
		for node in &network.nodes {
			node.start()?;
		}
		for node in &network.nodes {
			node.client().await?;
		}
		Ok(network)
	}

	/// Leaves the specification and what the first node has compiled of it in a folder.
	///
	/// # Errors
	/// If a file is missing.
	pub fn leave(&self, to: &Path) -> Result<()> {
		std::fs::copy(self.path.join(SPEC), to.join(SPEC))?;
		copy(&self.observer()?.base_path.join(COMPILED), to)
	}

	/// Begins with what another network left.
	fn take(&self, from: &Path) -> Result<()> {
		std::fs::copy(from.join(SPEC), self.path.join(SPEC))?;
		let compiled = from.join("compiled");
		for node in self.nodes.iter().chain(&self.late) {
			let place = node.base_path.join(COMPILED);
			let place = place.parent().unwrap_or(&node.base_path);
			std::fs::create_dir_all(place)?;
			copy(&compiled, place)?;
		}
		Ok(())
	}

	/// Chooses ports and keys. Nothing runs yet.
	fn layout(options: &Options) -> Result<Self> {
		let dir = tempfile::Builder::new().prefix("airlock-").tempdir()?;
		let path = dir.path().to_owned();
		let names: Vec<String> = VALIDATORS
			.iter()
			.map(|name| (*name).to_owned())
			.chain((1..=options.simulators).map(|n| format!("simulator-{n}")))
			.chain((1..=options.late).map(|n| format!("late-{n}")))
			.collect();
		let ports = free_ports(names.len() * 2)?;
		let (p2p, rpc) = ports.split_at(names.len());
		let keys: Vec<String> = names.iter().map(|name| node_key(name)).collect();
		let addresses = keys
			.iter()
			.zip(p2p)
			.map(|(key, port)| {
				let peer = peer_id(&options.binary, key)?;
				Ok(format!("/ip4/127.0.0.1/tcp/{port}/p2p/{peer}"))
			})
			.collect::<Result<Vec<_>>>()?;

		let mut wires = Vec::new();
		let mut disk = None;
		let spec = path.join(SPEC);
		let mut nodes = Vec::new();
		let ports = p2p.iter().zip(rpc);
		for (index, ((name, key), (p2p_port, rpc_port))) in
			names.iter().zip(&keys).zip(ports).enumerate()
		{
			let down = VALIDATORS.len() - options.validators_down..VALIDATORS.len();
			if down.contains(&index) {
				continue;
			}
			let base_path = path.join(name);
			let mut args: Vec<String> = [
				&format!("--chain={}", spec.display()),
				"--no-mdns",
				"--no-telemetry",
				"--no-prometheus",
				&format!("--base-path={}", base_path.display()),
				&format!("--node-key={key}"),
				&format!("--listen-addr=/ip4/127.0.0.1/tcp/{p2p_port}"),
				&format!("--rpc-port={rpc_port}"),
			]
			.map(str::to_owned)
			.to_vec();
			match VALIDATORS.get(index) {
				Some(validator) => args.push(format!("--{validator}")),
				None => args.push(format!("--name={name}")),
			}
			// Every second one that comes late does not execute all blocks: it begins at a state that was final.
			let late = name.strip_prefix("late-").map(str::parse::<usize>);
			if matches!(late, Some(Ok(number)) if number % 2 == 0) {
				args.extend(["--sync=warp", "--state-pruning=256"].map(str::to_owned));
			}
			let others = addresses.iter().zip(p2p).enumerate();
			for (other, (address, port)) in others.filter(|(o, _)| *o != index) {
				let address = if options.wired {
					let listener = TcpListener::bind("127.0.0.1:0")?;
					let near = listener.local_addr()?.port();
					let half = VALIDATORS.len() / 2;
					wires.push(Wire {
						listener,
						to: *port,
						can_be_cut: (index < half) != (other < half),
					});
					address.replace(&format!("/tcp/{port}/"), &format!("/tcp/{near}/"))
				} else {
					address.clone()
				};
				args.push(format!("--reserved-nodes={address}"));
				if other == 0 {
					args.push(format!("--bootnodes={address}"));
				}
			}
			if let Some((_, bytes)) = options.small_disk.filter(|(small, _)| *small == index) {
				mount(&base_path, bytes)?;
				disk = Some(base_path.clone());
			}
			let other = options.other_binary.as_ref();
			let other = other
				.filter(|(which, _)| *which == index)
				.map(|(_, binary)| binary);
			nodes.push(Node {
				name: name.clone(),
				binary: other.unwrap_or(&options.binary).clone(),
				args,
				spec: spec.clone(),
				base_path,
				log: path.join(format!("{name}.log")),
				rpc_port: *rpc_port,
				outlives: options.outlives,
				starts: AtomicUsize::default(),
				child: Mutex::default(),
				client: tokio::sync::Mutex::default(),
			});
		}
		let validators = VALIDATORS.len() - options.validators_down;
		let late = nodes.split_off(validators + options.simulators);
		Ok(Self {
			nodes,
			late,
			validators,
			kept: false,
			wires: (!wires.is_empty()).then(|| Wires::lay(wires)).transpose()?,
			disk,
			dir: Some(dir),
			path,
		})
	}

	/// All nodes that run.
	pub fn nodes(&self) -> &[Node] {
		&self.nodes
	}

	/// Validators that run, in the order of [`VALIDATORS`].
	pub fn validators(&self) -> &[Node] {
		self.nodes.get(..self.validators).unwrap_or_default()
	}

	/// Full nodes of the simulators.
	pub fn simulators(&self) -> &[Node] {
		self.nodes.get(self.validators..).unwrap_or_default()
	}

	/// The node through which the course is watched.
	///
	/// # Errors
	/// If no node runs.
	pub fn observer(&self) -> Result<&Node> {
		self.nodes.first().ok_or_else(|| anyhow!("no node runs"))
	}

	/// Starts the next of the nodes that were to come later.
	///
	/// # Errors
	/// If all of them run.
	pub fn join(&self) -> Result<&Node> {
		let next = self.late.iter().find(|node| node.pid().is_none());
		let node = next.ok_or_else(|| anyhow!("no node is left that could join"))?;
		node.start()?;
		Ok(node)
	}

	/// Those of them that were started.
	pub fn joined(&self) -> impl Iterator<Item = &Node> {
		self.late.iter().filter(|node| node.pid().is_some())
	}

	/// Cuts the network in two halves, or mends it.
	///
	/// # Errors
	/// If it was not laid so that it can be.
	pub fn cut(&self, cut: bool) -> Result<()> {
		let wires = self.wires.as_ref().context("the network has no wires")?;
		wires.cut(cut);
		Ok(())
	}

	/// How many of the nodes that were started at first do not run any more, or run again.
	pub fn restarted(&self) -> usize {
		let ended = |node: &&Node| !node.runs() || node.starts() > 1;
		self.nodes.iter().filter(ended).count()
	}

	/// Where data and logs are.
	pub fn path(&self) -> &Path {
		&self.path
	}

	/// Leaves processes and data when dropped.
	pub fn keep(&mut self) {
		self.kept = true;
		self.keep_files();
	}

	/// Keeps the data, for example to look at logs after a failure.
	pub fn keep_files(&mut self) {
		if let Some(dir) = self.dir.take() {
			self.path = dir.keep();
		}
	}
}

impl Drop for Network {
	fn drop(&mut self) {
		if !self.kept {
			self.nodes.iter().chain(&self.late).for_each(Node::kill);
			if let Some(disk) = &self.disk {
				unmount(disk);
			}
		}
	}
}

/// The last lines of a file; nothing if it cannot be read.
pub fn tail(path: &Path) -> String {
	const LINES: usize = 20;
	let text = std::fs::read_to_string(path).unwrap_or_default();
	let lines: Vec<&str> = text.lines().collect();
	lines
		.get(lines.len().saturating_sub(LINES)..)
		.unwrap_or_default()
		.join("\n")
}

/// Copies a folder into another one.
fn copy(folder: &Path, into: &Path) -> Result<()> {
	let copied = Command::new("cp")
		.arg("-r")
		.arg(folder)
		.arg(into)
		.status()?;
	ensure!(copied.success(), "{} was not copied", folder.display());
	Ok(())
}

/// Puts a disk of so many bytes where a folder is to be.
fn mount(at: &Path, bytes: u64) -> Result<()> {
	std::fs::create_dir_all(at)?;
	let size = format!("size={bytes}");
	let mounted = Command::new("mount")
		.args(["-t", "tmpfs", "-o", &size, "airlock-test"])
		.arg(at)
		.status()?;
	ensure!(
		mounted.success(),
		"no disk can be mounted at {}",
		at.display()
	);
	Ok(())
}

fn unmount(at: &Path) {
	let done = Command::new("umount").arg(at).status();
	if !done.is_ok_and(|status| status.success()) {
		eprintln!("{} is still mounted", at.display());
	}
}

/// Writes the `local` chain's raw specification, with some changes. Once for all nodes: to build its genesis compiles the
/// runtime.
fn export_spec(binary: &Path, dir: &Path, options: &Options) -> Result<()> {
	let (to, changes) = (dir.join(SPEC), &options.genesis);
	if changes.is_null() && !options.wired {
		return export(binary, "local", true, &to);
	}
	let plain = dir.join("plain.json");
	export(binary, "local", false, &plain)?;
	let mut spec: serde_json::Value = serde_json::from_slice(&std::fs::read(&plain)?)?;
	let genesis = spec.pointer_mut("/genesis/runtimeGenesis/patch");
	let genesis = genesis.context("the specification has no genesis")?;
	if !changes.is_null() {
		merge(genesis, changes);
	}
	if options.wired {
		// On other chains nodes tell each other of all their addresses, and need no wires.
		spec["chainType"] = "Live".into();
	}
	std::fs::write(&plain, serde_json::to_vec(&spec)?)?;
	export(binary, &plain.display().to_string(), true, &to)
}

/// Writes values over those of the same name.
fn merge(into: &mut serde_json::Value, changes: &serde_json::Value) {
	match (into.as_object_mut(), changes.as_object()) {
		(Some(into), Some(changes)) => changes.iter().for_each(|(name, change)| {
			merge(into.entry(name).or_insert(serde_json::Value::Null), change);
		}),
		_ => *into = changes.clone(),
	}
}

fn export(binary: &Path, chain: &str, raw: bool, to: &Path) -> Result<()> {
	let output = Command::new(binary)
		.arg("export-chain-spec")
		.arg(format!("--chain={chain}"))
		.args(raw.then_some("--raw"))
		.arg(format!("--output={}", to.display()))
		.stdin(Stdio::null())
		.output()?;
	ensure!(
		output.status.success(),
		"`{} export-chain-spec` failed: {}",
		binary.display(),
		String::from_utf8_lossy(&output.stderr)
	);
	Ok(())
}

/// Ports that nobody uses now.
fn free_ports(count: usize) -> Result<Vec<u16>> {
	// All listeners are open until the last one is: no port comes twice.
	let listeners = (0..count)
		.map(|_| TcpListener::bind("127.0.0.1:0"))
		.collect::<std::io::Result<Vec<_>>>()?;
	listeners
		.iter()
		.map(|l| Ok(l.local_addr()?.port()))
		.collect()
}

/// A fixed network key for a name: the network looks the same in every run.
fn node_key(name: &str) -> String {
	hex::encode(sp_crypto_hashing::blake2_256(
		format!("airlock-e2e/{name}").as_bytes(),
	))
}

/// The peer id of a network key, as the node itself says.
fn peer_id(binary: &Path, key: &str) -> Result<String> {
	let mut process = Command::new(binary)
		.args(["key", "inspect-node-key"])
		.stdin(Stdio::piped())
		.stdout(Stdio::piped())
		.stderr(Stdio::null())
		.spawn()?;
	process
		.stdin
		.take()
		.ok_or_else(|| anyhow!("no pipe to the node"))?
		.write_all(key.as_bytes())?;
	let output = process.wait_with_output()?;
	let peer = String::from_utf8(output.stdout)?.trim().to_owned();
	ensure!(
		output.status.success() && peer.starts_with("12D3"),
		"`{} key inspect-node-key` did not print a peer id",
		binary.display()
	);
	Ok(peer)
}

/// Runs a program to its end with its output in a file.
///
/// # Errors
/// If it cannot be started. A failing exit code is no error here: it is returned.
pub async fn run(program: &Path, args: &[String], log: &Path) -> Result<std::process::ExitStatus> {
	let log = File::create(log)?;
	let status = tokio::process::Command::new(program)
		.args(args)
		.stdin(Stdio::null())
		.stdout(log.try_clone()?)
		.stderr(log)
		.kill_on_drop(true)
		.status()
		.await
		.with_context(|| format!("{} does not start", program.display()))?;
	Ok(status)
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::collections::BTreeSet;

	#[test]
	fn free_ports_should_differ_when_many_are_asked_for() {
		let ports: BTreeSet<u16> = free_ports(14).unwrap().into_iter().collect();
		assert_eq!(ports.len(), 14);
	}

	#[test]
	fn node_key_should_be_fixed_and_distinct_when_names_differ() {
		assert_eq!(node_key("alice"), node_key("alice"));
		assert_ne!(node_key("alice"), node_key("bob"));
		assert_eq!(node_key("alice").len(), 64);
	}
}
