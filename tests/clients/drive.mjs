// Reads and drives an Airlock chain with a client that was made for any Substrate chain: all it knows of this one is what
// the node's metadata says. Usage: node drive.mjs URL
// Prints what it found as one JSON document; fails if the chain does not do what it is asked.
import assert from "node:assert/strict"
import { sr25519CreateDerive } from "@polkadot-labs/hdkd"
import { DEV_PHRASE, entropyToMiniSecret, mnemonicToEntropy } from "@polkadot-labs/hdkd-helpers"
import { createClient, Enum } from "polkadot-api"
import { getPolkadotSigner } from "polkadot-api/signer"
import { getWsProvider } from "polkadot-api/ws"
import { WebSocket } from "ws"

const derive = sr25519CreateDerive(entropyToMiniSecret(mnemonicToEntropy(DEV_PHRASE)))
const eve = derive("//Eve")
const signer = getPolkadotSigner(eve.publicKey, "Sr25519", eve.sign)

const client = createClient(getWsProvider(process.argv[2], { websocketClass: WebSocket }))
const api = client.getUnsafeApi()
const found = {}

// What runs, by a runtime API of ours.
const [parent, highest] = await api.apis.AirlockApi.code()
found.version = (await api.constants.System.Version()).spec_version
assert.equal(highest, found.version)

// A call begins with the number of its pallet: the upgrade is to touch this one.
const name = new TextEncoder().encode("a name")
const [touched] = await api.tx.Profiles.set_name({ name }).getEncodedData()

// A dossier, as the metadata describes it.
const bytes = (fill) => "0x" + fill.repeat(32)
const document = (fill) => ({ hash: bytes(fill), len: 10, uri: new Uint8Array() })
const code = (fill, spec_version) => ({ hash: bytes(fill), len: 1000, spec_version })
const dossier = {
	code: code("aa", highest + 1),
	parent_code_hash: parent,
	rollback: Enum("Dedicated", code("bb", highest + 2)),
	specification: document("01"),
	rationale: document("02"),
	rollback_plan: document("03"),
	expected_effects: document("04"),
	minted: 0n,
	scope: new Uint8Array([touched]),
	class: Enum("Standard"),
}
const register = api.tx.Proposals.register({ dossier })
found.fee = String(await register.getEstimatedFees(eve.publicKey))
const registered = await register.signAndSubmit(signer)
assert(registered.ok, JSON.stringify(registered.dispatchError))
const event = registered.events.find((e) => e.type === "Proposals" && e.value.type === "Registered")
found.id = event.value.value.id

// It is there, by a runtime API and in storage.
const view = await api.apis.AirlockApi.proposal(found.id)
found.stage = view.stage.type
const stored = await api.query.Proposals.Proposals.getValue(found.id)
assert.equal(stored.dossier.code.hash, dossier.code.hash)
assert.equal(view.code_hash, dossier.code.hash)

// What the runtime refuses has a name.
const refused = await api.tx.Proposals.advance({ id: found.id }).signAndSubmit(signer)
assert(!refused.ok)
found.refusal = `${refused.dispatchError.value.type}::${refused.dispatchError.value.value.type}`

const withdrawn = await api.tx.Proposals.withdraw({ id: found.id }).signAndSubmit(signer)
assert(withdrawn.ok, JSON.stringify(withdrawn.dispatchError))
found.outcome = (await api.apis.AirlockApi.proposal(found.id)).outcome.type
client.destroy()
console.log(JSON.stringify(found))
