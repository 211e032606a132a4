//! Wires between nodes that can be cut: each node knows the others only by a port of this program, which passes on what comes.

use anyhow::Result;
use std::net::TcpListener as StdListener;
use tokio::{
	io::copy_bidirectional,
	net::{TcpListener, TcpStream},
	sync::watch,
	task::JoinSet,
};

/// One way from a node to another.
pub struct Wire {
	/// Where the one node finds the other.
	pub listener: StdListener,
	/// The port on which the other listens.
	pub to: u16,
	/// True if it can be cut.
	pub can_be_cut: bool,
}

/// The wires of a network. Dropping them cuts all.
pub struct Wires {
	cut: watch::Sender<bool>,
	_tasks: JoinSet<()>,
}

impl Wires {
	/// Passes on what comes on each wire.
	///
	/// # Errors
	/// If a listener cannot be used.
	pub fn lay(wires: Vec<Wire>) -> Result<Self> {
		let (cut, is_cut) = watch::channel(false);
		let mut tasks = JoinSet::new();
		for wire in wires {
			wire.listener.set_nonblocking(true)?;
			let listener = TcpListener::from_std(wire.listener)?;
			let is_cut = wire.can_be_cut.then(|| is_cut.clone());
			tasks.spawn(pass_on(listener, wire.to, is_cut));
		}
		Ok(Self { cut, _tasks: tasks })
	}

	/// Cuts the wires that can be, or mends them. What was open on one that is cut is closed.
	pub fn cut(&self, cut: bool) {
		self.cut.send_replace(cut);
	}
}

async fn pass_on(listener: TcpListener, to: u16, is_cut: Option<watch::Receiver<bool>>) {
	let mut open = JoinSet::new();
	loop {
		let Ok((here, _)) = listener.accept().await else {
			continue;
		};
		open.spawn(connect(here, to, is_cut.clone()));
		while open.try_join_next().is_some() {}
	}
}

async fn connect(mut here: TcpStream, to: u16, mut is_cut: Option<watch::Receiver<bool>>) {
	if is_cut.as_ref().is_some_and(|is_cut| *is_cut.borrow()) {
		return;
	}
	let Ok(mut there) = TcpStream::connect(("127.0.0.1", to)).await else {
		return;
	};
	let wait_for_cut = async {
		match &mut is_cut {
			// The sender is there as long as this task.
			Some(is_cut) => drop(is_cut.wait_for(|cut| *cut).await),
			None => std::future::pending().await,
		}
	};
	tokio::select! {
		// How a connection ends is for its ends to know.
		_ = copy_bidirectional(&mut here, &mut there) => (),
		() = wait_for_cut => (),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use tokio::io::{AsyncReadExt, AsyncWriteExt};

	/// Says something on a wire to somebody who answers the same.
	async fn echo(port: u16) -> Option<u8> {
		let mut wire = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
		wire.write_all(&[7]).await.ok()?;
		wire.read_u8().await.ok()
	}

	#[tokio::test]
	async fn a_wire_should_pass_nothing_while_it_is_cut() {
		let there = TcpListener::bind("127.0.0.1:0").await.unwrap();
		let to = there.local_addr().unwrap().port();
		tokio::spawn(async move {
			while let Ok((mut end, _)) = there.accept().await {
				tokio::spawn(async move {
					let byte = end.read_u8().await?;
					end.write_all(&[byte]).await
				});
			}
		});
		let listener = StdListener::bind("127.0.0.1:0").unwrap();
		let here = listener.local_addr().unwrap().port();
		let can_be_cut = true;
		let wire = Wire {
			listener,
			to,
			can_be_cut,
		};
		let wires = Wires::lay(vec![wire]).unwrap();
		assert_eq!(echo(here).await, Some(7));
		wires.cut(true);
		assert_eq!(echo(here).await, None);
		wires.cut(false);
		assert_eq!(echo(here).await, Some(7));
	}
}
