//! How the results of one extrinsic under two runtimes relate, read with each runtime's own metadata.

use crate::{
	bench::{Applied, ExtrinsicRun},
	effects::{Effects, Kind},
	metadata::{Event, Metadata, Name},
};
use airlock_report::ExtrinsicClass;
use scale_value::{Composite, Primitive, Value, ValueDef};

/// Bytes of events of one extrinsic that are always decoded.
const LARGE: usize = 1 << 20;

/// The two runtimes, and what is declared of the difference.
pub(crate) struct Judge<'a> {
	/// Of the code that built the block; `None` if it shows none.
	pub(crate) before: Option<&'a Metadata>,
	/// Of the candidate.
	pub(crate) after: Option<&'a Metadata>,
	pub(crate) effects: &'a Effects,
}

/// One extrinsic's judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
	pub(crate) class: ExtrinsicClass,
	/// True if it costs something else than before.
	pub(crate) fee: bool,
	/// What differs, for humans.
	pub(crate) detail: String,
}

impl Judged {
	fn plain(class: ExtrinsicClass) -> Self {
		Self {
			class,
			fee: false,
			detail: String::new(),
		}
	}
}

impl Judge<'_> {
	/// Compares what an extrinsic did.
	pub(crate) fn judge(&self, extrinsic: &[u8], old: &ExtrinsicRun, new: &ExtrinsicRun) -> Judged {
		use Applied::*;
		let call = || self.before.and_then(|metadata| metadata.call(extrinsic));
		let excused = |kind, class| {
			let declared = call().is_some_and(|call| self.effects.declares(kind, &call));
			Judged::plain(if declared {
				ExtrinsicClass::Declared
			} else {
				class
			})
		};
		match (&old.applied, &new.applied) {
			(_, Deferred) => Judged::plain(ExtrinsicClass::Deferred),
			(_, NotRun) => Judged::plain(ExtrinsicClass::NotRun),
			(Trapped, Trapped) => Judged::plain(ExtrinsicClass::Identical),
			(Refused(a), Refused(b)) if a == b => Judged::plain(ExtrinsicClass::Identical),
			(_, Trapped) => {
				let meant = self
					.after
					.is_none_or(|after| after.call(extrinsic).is_some());
				match meant {
					true => Judged::plain(ExtrinsicClass::Trapped),
					false => excused(Kind::Refusal, ExtrinsicClass::EnvelopeBroken),
				}
			}
			// Of history nothing was refused: these are made up.
			(Refused(_) | Trapped, Refused(_)) => {
				excused(Kind::Error, ExtrinsicClass::ErrorChanged)
			}
			(Refused(_) | Trapped, _) => excused(Kind::Success, ExtrinsicClass::ErrToOk),
			(_, Refused(_)) => excused(Kind::Refusal, ExtrinsicClass::ValidityLost),
			(Succeeded, Failed(_)) => excused(Kind::Failure, ExtrinsicClass::OkToErr),
			(Failed(_), Succeeded) => excused(Kind::Success, ExtrinsicClass::ErrToOk),
			(Failed(a), Failed(b)) if !self.is_same_error(a, b) => {
				excused(Kind::Error, ExtrinsicClass::ErrorChanged)
			}
			_ if old.events == new.events => Judged::plain(ExtrinsicClass::Identical),
			_ => self.judge_events(call(), old, new),
		}
	}

	/// Names of the events in which two tails of `System.Events` differ and nobody declared it. `None` if they cannot be read.
	pub(crate) fn undeclared_events(&self, old: &[u8], new: &[u8]) -> Option<Vec<String>> {
		if old == new {
			return Some(Vec::new());
		}
		let old = self.before?.events(old)?;
		let new = self.after?.events(new)?;
		let differing = Difference::of(&old, &new).events.into_iter();
		let undeclared = differing.filter(|name| !self.effects.declares(Kind::Event, name));
		let names = undeclared.map(|(pallet, name)| format!("event {pallet}.{name}"));
		Some(names.collect())
	}

	/// Numbers of pallets and errors may move; what they are called is what they mean.
	fn is_same_error(&self, old: &[u8], new: &[u8]) -> bool {
		let named = |of: Option<&Metadata>, error| of.and_then(|metadata| metadata.error(error));
		match (named(self.before, old), named(self.after, new)) {
			(Some(old), Some(new)) => old == new,
			_ => old == new,
		}
	}

	fn judge_events(&self, call: Option<Name>, old: &ExtrinsicRun, new: &ExtrinsicRun) -> Judged {
		// Decoded they take a hundred times as much.
		let most = LARGE.saturating_add(old.deposited.len().saturating_mul(2));
		if new.deposited.len() > most {
			return Judged::plain(ExtrinsicClass::EventsChanged);
		}
		let read = |of: Option<&Metadata>, run: &ExtrinsicRun| of?.events(&run.deposited);
		let (Some(old), Some(new)) = (read(self.before, old), read(self.after, new)) else {
			// What cannot be read cannot be excused.
			return Judged::plain(ExtrinsicClass::EventsChanged);
		};
		let difference = Difference::of(&old, &new);
		let declared = |name: &Name| self.effects.declares(Kind::Event, name);
		let weighs = || call.is_some_and(|call| self.effects.declares(Kind::Weight, &call));
		let class = if difference.is_none() {
			// The bytes differ, what they say does not: another number of a pallet or an event.
			return Judged::plain(ExtrinsicClass::Identical);
		} else if !difference.events.iter().all(declared) {
			ExtrinsicClass::EventsChanged
		} else if difference.fee && !self.effects.declares_fee() {
			ExtrinsicClass::FeeChanged
		} else if difference.weight && !weighs() {
			ExtrinsicClass::WeightChanged
		} else {
			ExtrinsicClass::Declared
		};
		let detail = difference.describe();
		Judged {
			class,
			fee: difference.fee,
			detail,
		}
	}
}

