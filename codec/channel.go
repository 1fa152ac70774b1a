package codec

import "slices"

// MaxSeq is the greatest number of a record: next, which is one more when every number was given, fits into the integers of the
// strict profile.
const MaxSeq = 1<<63 - 2

// Channel is the key channel of OPEN: what the sender of a channel says of it when it attaches it to a stream.
type Channel struct {
	ID      [16]byte
	Name    string  // which of its queues the sender means, at most 64 bytes
	Lineage Lineage // 1 to 8 entries, the newest last
	First   uint64  // number of the oldest record that the sender still has; Next where it has none
	Next    uint64  // the number that the next new record gets
	Stable  uint64  // greatest stable that the sender has seen; 0: none
}

// Lineage is the starts of a sender's process.
type Lineage []Epoch

// Epoch is one start of a sender's process. Two lineages with the same Epoch and Nonce had one history up to its end.
type Epoch struct {
	Epoch uint64 `json:"epoch,string"` // grows by one
	Nonce uint64 `json:"nonce,string"` // random, at most 2^63-1
	First uint64 `json:"first,string"` // first number that this process gives
}

// PositionState says what a receiver makes of a Channel.
type PositionState string

// The states. There is no other.
const (
	PositionKept     PositionState = "kept"     // the receiver goes on where it was
	PositionLost     PositionState = "lost"     // it has nothing of this channel
	PositionDiverged PositionState = "diverged" // the histories differ above the position
	PositionForeign  PositionState = "foreign"  // the id is known as another channel
)

// Position is the key channel of ACCEPT: where the receiver of a channel stands.
type Position struct {
	State  PositionState
	Stable uint64  // every number up to this one is applied or consumed; 0: none
	Dup    uint64  // records up to this one may have been applied before; 0: none
	Ranges []Range // what the receiver has above Stable: at most 64, ascending, with a gap between them
}

// channelReq is the rule about the form of channel.
const channelReq = "CHAN-004"

var keysChannel, keysPosition = innerKeys(keysOpen, "channel"), innerKeys(keysAccept, "channel")

// innerKeys gives the keys of a map inside a map. The registry has them: nil would let everything pass, and the vectors fail.
func innerKeys(keys []KeyInfo, name string) []KeyInfo {
	for i := range keys {
		if keys[i].Name == name {
			return keys[i].Keys
		}
	}
	return nil
}

func (c *Channel) size() int {
	n := 1 + len("?first") + uintSize(c.First) + len("?id") + binSize(len(c.ID)) + len("?lineage") + 1
	for _, e := range c.Lineage {
		n += 1 + uintSize(e.Epoch) + uintSize(e.Nonce) + uintSize(e.First)
	}
	return n + len("?name") + strSize(len(c.Name)) + len("?next") + uintSize(c.Next) + len("?stable") + uintSize(c.Stable)
}

func (c *Channel) append(b []byte) []byte {
	b = AppendUint(AppendStr(AppendMapHeader(b, 6), "first"), c.First)
	b = AppendBin(AppendStr(b, "id"), c.ID[:])
	b = AppendArrayHeader(AppendStr(b, "lineage"), len(c.Lineage))
	for _, e := range c.Lineage {
		b = AppendUint(AppendUint(AppendUint(AppendArrayHeader(b, 3), e.Epoch), e.Nonce), e.First)
	}
	b = AppendStr(AppendStr(b, "name"), c.Name)
	b = AppendUint(AppendStr(b, "next"), c.Next)
	return AppendUint(AppendStr(b, "stable"), c.Stable)
}

// Check tells what no sender of a channel says (CHAN-004). It allocates nothing on success.
func (c *Channel) Check() error { return c.check(HeaderSize) }

func (c *Channel) check(at int) error {
	if f := checkString(c.Name); f.req != "" {
		return f.at(at)
	}
	switch {
	case len(c.Name) > 64:
		return linkFault(CodeEncoding, channelReq, at, "name over 64 bytes")
	case len(c.Lineage) == 0 || len(c.Lineage) > MaxLineage:
		return linkFault(CodeEncoding, channelReq, at, "a lineage has 1 to 8 entries")
	case c.Next == 0 || c.Next > MaxSeq+1:
		return linkFault(CodeEncoding, channelReq, at, "next is 1 to 2^63-1")
	case c.First == 0 || c.First > c.Next:
		return linkFault(CodeEncoding, channelReq, at, "first is 1 to next")
	case c.Stable >= c.Next:
		return linkFault(CodeEncoding, channelReq, at, "stable is below next")
	}
	for i, e := range c.Lineage {
		switch {
		case e.Epoch == 0 || e.Epoch > MaxSeq+1 || e.Nonce > MaxSeq+1:
			return linkFault(CodeEncoding, channelReq, at, "epoch or nonce out of range")
		case e.First == 0 || e.First > c.Next:
			return linkFault(CodeEncoding, channelReq, at, "an entry of the lineage begins at 1 to next")
		case i > 0 && (e.Epoch != c.Lineage[i-1].Epoch+1 || e.First < c.Lineage[i-1].First):
			return linkFault(CodeEncoding, channelReq, at, "epochs grow by one, and first does not fall")
		}
	}
	return nil
}

