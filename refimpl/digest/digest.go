// Package digest keeps the fingerprints of a set of items, by which two stores find what differs between them in a few round trips (OBJ-016).
//
//	var t digest.Tree
//	t.Add(item, 0)
//	root := t.Summary(nil)             // equal roots: equal sets
//	parts, err := t.Probe(prefix, 1)   // otherwise: which of the 16 parts differ
//	items, more := t.List(prefix, nil, 100)
//
// An item is 16 bytes, the first eight of them the hash of a key. A prefix is up to 16 half bytes (nibbles) of that. The fingerprint of a prefix is a
// pure function of the items that begin with it: of zeros where there are none, else of SHA-256 over 'L' and the items in ascending order where
// there are up to 32, or all 16 nibbles are given, and else over 'N' and the fingerprints of the 16 prefixes that are one nibble longer; in all cases
// its first 16 bytes. So it does not matter in which order items came, nor what came and went.
//
// A Tree keeps all items in memory, 30 to 60 bytes for each, and computes a fingerprint when it is asked for one behind a change. It
// is not safe for concurrent use.
package digest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"slices"
)

const (
	// LeafItems is how many items a fingerprint is taken of directly.
	LeafItems = 32
	// MaxPrefix is the number of nibbles of a key's hash.
	MaxPrefix = 16
	fanout    = 16
)

// ErrPrefix says that a prefix is longer than 16, has a nibble above 15, or leaves no room for the depth.
var ErrPrefix = errors.New("digest: not a prefix")

// Item is eight bytes that name an object and eight that stand for its state.
type Item [16]byte

// Compare orders items by their bytes.
func (a Item) Compare(b Item) int { return bytes.Compare(a[:], b[:]) }

// nibble gives the half byte at place i.
func (a Item) nibble(i int) byte {
	if i%2 == 0 {
		return a[i/2] >> 4
	}
	return a[i/2] & 15
}

// Prefix is the first nibbles of a key's hash, one in each byte. nil is the prefix of all.
type Prefix []byte

// Validate tells whether p and depth more nibbles are a prefix.
func (p Prefix) Validate(depth int) error {
	if depth < 0 || len(p)+depth > MaxPrefix || slices.ContainsFunc(p, func(n byte) bool { return n > 15 }) {
		return ErrPrefix
	}
	return nil
}

// of tells whether the item begins with p.
func (p Prefix) of(it Item) bool {
	for i, n := range p {
		if it.nibble(i) != n {
			return false
		}
	}
	return true
}

// entry is an item with what its owner wants to find again by it.
type entry struct {
	it  Item
	ref uint64
}

func (e entry) compare(it Item) int { return e.it.Compare(it) }

// Summary is what one prefix has.
type Summary struct {
	Count uint64
	FP    [16]byte
}

// Tree is a set of items with its fingerprints. The zero Tree is empty. An item that was added twice is in it twice.
type Tree struct {
	root node
}

// node is one prefix: a leaf with up to LeafItems items, or its 16 longer prefixes.
type node struct {
	kids  *[fanout]node
	items []entry // of a leaf, ascending
	count uint32
	stale bool // fp is older than the items
	fp    [16]byte
}

// Add takes in an item. ref is handed back by Refs and means nothing here. A Tree holds at most 2^32-1 items.
func (t *Tree) Add(it Item, ref uint64) { t.root.add(entry{it, ref}, 0) }

// Ref is an item with its ref.
type Ref struct {
	Item Item
	Ref  uint64
}

// Load makes a tree of many items at once, in a third of the time of as many calls of Add. It sorts list.
func Load(list []Ref) *Tree {
	slices.SortFunc(list, func(a, b Ref) int { return a.Item.Compare(b.Item) })
	t := new(Tree)
	t.root.load(list, 0)
	return t
}

// load fills an empty node with ascending items.
func (n *node) load(list []Ref, depth int) {
	n.count, n.stale = uint32(len(list)), true
	if len(list) <= LeafItems || depth == MaxPrefix {
		n.items = make([]entry, len(list))
		for i, one := range list {
			n.items[i] = entry{one.Item, one.Ref}
		}
		return
	}
	n.kids = new([fanout]node)
	for i := range n.kids {
		end, _ := slices.BinarySearchFunc(list, i+1, func(one Ref, half int) int { return cmp.Compare(int(one.Item.nibble(depth)), half) })
		if end > 0 {
			n.kids[i].load(list[:end], depth+1)
		}
		list = list[end:]
	}
}

// Refs gives the refs of the items whose first eight bytes are kh: of all objects whose keys have this hash.
func (t *Tree) Refs(kh [8]byte) (refs []uint64) {
	var p Prefix
	for i := range MaxPrefix {
		p = append(p, kh[i/2]>>(4*(1-i%2))&15)
	}
	n, items := t.at(p)
	if n != nil {
		items = n.items // depth MaxPrefix: a leaf
	}
	for _, e := range items {
		refs = append(refs, e.ref)
	}
	return refs
}

func (n *node) add(e entry, depth int) {
	it := e.it
	n.count++
	n.stale = true
	if n.kids != nil {
		n.kids[it.nibble(depth)].add(e, depth+1)
		return
	}
	i, _ := slices.BinarySearchFunc(n.items, it, entry.compare)
	grown := make([]entry, len(n.items)+1) // exact: the spare room of append would be a third of all memory
	copy(grown, n.items[:i])
	grown[i] = e
	copy(grown[i+1:], n.items[i:])
	n.items = grown
	if len(n.items) > LeafItems && depth < MaxPrefix {
		n.split(depth)
	}
}

