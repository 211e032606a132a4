//! Builds the runtime as each test upgrade, from the same source.

use substrate_wasm_builder::WasmBuilder;

/// Name of the variant, and the feature of the runtime that makes it.
const VARIANTS: [&str; 4] = ["good", "good-rollback", "unhealthy", "unhealthy-rollback"];

fn main() {
	for variant in VARIANTS {
		WasmBuilder::new()
			.with_project("../Cargo.toml")
			.expect("the runtime lies beside this crate")
			.import_memory()
			.export_heap_base()
			.enable_feature(variant)
			.set_file_name(format!("{}.rs", variant.replace('-', "_")))
			.build();
	}
}