// parseChannel reads the map under channel of an OPEN. v was validated with its body; base is where the body begins.
func parseChannel(v Value, base int) (*Channel, error) {
	if err := checkKeys(v, keysChannel, base, channelReq); err != nil {
		return nil, err
	}
	c := &Channel{}
	for it := v.Iter(); it.Next(); {
		switch string(it.Key()) {
		case "first":
			c.First, _ = it.Value().Uint()
		case "id":
			id, _ := it.Value().Bin()
			copy(c.ID[:], id)
		case "lineage":
			c.Lineage = lineageOf(it.Value())
		case "name":
			c.Name = strOf(it.Value())
		case "next":
			c.Next, _ = it.Value().Uint()
		case "stable":
			c.Stable, _ = it.Value().Uint()
		}
	}
	if err := c.check(base + v.Offset()); err != nil {
		return nil, err
	}
	return c, nil
}

// lineageOf reads what checkKeys has judged.
func lineageOf(v Value) Lineage {
	list := make(Lineage, 0, v.Len())
	for it := v.Iter(); it.Next(); {
		n := tuple(it.Value())
		list = append(list, Epoch{Epoch: n[0], Nonce: n[1], First: n[2]})
	}
	return list
}

// tuple reads an array of up to three uints.
func tuple(v Value) (n [3]uint64) {
	i := 0
	for it := v.Iter(); it.Next() && i < len(n); i++ {
		n[i], _ = it.Value().Uint()
	}
	return n
}

func (p *Position) size() int {
	n := 1 + len("?dup") + uintSize(p.Dup) + len("?stable") + uintSize(p.Stable) + len("?state") + strSize(len(p.State))
	if len(p.Ranges) == 0 {
		return n
	}
	n += len("?ranges") + 1
	if len(p.Ranges) > 15 {
		n += 2
	}
	for _, r := range p.Ranges {
		n += 1 + uintSize(r.First) + uintSize(r.Last)
	}
	return n
}

func (p *Position) append(b []byte) []byte {
	keys := 3
	if len(p.Ranges) > 0 {
		keys = 4
	}
	b = AppendUint(AppendStr(AppendMapHeader(b, keys), "dup"), p.Dup)
	if len(p.Ranges) > 0 {
		b = AppendArrayHeader(AppendStr(b, "ranges"), len(p.Ranges))
		for _, r := range p.Ranges {
			b = AppendUint(AppendUint(AppendArrayHeader(b, 2), r.First), r.Last)
		}
	}
	b = AppendUint(AppendStr(b, "stable"), p.Stable)
	return AppendStr(AppendStr(b, "state"), string(p.State))
}

// Check tells what no receiver of a channel says (CHAN-004). It allocates nothing on success.
func (p *Position) Check() error { return p.check(HeaderSize) }

func (p *Position) check(at int) error {
	switch {
	case !slices.Contains([]PositionState{PositionKept, PositionLost, PositionDiverged, PositionForeign}, p.State):
		return linkFault(CodeEncoding, channelReq, at, "state is kept, lost, diverged or foreign")
	case p.Stable > MaxSeq || p.Dup > MaxSeq:
		return linkFault(CodeEncoding, channelReq, at, "stable and dup are at most 2^63-2")
	case len(p.Ranges) > MaxRanges:
		return linkFault(CodeEncoding, channelReq, at, "more than 64 ranges")
	case p.State == PositionForeign && (p.Stable != 0 || p.Dup != 0 || len(p.Ranges) != 0):
		return linkFault(CodeEncoding, channelReq, at, "foreign says nothing else")
	}
	below := p.Stable
	for i, r := range p.Ranges {
		if !followsOn(below, r, i) {
			return linkFault(CodeEncoding, channelReq, at, "ranges are not above stable, ascending, with a gap between them")
		}
		below = r.Last
	}
	return nil
}

// parsePosition reads the map under channel of an ACCEPT, as parseChannel does that of an OPEN.
func parsePosition(v Value, base int) (*Position, error) {
	if err := checkKeys(v, keysPosition, base, channelReq); err != nil {
		return nil, err
	}
	p := &Position{}
	for it := v.Iter(); it.Next(); {
		switch string(it.Key()) {
		case "dup":
			p.Dup, _ = it.Value().Uint()
		case "ranges":
			p.Ranges = make([]Range, 0, it.Value().Len())
			for in := it.Value().Iter(); in.Next(); {
				n := tuple(in.Value())
				p.Ranges = append(p.Ranges, Range{First: n[0], Last: n[1]})
			}
		case "stable":
			p.Stable, _ = it.Value().Uint()
		case "state":
			p.State = PositionState(strOf(it.Value()))
		}
	}
	if err := p.check(base + v.Offset()); err != nil {
		return nil, err
	}
	return p, nil
}

// uintSize gives the bytes that AppendUint appends.
func uintSize(n uint64) int {
	switch {
	case n < 1<<7:
		return 1
	case n < 1<<8:
		return 2
	case n < 1<<16:
		return 3
	case n < 1<<32:
		return 5
	default:
		return 9
	}
}