// split makes a leaf an inner node.
func (n *node) split(depth int) {
	items := n.items
	n.items, n.kids = nil, new([fanout]node)
	for len(items) > 0 {
		nib := items[0].it.nibble(depth)
		end := 1
		for end < len(items) && items[end].it.nibble(depth) == nib {
			end++
		}
		kid := &n.kids[nib]
		kid.items, kid.count, kid.stale = slices.Clip(slices.Clone(items[:end])), uint32(end), true
		if end > LeafItems && depth+1 < MaxPrefix {
			kid.split(depth + 1)
		}
		items = items[end:]
	}
}

// Remove takes an item out, once. ok is false where it is not there.
func (t *Tree) Remove(it Item) (ok bool) { return t.root.remove(it, 0) }

func (n *node) remove(it Item, depth int) bool {
	if n.kids != nil {
		if !n.kids[it.nibble(depth)].remove(it, depth+1) {
			return false
		}
		n.count--
		n.stale = true
		if n.count <= LeafItems {
			n.items, n.kids = n.collect(nil), nil
		}
		return true
	}
	i, ok := slices.BinarySearchFunc(n.items, it, entry.compare)
	if !ok {
		return false
	}
	shrunk := make([]entry, len(n.items)-1)
	copy(shrunk, n.items[:i])
	copy(shrunk[i:], n.items[i+1:])
	n.items = shrunk
	n.count--
	n.stale = true
	return true
}

// collect appends all items, ascending.
func (n *node) collect(list []entry) []entry {
	if n.kids == nil {
		return append(list, n.items...)
	}
	for i := range n.kids {
		list = n.kids[i].collect(list)
	}
	return list
}

// fingerprint gives fp, computed again where items have changed.
func (n *node) fingerprint() [16]byte {
	if !n.stale {
		return n.fp
	}
	n.stale = false
	if n.kids == nil {
		n.fp = leafPrint(n.items)
		return n.fp
	}
	var b [1 + fanout*16]byte
	b[0] = 'N'
	for i := range n.kids {
		fp := n.kids[i].fingerprint()
		copy(b[1+16*i:], fp[:])
	}
	sum := sha256.Sum256(b[:])
	copy(n.fp[:], sum[:])
	return n.fp
}

// leafPrint is the fingerprint of items that are taken directly.
func leafPrint(items []entry) (fp [16]byte) {
	if len(items) == 0 {
		return fp
	}
	b := make([]byte, 0, 1+LeafItems*16)
	b = append(b, 'L')
	for i := range items {
		b = append(b, items[i].it[:]...)
	}
	sum := sha256.Sum256(b)
	copy(fp[:], sum[:])
	return fp
}

// at finds what has the prefix: a node, or some items of a leaf above it.
func (t *Tree) at(p Prefix) (*node, []entry) {
	n := &t.root
	for _, nib := range p {
		if n.kids == nil {
			return nil, within(n.items, p)
		}
		n = &n.kids[nib]
	}
	return n, nil
}

// within gives the part of ascending items that has the prefix.
func within(items []entry, p Prefix) []entry {
	from := slices.IndexFunc(items, func(e entry) bool { return p.of(e.it) })
	if from < 0 {
		return nil
	}
	to := from
	for to < len(items) && p.of(items[to].it) {
		to++
	}
	return items[from:to]
}

// Summary gives count and fingerprint of a prefix, which must be valid.
func (t *Tree) Summary(p Prefix) Summary {
	n, items := t.at(p)
	if n == nil {
		return Summary{uint64(len(items)), leafPrint(items)}
	}
	return Summary{uint64(n.count), n.fingerprint()}
}

// Probe gives the summaries of the 16 (depth 1) or 256 (depth 2) prefixes that are longer than p, ascending. The error is ErrPrefix.
func (t *Tree) Probe(p Prefix, depth int) ([]Summary, error) {
	if err := p.Validate(depth); err != nil || depth < 1 || depth > 2 {
		return nil, ErrPrefix
	}
	list := make([]Summary, 0, 256)
	for i := range byte(fanout) {
		one := append(slices.Clone(p), i)
		if depth == 1 {
			list = append(list, t.Summary(one))
			continue
		}
		for j := range byte(fanout) {
			list = append(list, t.Summary(append(one, j)))
		}
	}
	return list, nil
}

// List gives up to most items with the prefix behind after (nil: from the first), ascending, and whether there are more. The result is the
// caller's. The prefix must be valid.
func (t *Tree) List(p Prefix, after *Item, most int) (items []Item, more bool) {
	n, part := t.at(p)
	if n == nil {
		n = &node{items: part, count: uint32(len(part))}
	}
	items = n.list(nil, after, most+1)
	if len(items) > most {
		return items[:most], true
	}
	return items, false
}

func (n *node) list(out []Item, after *Item, most int) []Item {
	if n.kids == nil {
		for _, e := range n.items {
			if len(out) < most && (after == nil || e.it.Compare(*after) > 0) {
				out = append(out, e.it)
			}
		}
		return out
	}
	for i := range n.kids {
		if len(out) >= most {
			break
		}
		if after != nil && n.kids[i].before(*after) {
			continue
		}
		out = n.kids[i].list(out, after, most)
	}
	return out
}

// before tells whether all items of the node are known to be before it without a walk through them: a cursor must not cost
// what lies in front of it.
func (n *node) before(it Item) bool {
	last, ok := n.last()
	return !ok || last.Compare(it) < 0
}

// last gives the greatest item.
func (n *node) last() (Item, bool) {
	if n.kids == nil {
		if len(n.items) == 0 {
			return Item{}, false
		}
		return n.items[len(n.items)-1].it, true
	}
	for i := fanout - 1; i >= 0; i-- {
		if n.kids[i].count > 0 {
			return n.kids[i].last()
		}
	}
	return Item{}, false
}
