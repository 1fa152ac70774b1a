package mutant

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"

	"handfast/codec"
	"handfast/conformance/driver"
)

// cluster is what this peer states in HELLO.
var cluster = [16]byte{'m', 'u', 't', 'a', 'n', 't', 's'}

// remote is another cluster that a dialer sends to. It is guarded by the lock of the shelf.
type remote struct {
	q       *queue
	cluster [16]byte
	through map[uint64][][16]byte // of records of the queue that came through other clusters: their paths
}

// Bounds of what is sent (REAL-027).
const (
	largestRecord = 16 << 20
	partBytes     = mostPart - partHead
)

// replicateOp makes a link that of a remote, which is enabled and started from then on.
func replicateOp(_ context.Context, l *dialLink, args map[string]string) driver.Answer {
	name := args["remote"]
	if l.agreed.Protos[realtimeProto] != 1 || !l.delivers() {
		return overAs(outcome{by: "self", code: codec.CodeUnknownProto})
	}
	shelf := &l.p.shelf
	shelf.mu.Lock()
	if shelf.remotes == nil {
		shelf.remotes = map[string]*remote{}
	}
	r := shelf.remotes[name]
	if r == nil {
		r = &remote{q: &queue{p: l.p, name: name, proto: realtimeProto}, through: map[uint64][][16]byte{}}
		r.q.begin()
		shelf.remotes[name] = r
	}
	r.cluster = l.other.Cluster
	r.sift()
	shelf.mu.Unlock()
	r.q.attach(l.link)
	return driver.OK()
}

// sift drops what waits and came through the remote itself (REAL-017).
func (r *remote) sift() {
	q := r.q
	if q.p.has("sends-what-came-from-a-learned-cluster") {
		return
	}
	reason := uint32(codec.GapFiltered)
	if q.p.has("gives-up-what-came-from-a-learned-cluster-as-lost") {
		reason = codec.GapOverflow
	}
	for seq, path := range r.through {
		if seq > q.stable && slices.Contains(path, r.cluster) {
			one := q.at(seq)
			q.size -= len(one.data)
			*one = slot{gap: true, reason: reason}
		}
	}
}

// putOp writes an object.
func (d *dialer) putOp(args map[string]string) driver.Answer {
	key, err := hex.DecodeString(args["key"])
	value, err2 := hex.DecodeString(args["hex"])
	if text, ok := args["size"]; ok && err2 == nil {
		var n int
		n, err2 = strconv.Atoi(text)
		value = make([]byte, min(max(n, 0), largestObject*8))
	}
	if err != nil || err2 != nil {
		return driver.Brokenf("key, hex or size")
	}
	d.mu.Lock()
	p := d.p
	d.mu.Unlock()
	p.writeObject(string(key), value)
	return driver.OK()
}

// writeObject writes a value in the place of all siblings, and queues it for every remote.
func (p *peer) writeObject(key string, value []byte) {
	p.shelf.mu.Lock()
	defer p.shelf.mu.Unlock()
	p.shelf.writes++
	own, _ := p.object(key, object{})
	o := object{context: own.context}
	o.context[p.node] = p.shelf.writes
	o.siblings = []sibling{{dot: dot{p.node, p.shelf.writes}, value: value, size: uint32(len(value)), hash: sha256.Sum256(value)}}
	p.merge(key, o)
	if p.shelf.writes%3 == 0 && p.has("sends-two-writes-of-three") {
		return
	}
	p.spread(key, o, nil)
}

// spread queues an object for every remote that is to have it (REAL-001). The caller holds the lock of the shelf.
func (p *peer) spread(key string, o object, path [][16]byte) {
	sent := 0
	for _, r := range p.shelf.remotes {
		switch l := r.q.want; {
		case slices.Contains(path, r.cluster) && !p.has("sends-objects-back"),
			(l == nil || l.ctx.Err() != nil) && p.has("queues-nothing-without-a-link"),
			sent > 0 && p.has("sends-to-one-remote-alone"):
			continue
		}
		sent++
		r.queue(p.objectRecord(key, o, path), path)
		p.laterLocked(r.q.wake)
	}
}

// objectRecord makes an OBJECT.
func (p *peer) objectRecord(key string, o object, path [][16]byte) []byte {
	last := cluster
	if p.has("states-its-node-for-its-cluster") {
		last = p.node
	}
	through := append(slices.Clone(path), last)
	switch {
	case p.has("begins-every-path-anew"), len(through) > 16 && !p.has("adds-to-paths-of-sixteen"):
		through = through[len(through)-1:]
	case p.has("states-its-cluster-first"):
		slices.Reverse(through)
	}
	b := []byte{byte(codec.RealtimeKindObject), 0, byte(len(through)), byte(len(driver.SyncNamespace))}
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(key))), 0, 0)
	for _, id := range through {
		b = append(b, id[:]...)
	}
	return o.append(append(append(b, driver.SyncNamespace...), key...), true)
}

// queue gives an OBJECT to the queue: whole, or in PARTs. The caller holds the lock of the shelf.
func (r *remote) queue(b []byte, path [][16]byte) {
	put := func(one []byte) {
		if len(path) > 0 {
			r.through[r.q.next] = path
		}
		r.q.put(slot{data: one})
	}
	p, size := r.q.p, partBytes
	if len(b) <= largestRecord || p.has("sends-large-objects-whole") {
		put(b)
		return
	}
	if p.has("cuts-parts-of-2-mib") {
		size *= 2
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	total := uint64(len(b))
	var list [][]byte
	for at := 0; at < len(b); at += size {
		one := append([]byte{byte(codec.RealtimeKindPart), 0, 0, 0, 0, 0, 0, 0}, id[:]...)
		one = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(one, total), uint64(at))
		list = append(list, append(one, b[at:min(at+size, len(b))]...))
	}
	if p.has("mixes-the-parts-of-two-objects") {
		if waits := p.shelf.waits; waits == nil {
			p.shelf.waits = list
			return
		}
		for i := range max(len(list), len(p.shelf.waits)) {
			for _, parts := range [][][]byte{p.shelf.waits, list} {
				if i < len(parts) {
					put(parts[i])
				}
			}
		}
		p.shelf.waits = nil
		return
	}
	for _, one := range list {
		put(one)
	}
}
