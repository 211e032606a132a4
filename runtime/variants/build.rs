//! Builds the runtime as each test upgrade, from the same source.

use substrate_wasm_builder::WasmBuilder;

/// Name of the variant, and the feature of the runtime that makes it.
const VARIANTS: [&str; 6] = [
	"good",
	"good-rollback",
	"unhealthy",
	"unhealthy-rollback",
	"panicking",
	"faulty",
];

fn main() {
	let here = std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where this crate lies");
	let runtime = std::path::Path::new(&here).join("../Cargo.toml");
	let runtime = runtime
		.canonicalize()
		.expect("the runtime lies above this crate");
	for variant in VARIANTS {
		WasmBuilder::new()
			.with_project(&runtime)
			.expect("the runtime has a manifest")
			.import_memory()
			.export_heap_base()
			.enable_feature(variant)
			.set_file_name(format!("{}.rs", variant.replace('-', "_")))
			.build();
	}
}
