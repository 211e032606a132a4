//! What a simulation costs, beside an import of the same blocks: `scripts/bench simulate`.

use crate::{
	matrix::live,
	network::{Network, Node, Options as Start},
};
use anyhow::{ensure, Context, Result};
use std::{
	path::{Path, PathBuf},
	process::Stdio,
	time::{Duration, Instant},
};

/// Rounds of transactions, each of some blocks.
const ROUNDS: usize = 30;
/// How often each figure is taken; the least is kept, since a machine only ever adds to it.
const TIMES: usize = 3;
/// How often the size of a process is read.
const WATCH: Duration = Duration::from_millis(100);

/// What a process took.
struct Run {
	output: String,
	seconds: f64,
	/// Most memory that was resident, in MiB.
	resident: u64,
}

/// Has a chain used, and gives the table (of Markdown).
///
/// # Errors
/// If the chain cannot be made, or a run fails.
pub async fn run(binary: PathBuf) -> Result<String> {
	let network = Network::start(&Start {
		binary,
		simulators: 1,
		..Start::default()
	})
	.await?;
	let (node, anchor) = live(&network, ROUNDS).await?;
	let dir = network.path();
	let candidate = dir.join("candidate.wasm");
	std::fs::write(&candidate, airlock_variants::GOOD)?;
	let (mut import, mut one, mut two) = (Vec::new(), Vec::new(), Vec::new());
	let mut resident = 0;
	for time in 0..TIMES {
		import.push(import_all(node, dir, anchor, time).await?);
		for (threads, figures) in [(1, &mut one), (2, &mut two)] {
			let (run, part) = replay(node, dir, &candidate, anchor, (threads, time)).await?;
			resident = resident.max(run.resident);
			figures.push(part);
		}
	}
	let least = |of: &mut dyn Iterator<Item = f64>| of.fold(f64::INFINITY, f64::min);
	let import = least(&mut import.into_iter());
	let took = |all: &[[f64; 3]], index: usize| {
		least(&mut all.iter().filter_map(|part| part.get(index)).copied())
	};
	let (alone, both) = (took(&one, 0), took(&two, 0));
	let (control, pair) = (took(&one, 1), took(&one, 1) + took(&one, 2));
	let rows = [
		("blocks", f64::from(anchor), String::new()),
		("import of all, s", import, "1".into()),
		(
			"current code alone, s",
			control,
			format!("{:.2} of the import", control / import),
		),
		(
			"both codes, s",
			pair,
			format!("{:.2} times one", pair / control),
		),
		(
			"replay with comparison and leaves, 1 thread, s",
			alone,
			format!("{:.2} times one", alone / control),
		),
		(
			"the same, 2 threads, s",
			both,
			format!("{:.2} times as fast", alone / both),
		),
		("most memory, MiB", resident as f64, String::new()),
	];
	let mut table = comfy_table::Table::new();
	table.load_preset(comfy_table::presets::ASCII_MARKDOWN);
	table.set_header(["figure", "least of three", "ratio"]);
	for (name, value, ratio) in rows {
		table.add_row([name.to_owned(), format!("{value:.2}"), ratio]);
	}
	Ok(table.to_string())
}

/// How long a node takes to import the chain from a file, in seconds.
async fn import_all(node: &Node, dir: &Path, anchor: u32, time: usize) -> Result<f64> {
	let file = dir.join("blocks").display().to_string();
	let chain = format!("--chain={}", node.spec().display());
	let base = |path: &Path| format!("--base-path={}", path.display());
	if time == 0 {
		let (own, to) = (base(node.base_path()), format!("--to={anchor}"));
		let args = ["export-blocks", &chain, &own, &to, "--binary", &file];
		watched(node.binary(), &args).await?;
	}
	let fresh = base(&dir.join(format!("import-{time}")));
	let args = ["import-blocks", &chain, &fresh, "--binary", &file];
	Ok(watched(node.binary(), &args).await?.seconds)
}

/// Replays the whole chain. Seconds that it took, and that each code took.
async fn replay(
	node: &Node,
	dir: &Path,
	candidate: &Path,
	anchor: u32,
	(threads, time): (usize, usize),
) -> Result<(Run, [f64; 3])> {
	let args = [
		"simulate".to_owned(),
		format!("--base-path={}", node.base_path().display()),
		format!("--chain={}", node.spec().display()),
		format!("--candidate={}", candidate.display()),
		format!("--anchor={anchor}"),
		format!("--blocks={anchor}"),
		format!("--threads={threads}"),
		format!("--range=0..{}", anchor + 1),
		format!(
			"--work={}",
			dir.join(format!("work-{threads}-{time}")).display()
		),
	];
	let args: Vec<&str> = args.iter().map(String::as_str).collect();
	let run = watched(node.binary(), &args).await?;
	let words = run.output.split_whitespace();
	let seconds: Vec<f64> = words
		.clone()
		.zip(words.skip(1))
		.filter(|(_, unit)| unit.starts_with('s') && unit.len() <= 2)
		.filter_map(|(number, _)| number.parse().ok())
		.collect();
	let part = seconds.try_into();
	let part = part.map_err(|_| anyhow::anyhow!("it says: {}", run.output))?;
	Ok((run, part))
}

/// Runs a program to its end, and looks at its memory meanwhile.
async fn watched(program: &Path, args: &[&str]) -> Result<Run> {
	let since = Instant::now();
	let child = tokio::process::Command::new(program)
		.args(args)
		.stdin(Stdio::null())
		.stdout(Stdio::piped())
		.stderr(Stdio::piped())
		.kill_on_drop(true)
		.spawn()
		.with_context(|| format!("{} does not start", program.display()))?;
	let status = format!("/proc/{}/status", child.id().unwrap_or_default());
	let mut resident = 0;
	let watch = async {
		loop {
			let text = std::fs::read_to_string(&status).unwrap_or_default();
			let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
			let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
			resident = resident.max(kib.unwrap_or_default() / 1024);
			tokio::time::sleep(WATCH).await;
		}
	};
	let done = tokio::select! {
		done = child.wait_with_output() => done?,
		() = watch => unreachable!("it watches for ever"),
	};
	let output = String::from_utf8_lossy(&done.stdout).into_owned();
	let errors = String::from_utf8_lossy(&done.stderr);
	ensure!(done.status.success(), "{args:?}: {output}{errors}");
	Ok(Run {
		output,
		seconds: since.elapsed().as_secs_f64(),
		resident,
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	#[tokio::test]
	async fn a_program_is_watched_to_its_end() {
		let run = watched(Path::new("sh"), &["-c", "echo 1.5 s; sleep 0.3"])
			.await
			.unwrap();
		assert_eq!(run.output, "1.5 s\n");
		assert!(run.seconds >= 0.3 && run.resident < 100);
		assert!(watched(Path::new("false"), &[]).await.is_err());
	}
}
