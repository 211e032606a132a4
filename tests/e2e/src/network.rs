//! `airlock-node` processes on loopback: four validators, and a full node for each simulator.

use crate::client::Client;
use anyhow::{anyhow, bail, ensure, Context, Result};
use std::{
	fs::{File, OpenOptions},
	io::Write,
	net::TcpListener,
	os::unix::process::CommandExt,
	path::{Path, PathBuf},
	process::{Child, Command, Stdio},
	sync::{Mutex, PoisonError},
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
		let mut child = self.child();
		ensure!(child.is_none(), "{} runs already", self.name);
		let log = OpenOptions::new()
			.create(true)
			.append(true)
			.open(&self.log)?;
		let process = self
			.command()
			.args(&self.args)
			.stdin(Stdio::null())
			.stdout(log.try_clone()?)
			.stderr(log)
			// Its own group: an interrupt of the demo is the demo's to handle.
			.process_group(0)
			.spawn()
			.with_context(|| format!("{} does not start", self.binary.display()))?;
		*child = Some(process);
		Ok(())
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
		terminate(process.id())?;
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

	/// Kills the process without waiting for anything but its end.
	fn kill(&self) {
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

/// Sends SIGTERM by the shell's own `kill`, which every system has.
fn terminate(pid: u32) -> Result<()> {
	let status = Command::new("sh")
		.args(["-c", "kill -TERM \"$0\"", &pid.to_string()])
		.status()?;
	ensure!(status.success(), "no signal could be sent to process {pid}");
	Ok(())
}

/// What to start.
#[derive(Clone, Debug)]
pub struct Options {
	/// The node's binary.
	pub binary: PathBuf,
	/// Validators that are never started: the last ones.
	pub validators_down: usize,
	/// The nodes may go on when this program ends: see [`Network::keep`].
	pub outlives: bool,
}

/// A running network. Dropping it kills the processes and removes their data.
pub struct Network {
	nodes: Vec<Node>,
	validators: usize,
	kept: bool,
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
		export_spec(&options.binary, &network.path.join(SPEC))?;
		for node in &network.nodes {
			node.start()?;
		}
		for node in &network.nodes {
			node.client().await?;
		}
		Ok(network)
	}

	/// Chooses ports and keys. Nothing runs yet.
	fn layout(options: &Options) -> Result<Self> {
		let dir = tempfile::Builder::new().prefix("airlock-").tempdir()?;
		let path = dir.path().to_owned();
		let names: Vec<String> = VALIDATORS
			.iter()
			.map(|name| (*name).to_owned())
			.chain((1..=SIMULATORS).map(|n| format!("simulator-{n}")))
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
			for (other, address) in addresses.iter().enumerate().filter(|(o, _)| *o != index) {
				args.push(format!("--reserved-nodes={address}"));
				if other == 0 {
					args.push(format!("--bootnodes={address}"));
				}
			}
			nodes.push(Node {
				name: name.clone(),
				binary: options.binary.clone(),
				args,
				spec: spec.clone(),
				base_path,
				log: path.join(format!("{name}.log")),
				rpc_port: *rpc_port,
				outlives: options.outlives,
				child: Mutex::default(),
				client: tokio::sync::Mutex::default(),
			});
		}
		let validators = VALIDATORS.len() - options.validators_down;
		Ok(Self {
			nodes,
			validators,
			kept: false,
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
			self.nodes.iter().for_each(Node::kill);
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

/// Writes the `local` chain's raw specification. Once for all nodes: to build its genesis compiles the runtime.
fn export_spec(binary: &Path, to: &Path) -> Result<()> {
	let output = Command::new(binary)
		.args(["export-chain-spec", "--chain=local", "--raw"])
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
