//! Amounts, accounts and blocks, as people write and read them.

use crate::failure::input;
use anyhow::Result;
use std::{
	str::FromStr,
	time::{Duration, SystemTime},
};
use subxt::utils::AccountId32;
use subxt_signer::{sr25519::Keypair, SecretUri};

/// The chain's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currency {
	/// Symbol of a unit.
	pub symbol: String,
	/// Decimals of a unit: so many digits of an amount are behind the point.
	pub decimals: u32,
}

impl Currency {
	fn unit(&self) -> u128 {
		10u128.saturating_pow(self.decimals)
	}

	/// An amount with its symbol, without zeros at the end.
	pub fn show(&self, amount: u128) -> String {
		let unit = self.unit();
		let (whole, rest) = (amount / unit, amount % unit);
		let symbol = &self.symbol;
		if rest == 0 {
			return format!("{whole} {symbol}");
		}
		let digits = format!("{rest:0width$}", width = self.decimals as usize);
		format!("{whole}.{} {symbol}", digits.trim_end_matches('0'))
	}

	/// Reads `10`, `0.5` or `10 LOCK`: always units.
	///
	/// # Errors
	/// If it is no amount, is of another currency, or has more digits than the currency.
	pub fn read(&self, text: &str) -> Result<u128> {
		let wrong = |why: &str| {
			let example = format!("Write for example '10' or '0.5 {}'.", self.symbol);
			input(format!("'{text}' is no amount: {why}"), example)
		};
		let mut words = text.split_whitespace();
		let number = words.next().ok_or_else(|| wrong("it is empty"))?;
		match (words.next(), words.next()) {
			(None, _) => (),
			// `UNIT` is what the documents say on every chain.
			(Some(symbol), None) if symbol == self.symbol || symbol == "UNIT" => (),
			_ => return Err(wrong(&format!("the currency is {}", self.symbol))),
		}
		let (whole, part) = number.split_once('.').unwrap_or((number, ""));
		if part.len() > self.decimals as usize {
			return Err(wrong(&format!("there are {} decimals", self.decimals)));
		}
		let digits = format!("{whole}{part:0<width$}", width = self.decimals as usize);
		let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
		let amount = digits.parse().ok().filter(|_| plain && !whole.is_empty());
		amount.ok_or_else(|| wrong("it is no number that fits"))
	}
}

/// Reads an account: an SS58 address, 0x and 64 digits, or `//Alice` for a well-known key.
///
/// # Errors
/// If it is none of these.
pub fn account(text: &str) -> Result<AccountId32> {
	if text.starts_with("//") {
		let uri = SecretUri::from_str(text);
		let key = uri.ok().and_then(|uri| Keypair::from_uri(&uri).ok());
		if let Some(key) = key {
			return Ok(key.public_key().to_account_id());
		}
	}
	let bytes = text
		.strip_prefix("0x")
		.and_then(|text| hex::decode(text).ok());
	if let Some(bytes) = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
		return Ok(AccountId32(bytes));
	}
	AccountId32::from_str(text).map_err(|_| {
		input(
			format!("'{text}' is no account"),
			"Give an address (SS58), 0x and 64 digits, or //Alice.",
		)
	})
}

/// When a block will be there, if every slot has one.
pub fn time_of(block: u32, best: u32, slot: Duration) -> SystemTime {
	let now = SystemTime::now();
	let distance = slot.saturating_mul(block.abs_diff(best));
	match block >= best {
		true => now.checked_add(distance).unwrap_or(now),
		false => now.checked_sub(distance).unwrap_or(now),
	}
}

/// A block, and when that is: `#120 (in 40 blocks, 1m 20s, at 2026-01-01T00:00:00Z)`.
pub fn when(block: u32, best: u32, slot: Duration) -> String {
	let far = block.abs_diff(best);
	let time = humantime::format_duration(slot.saturating_mul(far));
	let clock = humantime::format_rfc3339_seconds(time_of(block, best, slot));
	match block > best {
		true => format!("#{block} (in {far} blocks, {time}, at {clock})"),
		false => format!("#{block} ({far} blocks ago, {time}, at {clock})"),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn currency() -> Currency {
		Currency {
			symbol: "LOCK".into(),
			decimals: 12,
		}
	}

	#[test]
	fn an_amount_that_is_shown_is_read_as_the_same() {
		let currency = currency();
		for amount in [
			0,
			1,
			500_000_000_000,
			10_000_000_000_000,
			u128::from(u64::MAX),
		] {
			assert_eq!(currency.read(&currency.show(amount)).unwrap(), amount);
		}
		assert_eq!(currency.show(1_500_000_000_000), "1.5 LOCK");
		assert_eq!(currency.show(1), "0.000000000001 LOCK");
	}

	#[test]
	fn read_should_refuse_when_it_would_have_to_guess() {
		let refused = [
			"",
			"x",
			"1 DOT",
			"1 LOCK more",
			"-1",
			"1e3",
			".5",
			"+1",
			"0.0000000000001",
		];
		for text in refused {
			assert!(currency().read(text).is_err(), "{text}");
		}
		assert!(currency().read(&"9".repeat(40)).is_err());
		assert_eq!(currency().read("0.5 UNIT").unwrap(), 500_000_000_000);
	}

	#[test]
	fn an_account_is_the_same_in_every_notation() {
		let alice = account("//Alice").unwrap();
		assert_eq!(account(&alice.to_string()).unwrap(), alice);
		assert_eq!(
			account(&format!("0x{}", hex::encode(alice.0))).unwrap(),
			alice
		);
		for wrong in ["", "Alice", "0x12", "//"] {
			assert!(account(wrong).is_err(), "{wrong}");
		}
	}

	#[test]
	fn when_should_say_the_direction_when_a_block_is_past_or_ahead() {
		let slot = Duration::from_secs(2);
		assert!(when(120, 80, slot).starts_with("#120 (in 40 blocks, 1m 20s, at 20"));
		assert!(when(80, 120, slot).starts_with("#80 (40 blocks ago, 1m 20s, at 20"));
	}
}
