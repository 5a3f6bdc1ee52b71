// What a script of the tests shares with them: it writes a line of JSON for each thing that the person at the browser is to
// do, and reads a line with what came of it.
import { webcrypto } from 'node:crypto'
import { createInterface } from 'node:readline'

globalThis.crypto ??= webcrypto // Node 18 has it, but keeps it back

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

// open lets the person go through all pages from an address on, and returns the address where the application takes over.
export async function open(address) {
  console.log(JSON.stringify({ open: String(address) }))
  const { value, done } = await answers.next()
  if (done) throw new Error('the person at the browser has left')
  return new URL(value)
}

// finish reports what the application knows at the end, and ends.
export function finish(report) {
  console.log(JSON.stringify({ report }))
  process.exit(0)
}
