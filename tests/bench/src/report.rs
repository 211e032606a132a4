//! Costs, and tables of them.

/// A read of the database, in nanoseconds: `RocksDbWeight` of the SDK.
const READ: u64 = 25_000;
/// A write.
const WRITE: u64 = 100_000;

/// What something costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
	/// Time in memory.
	pub nanoseconds: u64,
	/// Reads of the database.
	pub reads: u64,
	/// Writes to it.
	pub writes: u64,
	/// Bytes of the storage proof, as measured.
	pub proof: u64,
}

impl Cost {
	/// The one whose time is in the middle. None costs nothing.
	pub fn median(costs: &[Self]) -> Self {
		let mut sorted = costs.to_vec();
		sorted.sort_by_key(|cost| cost.nanoseconds);
		sorted.get(sorted.len() / 2).copied().unwrap_or_default()
	}

	/// So many of it.
	pub fn times(self, count: u32) -> Self {
		let count = u64::from(count);
		Self {
			nanoseconds: self.nanoseconds * count,
			reads: self.reads * count,
			writes: self.writes * count,
			proof: self.proof * count,
		}
	}

	/// Both.
	pub fn plus(self, other: Self) -> Self {
		Self {
			nanoseconds: self.nanoseconds + other.nanoseconds,
			reads: self.reads + other.reads,
			writes: self.writes + other.writes,
			proof: self.proof + other.proof,
		}
	}

	/// Time with that of the database, in nanoseconds: what a block is filled with.
	pub fn weight(&self) -> u64 {
		self.nanoseconds + self.reads * READ + self.writes * WRITE
	}
}

/// A table of costs; the last column is the weight as a multiple of one row's.
pub fn table(rows: &[(String, Cost)], of: usize) -> String {
	let base = rows.get(of).map_or(0, |(_, cost)| cost.weight());
	let mut text = String::from(
		"| what | time, µs | reads | writes | proof, bytes | weight, µs | ratio |\n|---|---:|---:|---:|---:|---:|---:|\n",
	);
	for (what, cost) in rows {
		text.push_str(&format!(
			"| {what} | {} | {} | {} | {} | {} | {:.2} |\n",
			grouped(cost.nanoseconds.div_ceil(1_000)),
			grouped(cost.reads),
			grouped(cost.writes),
			grouped(cost.proof),
			grouped(cost.weight().div_ceil(1_000)),
			cost.weight() as f64 / base.max(1) as f64,
		));
	}
	text
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
	let digits = number.to_string();
	let mut text = String::new();
	for (at, digit) in digits.chars().enumerate() {
		if at > 0 && (digits.len() - at) % 3 == 0 {
			text.push(',');
		}
		text.push(digit);
	}
	text
}

/// Puts a text between a page's markers of that name.
///
/// # Errors
/// If the page does not have them.
pub fn replace(page: &str, name: &str, text: &str) -> Result<String, String> {
	let (begin, end) = (
		format!("<!-- begin: {name} -->\n"),
		format!("<!-- end: {name} -->"),
	);
	let missing = || format!("the page has no place for '{name}'");
	let (before, rest) = page.split_once(&begin).ok_or_else(missing)?;
	let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
	Ok(format!("{before}{begin}{text}{end}{after}"))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn thousands_are_apart() {
		let shown = [0, 7, 999, 1_000, 1_234_567].map(grouped);
		assert_eq!(shown, ["0", "7", "999", "1,000", "1,234,567"]);
	}

	#[test]
	fn only_what_is_between_the_markers_changes() {
		let page =
			"a\n<!-- begin: x -->\nold\n<!-- end: x -->\nb <!-- begin: y -->\n<!-- end: y -->";
		let done = replace(page, "x", "new\n").unwrap();
		assert_eq!(done, page.replace("old", "new"));
		assert_eq!(replace(&done, "x", "new\n").unwrap(), done);
		assert!(replace(page, "z", "").is_err());
	}

	#[test]
	fn a_ratio_is_of_weights() {
		let cost = |nanoseconds, reads, writes| Cost {
			nanoseconds,
			reads,
			writes,
			proof: 0,
		};
		assert_eq!(cost(1, 2, 3).weight(), 350_001);
		let rows = [
			("a".to_string(), cost(0, 4, 0)),
			("b".to_string(), cost(50_000, 0, 0)),
		];
		assert!(table(&rows, 0).ends_with("| b | 50 | 0 | 0 | 0 | 50 | 0.50 |\n"));
		assert_eq!(
			Cost::median(&[cost(3, 0, 0), cost(1, 0, 0), cost(2, 0, 0)]),
			cost(2, 0, 0)
		);
		assert_eq!(cost(1, 2, 3).times(2).plus(cost(1, 1, 1)), cost(3, 5, 7));
	}
}
