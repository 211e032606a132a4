//! `docs/manual.md`, command by command: each is run as it stands there, in one shell, and what it writes to stdout must be
//! what the page says. `[..]` in a line stands for anything, a line of `...` for any lines. Afterwards the commands of
//! `docs/runbook.md` are run on the same chain. All answers are kept for programs as well: their shape must be the one in
//! `answers.txt`.

use airlock_cli::app::Cli;
use airlock_e2e::{answers::Shapes, network::Group};
use clap::CommandFactory;
use std::{
	path::{Path, PathBuf},
	process::Stdio,
	time::Duration,
};
use tokio::{
	io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
	net::TcpListener,
	process::{ChildStdin, ChildStdout, Command},
};

/// How long one command may take. The longest waits for a probation to end.
const PATIENCE: Duration = Duration::from_secs(240);

/// Where each command records its answer.
const JOURNAL: &str = "journal.jsonl";

/// Commands without a good answer in the journal: nothing in a peaceful upgrade asks for the first two, what the manual submits
/// is refused, and the others are not run by it.
const UNSEEN: [&str; 5] = ["abort", "challenge", "submit", "completion", "man"];

/// Written after what a command wrote.
const END: &str = "--- end of the command's output";

struct Step {
	/// Line of the page.
	line: usize,
	command: String,
	expected: Vec<String>,
}

/// The commands of a page, with the output that follows each.
fn steps(page: &str) -> Vec<Step> {
	let mut steps: Vec<Step> = Vec::new();
	let mut inside = false;
	for (at, line) in page.lines().enumerate() {
		match (inside, line) {
			(false, "```console") => inside = true,
			(true, "```") => inside = false,
			(true, line) => match line.strip_prefix("$ ") {
				Some(command) => steps.push(Step {
					line: at + 1,
					command: command.to_owned(),
					expected: Vec::new(),
				}),
				None => steps
					.last_mut()
					.expect("a command comes first")
					.expected
					.push(line.to_owned()),
			},
			_ => (),
		}
	}
	steps
}

/// True if a line is what a pattern says.
fn fits(pattern: &str, line: &str) -> bool {
	let mut parts = pattern.split("[..]");
	let first = parts.next().unwrap_or_default();
	let Some(mut rest) = line.strip_prefix(first) else {
		return false;
	};
	let parts: Vec<&str> = parts.collect();
	for (at, part) in parts.iter().enumerate() {
		let last = at + 1 == parts.len();
		match if last {
			rest.rfind(part)
		} else {
			rest.find(part)
		} {
			Some(found) => rest = &rest[found + part.len()..],
			None => return false,
		}
	}
	rest.is_empty()
}

fn all_fit(patterns: &[String], lines: &[String]) -> bool {
	match patterns.split_first() {
		None => lines.is_empty(),
		Some((any, rest)) if any == "..." => {
			(0..=lines.len()).any(|skipped| all_fit(rest, &lines[skipped..]))
		}
		Some((pattern, rest)) => lines
			.split_first()
			.is_some_and(|(line, others)| fits(pattern, line) && all_fit(rest, others)),
	}
}

/// One shell for all commands, and everything that it starts.
struct Shell {
	_group: Group,
	input: ChildStdin,
	output: Lines<BufReader<ChildStdout>>,
}

impl Shell {
	fn start(folder: &Path, programs: &Path) -> Self {
		let path = std::env::var("PATH").unwrap();
		let log = std::fs::File::create(folder.join("stderr.log")).unwrap();
		let mut child = Command::new("bash")
			.current_dir(folder)
			.env("PATH", format!("{}:{path}", programs.display()))
			.env_remove("AIRLOCK_URL")
			.env_remove("AIRLOCK_KEY")
			.env("AIRLOCK_JOURNAL", folder.join(JOURNAL))
			.stdin(Stdio::piped())
			.stdout(Stdio::piped())
			.stderr(log)
			// A group of its own, so that the nodes end with it.
			.process_group(0)
			.spawn()
			.unwrap();
		let input = child.stdin.take().unwrap();
		let output = BufReader::new(child.stdout.take().unwrap()).lines();
		Self {
			_group: Group::of(&child),
			input,
			output,
		}
	}