/// In what the events of two runs differ.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference {
	weight: bool,
	fee: bool,
	/// Events that come, go, or have other fields.
	events: Vec<Name>,
}

impl Difference {
	fn of(old: &[Event], new: &[Event]) -> Self {
		let (old, new) = (Flow::of(old), Flow::of(new));
		let mut events: Vec<Name> = Vec::new();
		// What one side has and the other one has not, each as often as it is there.
		let mut left: Vec<&Event> = new.rest.iter().collect();
		for event in &old.rest {
			match left.iter().position(|other| *other == event) {
				Some(at) => drop(left.remove(at)),
				None => events.push(event.name.clone()),
			}
		}
		events.extend(left.iter().map(|event| event.name.clone()));
		// What was paid must be what was taken, or it is no matter of fees.
		let moves_money = old.taken != 0 || new.taken != 0;
		let beside = |flow: &Flow| flow.taken.saturating_sub(flow.paid);
		if moves_money && beside(&old) != beside(&new) {
			events.push(("Balances".into(), "Withdraw".into()));
		}
		events.sort();
		events.dedup();
		Self {
			weight: old.weights != new.weights,
			fee: old.paid != new.paid,
			events,
		}
	}

	fn is_none(&self) -> bool {
		!self.weight && !self.fee && self.events.is_empty()
	}

	fn describe(&self) -> String {
		let names = self
			.events
			.iter()
			.map(|(pallet, name)| format!("{pallet}.{name}"));
		let mut all: Vec<String> = names.collect();
		all.extend(self.fee.then(|| "fee".into()));
		all.extend(self.weight.then(|| "weight".into()));
		all.join(", ")
	}
}

/// The events of a run, with what belongs to weight and fee set apart.
struct Flow {
	rest: Vec<Event>,
	weights: Vec<Value<()>>,
	/// What the transaction cost by its own account.
	paid: i128,
	/// What was withdrawn, less what was deposited again, of whoever paid.
	taken: i128,
}

impl Flow {
	fn of(events: &[Event]) -> Self {
		let payer = events.iter().find_map(|event| match named(event) {
			("TransactionPayment", "TransactionFeePaid") => field(&event.fields, "who"),
			_ => None,
		});
		let mut flow = Self {
			rest: Vec::new(),
			weights: Vec::new(),
			paid: 0,
			taken: 0,
		};
		for event in events {
			let mut event = event.clone();
			let is_payers = payer.is_some() && field(&event.fields, "who") == payer;
			match named(&event) {
				("System", "ExtrinsicSuccess" | "ExtrinsicFailed") => {
					// The error was compared by its name.
					take(&mut event.fields, "dispatch_error");
					flow.weights
						.extend(take(&mut event.fields, "dispatch_info"));
				}
				("TransactionPayment", "TransactionFeePaid") => {
					let fee = take(&mut event.fields, "actual_fee");
					flow.paid = flow.paid.saturating_add(amount(fee.as_ref()));
				}
				("Balances", "Withdraw") if is_payers => {
					let value = take(&mut event.fields, "amount");
					flow.taken = flow.taken.saturating_add(amount(value.as_ref()));
				}
				("Balances", "Deposit") if is_payers => {
					let value = take(&mut event.fields, "amount");
					flow.taken = flow.taken.saturating_sub(amount(value.as_ref()));
				}
				_ => (),
			}
			flow.rest.push(event);
		}
		flow
	}
}

