//! Who signs: a secret URI, a file with one, or a JSON file as polkadot.js exports it.

use crate::failure::{fail, input, Kind};
use anyhow::{Context, Result};
use std::{
	fmt,
	io::IsTerminal,
	path::{Path, PathBuf},
	str::FromStr,
	sync::{Arc, OnceLock},
};
use subxt_signer::{polkadot_js_compat, sr25519::Keypair, SecretUri};

/// What in the environment names a key, if no option does.
pub const KEY_VARIABLE: &str = "AIRLOCK_KEY";

/// Which key signs.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct KeyOptions {
	/// Key that signs: a file (secret phrase or URI, or polkadot.js JSON), or //Alice and the like
	#[arg(
		long = "from",
		value_name = "KEY",
		env = KEY_VARIABLE,
		hide_env_values = true
	)]
	pub from: Option<String>,

	/// File with the password of a JSON key [default: ask]
	#[arg(long, value_name = "FILE")]
	pub password_file: Option<PathBuf>,

	/// The key, once it was read: for a password one is asked once.
	#[arg(skip)]
	loaded: Loaded,
}

/// A key that was read, for all clones of the options.
#[derive(Clone, Default)]
struct Loaded(Arc<OnceLock<Keypair>>);

impl fmt::Debug for Loaded {
	fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
		f.write_str("..")
	}
}

impl KeyOptions {
	/// A key by its name.
	pub fn named(from: impl Into<String>) -> Self {
		Self {
			from: Some(from.into()),
			..Self::default()
		}
	}

	/// The key.
	///
	/// # Errors
	/// If none was named, the file cannot be read or is readable for others, or what is in it is no key.
	pub fn load(&self) -> Result<Keypair> {
		if let Some(key) = self.loaded.0.get() {
			return Ok(key.clone());
		}
		let key = self.find()?;
		Ok(self.loaded.0.get_or_init(|| key).clone())
	}

	fn find(&self) -> Result<Keypair> {
		let from = self.from.as_deref().ok_or_else(|| {
			input(
				"nobody signs",
				"Name a key with --from (a file, or //Alice on a test chain), or in AIRLOCK_KEY.",
			)
		})?;
		let path = Path::new(from);
		match std::fs::metadata(path) {
			Ok(found) if !found.is_dir() => self.read(path),
			_ => of_uri(from),
		}
	}

	fn read(&self, path: &Path) -> Result<Keypair> {
		only_mine(path)?;
		let text = std::fs::read_to_string(path);
		let text = text.with_context(|| format!("cannot read the key {}", path.display()))?;
		if !text.trim_start().starts_with('{') {
			return of_uri(text.trim());
		}
		if !is_whole(&text) {
			return Err(input(
				format!("the key {} is damaged", path.display()),
				"Export it again.",
			));
		}
		let password = self.password(path)?;
		polkadot_js_compat::decrypt_json(&text, &password).map_err(|error| {
			input(
				format!("the key {} cannot be opened: {error}", path.display()),
				"Is the password right, and is it an sr25519 key?",
			)
		})
	}

	fn password(&self, key: &Path) -> Result<String> {
		if let Some(path) = &self.password_file {
			only_mine(path)?;
			let text = std::fs::read_to_string(path);
			let text = text.with_context(|| format!("cannot read {}", path.display()))?;
			return Ok(text.trim_end_matches(['\n', '\r']).to_owned());
		}
		if !std::io::stdin().is_terminal() {
			return Err(fail(
				Kind::Prompt,
				format!("the key {} has a password", key.display()),
				"Name a file that has it with --password-file.",
			));
		}
		let prompt = format!("Password of {}: ", key.display());
		rpassword::prompt_password(prompt).context("no password")
	}
}

/// True if a JSON key has all the bytes that the library looks for: salt, parameters, nonce, and the secret with its seal.
fn is_whole(text: &str) -> bool {
	const BYTES: usize = 32 + 12 + 24 + 16;
	#[derive(serde::Deserialize)]
	struct Encoded {
		encoded: String,
	}
	// Four letters of base64 are three bytes. What is no such JSON is for the library to refuse.
	serde_json::from_str::<Encoded>(text).map_or(true, |key| key.encoded.len() / 4 * 3 >= BYTES)
}

/// True for what can only be meant as a key. The library takes whatever begins with a slash, and nothing at all, for paths below a
/// phrase that everybody knows: a misspelt file must not become such a key.
fn is_uri(text: &str) -> bool {
	let known = text
		.strip_prefix("//")
		.is_some_and(|name| !name.is_empty() && !name.starts_with('/'));
	known || text.starts_with("0x") || text.split_whitespace().count() >= 12
}