	/// What a command writes to stdout, and its exit code.
	async fn run(&mut self, command: &str) -> (Vec<String>, String) {
		// It must not read what is for the shell.
		let text = format!("{{ {command}\n}} < /dev/null\necho \"\n{END} $?\"\n");
		self.input.write_all(text.as_bytes()).await.unwrap();
		let mut lines = Vec::new();
		loop {
			let line = self.output.next_line().await.unwrap();
			let line = line.expect("the shell ended");
			if let Some(code) = line.strip_prefix(END) {
				// The empty line is ours, unless the output did not end with its line.
				if lines.last().is_some_and(String::is_empty) {
					lines.pop();
				}
				return (lines, code.trim().to_owned());
			}
			lines.push(line);
		}
	}
}

async fn follow(page: &str, folder: &Path, shell: &mut Shell) {
	for step in steps(page) {
		eprintln!("line {}: {}", step.line, step.command);
		let ran = tokio::time::timeout(PATIENCE, shell.run(&step.command)).await;
		let log = || {
			let text = std::fs::read_to_string(folder.join("stderr.log")).unwrap_or_default();
			let lines: Vec<&str> = text.lines().collect();
			lines[lines.len().saturating_sub(30)..].join("\n")
		};
		let Ok((lines, code)) = ran else {
			panic!(
				"line {} does not end: {}\n{}",
				step.line,
				step.command,
				log()
			);
		};
		assert_eq!(
			code,
			"0",
			"line {}: {}\n{}\n{}",
			step.line,
			step.command,
			lines.join("\n"),
			log()
		);
		assert!(
			all_fit(&step.expected, &lines),
			"line {}: {}\nexpected:\n{}\nsaid:\n{}\n{}",
			step.line,
			step.command,
			step.expected.join("\n"),
			lines.join("\n"),
			log()
		);
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_should_be_what_happens() {
	let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/manual.md");
	let page = std::fs::read_to_string(page).unwrap();
	let folder = tempfile::tempdir().unwrap();
	for port in [9944, 9945, 30333, 30334, 9615] {
		let free = TcpListener::bind(("127.0.0.1", port)).await.is_ok();
		assert!(free, "port {port}, which the manual uses, is taken");
	}
	let programs = Path::new(env!("CARGO_BIN_EXE_airlock-demo"))
		.parent()
		.unwrap();
	let mut shell = Shell::start(folder.path(), programs);
	follow(&page, folder.path(), &mut shell).await;
	try_runbook(&mut shell).await;
	try_questions(&mut shell).await;
	let journal = std::fs::read_to_string(folder.path().join(JOURNAL)).unwrap();
	review_answers(&Shapes::of(&journal).unwrap());
}

/// Programs that read answers must find in them what they found yesterday.
fn review_answers(shapes: &Shapes) {
	let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/answers.txt");
	let reviewed = std::fs::read_to_string(path).unwrap_or_default();
	if std::env::var_os("AIRLOCK_BLESS").is_some() {
		std::fs::write(path, shapes.with(&reviewed)).unwrap();
	}
	let differences = shapes.differences(&std::fs::read_to_string(path).unwrap_or_default());
	assert!(
		differences.is_empty(),
		"answers differ from tests/answers.txt. Look at it: AIRLOCK_BLESS=1 adds what is new, and a line that ends \
		 with ' ?' may be missed.\n{}",
		differences.join("\n")
	);
	for command in Cli::command().get_subcommands() {
		let name = command.get_name();
		assert_ne!(shapes.has(name), UNSEEN.contains(&name), "{name}");
	}
}

/// What the runbook has operators type, without what is the machine's own business.
fn typed(page: &str) -> Vec<Step> {
	let joined = page.replace("\\\n", " ");
	let mut inside = false;
	let mut typed = Vec::new();
	for (at, line) in joined.lines().enumerate() {
		match line.trim() {
			"```sh" => inside = true,
			"```" => inside = false,
			command
				if inside
					&& ["airlock ", "curl "]
						.iter()
						.any(|ours| command.starts_with(ours)) =>
			{
				typed.push(Step {
					line: at + 1,
					command: command.to_owned(),
					expected: Vec::new(),
				})
			}
			_ => (),
		}
	}
	typed
}

/// Runs what the runbook says as somebody whose upgrade has ended: what asks gets an answer, and what signs is understood and
/// refused by the chain for its time, or for who signs.
async fn try_runbook(shell: &mut Shell) {
	let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/runbook.md");
	let steps = typed(&std::fs::read_to_string(page).unwrap());
	assert!(steps.len() > 30, "{} commands were found", steps.len());
	let prepare = "echo //Alice > KEY; chmod 600 KEY; echo '# A finding' > finding.md; ACCOUNT=$(airlock keys --from KEY | head -1)";
	assert_eq!(shell.run(prepare).await.1, "0");
	for step in steps {
		let command = step.command.split("  #").next().unwrap_or_default();
		// Nobody sits there.
		let yes = match command.starts_with("airlock sign ") {
			true => " --yes",
			false => "",
		};
		let command = format!("{}{yes}", command.trim())
			.replace("ACCOUNT", "$ACCOUNT")
			.replace("/var/lib/airlock", "dev")
			.replace(" ID", " 0")
			.replace("[N]", "[1]");
		eprintln!("runbook: {command}");
		let ran = tokio::time::timeout(PATIENCE, shell.run(&format!("({command}\n) 2>&1"))).await;
		let (lines, code) = ran.unwrap_or_else(|_| panic!("it does not end: {command}"));
		let said = lines.join("\n");
		// 2: there is no dossier any more to look at. 4: the runtime refuses. 8: the answer is no.
		let known = ["0", "2", "4", "8"].contains(&code.as_str());
		assert!(known, "{command} ended with {code}:\n{said}");
		assert!(!said.contains("Usage: airlock"), "{command}:\n{said}");
		let rpc = command.starts_with("curl ");
		assert!(!rpc || said.contains("\"result\""), "{command}:\n{said}");
	}
}

/// Somebody at a terminal proposes without a file: a wrong answer is asked for again, Enter takes what is proposed.
async fn try_questions(shell: &mut Shell) {
	let answers = [
		"blobs/none.wasm",
		"blobs/good.wasm",
		"blobs/unhealthy.wasm",
		"blobs/unhealthy-rollback.wasm",
		"Nowhere",
		"Profiles",
		"",
		"",
		"guided",
		"review.md",
		"response.md",
		"review.md",
		"blobs/effects.toml",
	];
	let answers = answers.map(|answer| format!("'{answer}'")).join(" ");
	let command = format!(
		"printf '%s\\n' {answers} | script -qec 'airlock propose --dry-run --from //Ferdie' /dev/null"
	);
	let ran = tokio::time::timeout(PATIENCE, shell.run(&command)).await;
	let (lines, code) = ran.expect("it ends with the answers");
	let said = lines.join("\n");
	assert_eq!(code, "0", "{said}");
	for part in [
		"cannot find 'blobs/none.wasm'",
		"and the chain has had version",
		"the chain has no pallet 'Nowhere'",
		"Class (standard, security, self-change) [standard]:",
		"Proposals.register would succeed.",
	] {
		assert!(said.contains(part), "{part} is not in:\n{said}");
	}
	let (same, code) = shell.run("cmp response.md guided/rationale.md").await;
	assert_eq!(code, "0", "{same:?}");
}

#[test]
fn a_pattern_fits_what_it_says_and_nothing_else() {
	assert!(fits("#[..], version 1", "#12, version 1"));
	assert!(fits("[..]", "") && fits("a[..]b[..]", "a1b2"));
	assert!(!fits("#[..], version 1", "#12, version 2"));
	assert!(!fits("a", "ab") && !fits("a[..]b", "ab1"));
	let lines = |all: &[&str]| {
		all.iter()
			.map(|line| (*line).to_owned())
			.collect::<Vec<_>>()
	};
	assert!(all_fit(
		&lines(&["a", "...", "d"]),
		&lines(&["a", "b", "c", "d"])
	));
	assert!(!all_fit(&lines(&["a", "..."]), &lines(&["b"])));
	assert!(!all_fit(&lines(&["a"]), &lines(&["a", "b"])));
}

#[test]
fn steps_are_commands_of_console_blocks_with_their_output() {
	let steps = steps("text\n```console\n$ one\nout\n$ two\n```\n```sh\n$ three\n```\n");
	let seen: Vec<_> = steps
		.iter()
		.map(|step| (step.line, step.command.as_str(), step.expected.len()))
		.collect();
	assert_eq!(seen, [(3, "one", 1), (5, "two", 0)]);
}