fn named(event: &Event) -> (&str, &str) {
	(&event.name.0, &event.name.1)
}

fn field(fields: &Composite<()>, name: &str) -> Option<Value<()>> {
	let Composite::Named(fields) = fields else {
		return None;
	};
	let found = fields.iter().find(|(own, _)| own == name);
	found.map(|(_, value)| value.clone())
}

fn take(fields: &mut Composite<()>, name: &str) -> Option<Value<()>> {
	let Composite::Named(fields) = fields else {
		return None;
	};
	let at = fields.iter().position(|(own, _)| own == name)?;
	Some(fields.remove(at).1)
}

fn amount(value: Option<&Value<()>>) -> i128 {
	match value.map(|value| &value.value) {
		Some(ValueDef::Primitive(Primitive::U128(amount))) => {
			(*amount).try_into().unwrap_or(i128::MAX / 8)
		}
		_ => 0,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn event(pallet: &str, name: &str, fields: &[(&str, u128)]) -> Event {
		let fields = fields
			.iter()
			.map(|(name, value)| ((*name).to_owned(), Value::u128(*value)));
		Event {
			name: (pallet.into(), name.into()),
			fields: Composite::Named(fields.collect()),
			around: Vec::new(),
		}
	}

	/// A transfer by 7 that weighs and costs so much.
	fn transfer(weight: u128, fee: u128, taken: u128) -> Vec<Event> {
		vec![
			event(
				"Balances",
				"Withdraw",
				&[("who", 7), ("amount", taken + 10)],
			),
			event(
				"Balances",
				"Transfer",
				&[("from", 7), ("to", 8), ("amount", 5)],
			),
			event("Balances", "Deposit", &[("who", 7), ("amount", 10)]),
			event(
				"TransactionPayment",
				"TransactionFeePaid",
				&[("who", 7), ("actual_fee", fee), ("tip", 0)],
			),
			event("System", "ExtrinsicSuccess", &[("dispatch_info", weight)]),
		]
	}

	fn difference(new: &[Event]) -> (bool, bool, Vec<String>) {
		let found = Difference::of(&transfer(1, 100, 100), new);
		let names = found
			.events
			.into_iter()
			.map(|(pallet, name)| format!("{pallet}.{name}"));
		(found.weight, found.fee, names.collect())
	}

	#[test]
	fn weight_and_fee_are_set_apart() {
		assert_eq!(difference(&transfer(1, 100, 100)), (false, false, vec![]));
		assert_eq!(difference(&transfer(2, 100, 100)), (true, false, vec![]));
		assert_eq!(difference(&transfer(1, 101, 101)), (false, true, vec![]));
		assert_eq!(difference(&transfer(2, 99, 99)), (true, true, vec![]));
	}

	#[test]
	fn money_that_goes_elsewhere_is_no_fee() {
		let withdraw = || vec!["Balances.Withdraw".to_owned()];
		assert_eq!(
			difference(&transfer(1, 100, 150)),
			(false, false, withdraw())
		);
		assert_eq!(
			difference(&transfer(1, 101, 150)),
			(false, true, withdraw())
		);
	}

	#[test]
	fn events_that_come_go_or_differ_are_named() {
		let mut less = transfer(1, 100, 100);
		less.remove(1);
		assert_eq!(difference(&less).2, ["Balances.Transfer"]);
		let mut more = transfer(1, 100, 100);
		more.push(event("Profiles", "NameSet", &[]));
		assert_eq!(difference(&more).2, ["Profiles.NameSet"]);
		let mut twice = transfer(1, 100, 100);
		twice.push(twice[1].clone());
		assert_eq!(difference(&twice).2, ["Balances.Transfer"]);
		let mut other = transfer(1, 100, 100);
		other[1] = event(
			"Balances",
			"Transfer",
			&[("from", 7), ("to", 8), ("amount", 6)],
		);
		assert_eq!(difference(&other).2, ["Balances.Transfer"]);
	}
}
