// Module hooks that put the edits of one seeded bug into the sources as they are loaded. See bugs.js.

let edits = []

export function initialize(bug) {
  edits = bug.edits
}

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context)
  const mine = edits.filter(([file]) => url === new URL(file, import.meta.url).href)
  if (mine.length === 0) return loaded
  let source = String(loaded.source)
  for (const [file, from, to] of mine) {
    if (source.split(from).length !== 2) throw new Error(`${file} does not have just one ${from}`)
    source = source.replace(from, () => to)
  }
  return { ...loaded, source }
}
