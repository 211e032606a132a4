//! Builds this crate again for wasm. The blob is what runs on the chain.

fn main() {
	#[cfg(feature = "std")]
	substrate_wasm_builder::WasmBuilder::build_using_defaults();
}