/// A key from a secret phrase, a seed, or a path like `//Alice`. What is wrong with it is not said: it is secret.
fn of_uri(text: &str) -> Result<Keypair> {
	let uri = SecretUri::from_str(text).ok().filter(|_| is_uri(text));
	let key = uri.and_then(|uri| Keypair::from_uri(&uri).ok());
	key.ok_or_else(|| {
		input(
			"what --from names is neither a file that is there nor a key",
			"Give a file, a secret phrase, 0x and a seed, or //Alice. Check its words.",
		)
	})
}

/// Refuses a secret that others on this machine can read.
fn only_mine(path: &Path) -> Result<()> {
	#[cfg(unix)]
	{
		use std::os::unix::fs::PermissionsExt;
		let found = std::fs::metadata(path).with_context(|| path.display().to_string())?;
		let mode = found.permissions().mode() & 0o777;
		// What a shell or a pipe hands over is nobody else's to open.
		if found.is_file() && mode & 0o077 != 0 {
			return Err(input(
				format!("others can read {} (mode {mode:03o})", path.display()),
				format!("Run: chmod 600 {}", path.display()),
			));
		}
	}
	Ok(())
}

/// Writes a secret so that only its owner can read it.
///
/// # Errors
/// If there is a file already, or it cannot be written.
pub fn write_secret(path: &Path, text: &str) -> Result<()> {
	use std::io::Write;
	let mut options = std::fs::OpenOptions::new();
	options.write(true).create_new(true);
	#[cfg(unix)]
	{
		use std::os::unix::fs::OpenOptionsExt;
		options.mode(0o600);
	}
	let opened = options.open(path);
	let mut file = opened.with_context(|| format!("cannot write {}", path.display()))?;
	file.write_all(text.as_bytes())?;
	file.sync_all()?;
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::failure;

	fn options(from: &str) -> KeyOptions {
		KeyOptions::named(from)
	}

	#[test]
	fn load_should_fail_and_not_panic_when_a_json_key_was_cut_off() {
		let dir = tempfile::tempdir().unwrap();
		let (path, password) = (dir.path().join("key.json"), dir.path().join("password"));
		write_secret(&password, "secret").unwrap();
		let cut = r#"{"encoded":"DumgApKCTqoCty1OZW","encoding":{"content":["pkcs8","sr25519"],
			"type":["scrypt","xsalsa20-poly1305"],"version":"3"},"address":"","meta":{}}"#;
		write_secret(&path, cut).unwrap();
		let key = KeyOptions {
			password_file: Some(password),
			..options(path.to_str().unwrap())
		};
		assert!(key.load().unwrap_err().to_string().contains("is damaged"));
	}

	#[test]
	fn a_file_and_its_text_are_the_same_key() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("key");
		write_secret(&path, "//Alice\n").unwrap();
		let of_file = options(path.to_str().unwrap()).load().unwrap();
		let of_text = options("//Alice").load().unwrap();
		assert_eq!(of_file.public_key().0, of_text.public_key().0);
	}

	#[test]
	#[cfg(unix)]
	fn load_should_refuse_a_key_when_others_can_read_it() {
		use std::os::unix::fs::PermissionsExt;
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("key");
		write_secret(&path, "//Alice").unwrap();
		std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
		let error = options(path.to_str().unwrap()).load().unwrap_err();
		let failure = failure::of(&error);
		assert_eq!(failure.kind, Kind::Input);
		assert!(failure.advice.starts_with("Run: chmod 600 "));
	}

	#[test]
	fn load_should_fail_when_a_file_is_misspelt_or_empty() {
		for wrong in [
			"/etc/airlock/typo.key",
			"typo.key",
			"",
			"/",
			"//",
			"///",
			"dir/sub/key",
		] {
			assert!(options(wrong).load().is_err(), "{wrong}");
		}
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("empty");
		write_secret(&path, "\n").unwrap();
		assert!(options(path.to_str().unwrap()).load().is_err());
	}

	#[test]
	fn load_should_not_repeat_the_secret_when_it_is_wrong() {
		let error = options("bottom drive obey secret").load().unwrap_err();
		assert!(!format!("{error:#}").contains("bottom"));
	}

	#[test]
	fn write_secret_should_lose_nothing_when_there_is_a_file() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("salt");
		write_secret(&path, "one").unwrap();
		assert!(write_secret(&path, "two").is_err());
		assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
	}
}
